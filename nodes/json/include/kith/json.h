// SPDX-License-Identifier: Apache-2.0
// Protobuf messages as JSON and back, for any message whose descriptor is known.
//
// Fields have their names in the .proto file. Enumerations are names, bytes are base64 (RFC 4648,
// section 4), 64-bit numbers beyond 2^53 are strings, since many readers of JSON can't hold them;
// numbers that aren't finite are "NaN", "Infinity" and "-Infinity". Read are also: numbers for
// enumerations, strings for any number, and null for a field that isn't there.
#ifndef KITH_JSON_H
#define KITH_JSON_H

#include <stddef.h>

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include <kith/error.h>

#define KITH_JSON_DEPTH        16 // messages within messages, the outermost included
#define KITH_JSON_PROBLEM_SIZE 320

// Why something can't be read, as the middle of an error line.
struct kith_json_problem {
    char text[KITH_JSON_PROBLEM_SIZE];
};

// Memory for what is read; it lives as long as its owner says. NULL: there is none.
struct kith_json_memory {
    void *(*allocate)(void *state, size_t size);
    void *state;
};

// Gives a new reference to a JSON object with all fields of the message: single numbers, texts and
// lists even if empty, messages, optional fields and oneofs only if they are there. Errors:
// NO_MEMORY, LIMIT (too deep).
enum kith_error kith_json_from_message(const ProtobufCMessage *message, json_t **json);

// Fills *message, an initialised struct of its descriptor, from a JSON object. Its parts come from
// `memory`. Errors: INVALID (`problem` says which field and what was expected), NO_MEMORY, LIMIT.
enum kith_error kith_json_to_message(const json_t *json, const struct kith_json_memory *memory,
                                     ProtobufCMessage *message, struct kith_json_problem *problem);

// Parses a text that is one JSON value. The caller owns *json. Errors: INVALID (`problem` says
// where and why), NO_MEMORY.
enum kith_error kith_json_parse(const char *text, size_t size, json_t **json,
                                struct kith_json_problem *problem);

// What a field takes, for people: "string", "list of uint32", "Wordcount.Text".
void kith_json_field_type(const ProtobufCFieldDescriptor *field, char *text, size_t size);

#endif
