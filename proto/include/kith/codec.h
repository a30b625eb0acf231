// SPDX-License-Identifier: Apache-2.0
// Typed payloads: protobuf-c structs in a message's arena, to and from bytes. Services are known to
// a node once registered; what isn't known is refused, never guessed at.
#ifndef KITH_CODEC_H
#define KITH_CODEC_H

#include <protobuf-c/protobuf-c.h>

#include <kith/message.h>
#include <kith/node.h>

#define KITH_DECODE_DEPTH     16 // messages within messages, the outermost included
#define KITH_DECODE_EXPANSION 4  // a decoded payload takes at most so many times the message_size

// Forgets all services and frees what the codec holds of the node. Before kith_node_close.
void kith_codec_close(struct kith_node *node);

// The signature of a service: the upper 56 bits of its messages' types, from its full protobuf name
// (docs/wire.md says how). Never below 256.
uint64_t kith_service_signature(const char *full_name);

// The type of a service's method by its number, its place in the .proto file from 0 on.
uint64_t kith_service_type(const ProtobufCServiceDescriptor *service, unsigned method);

// Makes a service known to the node: its messages are decoded on arrival. Borrows the descriptor
// for the node's life: there is no way back before kith_codec_close, since messages, wherever they
// are, refer to it. Registering it again is OK. Errors: EXISTS (another service with that
// signature), LIMIT (more than 256 methods or services), NO_MEMORY.
enum kith_error kith_service_register(struct kith_node *node,
                                      const ProtobufCServiceDescriptor *service);

// The service with that signature, or NULL. By place for listings: 0 to count - 1.
const ProtobufCServiceDescriptor *kith_service_find(const struct kith_node *node,
                                                    uint64_t signature);
const ProtobufCServiceDescriptor *kith_service_at(const struct kith_node *node, uint32_t place);
uint32_t kith_service_count(const struct kith_node *node);

// The method of a type, "Service.Method" for people; false if unknown.
const ProtobufCMethodDescriptor *kith_service_method(const struct kith_node *node, uint64_t type);

// Gives a message of `type` whose data is a struct of `descriptor`, initialised, in the arena. Set
// its fields; strings and sub-messages come from kith_message_allocate or kith_message_text.
enum kith_error kith_message_new_typed(struct kith_node *node, uint64_t type,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       struct kith_message **message);

// Gives an initialised struct of `descriptor` in the message's arena, as its payload
// (kith_message_set_typed: to reply) or as a part of it. NULL when there is no memory.
void *kith_message_set_typed(struct kith_message *message,
                             const ProtobufCMessageDescriptor *descriptor);
void *kith_message_part(struct kith_message *message, const ProtobufCMessageDescriptor *descriptor);
char *kith_message_text(struct kith_message *message, const char *text);

// Makes `part` an empty struct of `descriptor`, wherever it is. Unlike protobuf_c_message_init it
// takes descriptors that were built at run time (kith/describe.h), too.
void kith_part_init(const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage *part);

// Bytes that a value of that type takes in a struct: one field, or one element of a repeated one.
size_t kith_value_size(ProtobufCType type);

// The payload if it is of that kind, else NULL: the check that every receiver makes.
const void *kith_message_typed(const struct kith_message *message,
                               const ProtobufCMessageDescriptor *descriptor);

// Whether a typed payload can be written: no text is missing in a list, no data where there is a
// size. Always true of plain ones.
bool kith_payload_is_whole(const struct kith_message *message);

// Bytes of the payload, which is whole, on the wire, and the writing of them (`out` has that many).
size_t kith_payload_size(const struct kith_message *message);
void kith_payload_encode(const struct kith_message *message, void *out);

// Fills the payload of *message from bytes: typed if the service is known, plain for signatures 0
// and 1. Type, done and error of *message are set (returned_type where it is a KITH_TYPE_RETURNED).
// To be called for 0 bytes too, which are a struct of defaults, or no payload where a reply has an
// error. Depth and memory are bounded; time grows with `size` alone. Takes about 1 KB of stack for
// each message nested in another. Errors: UNSUPPORTED, INVALID, TOO_LARGE, LIMIT, NO_MEMORY; the
// payload is then empty.
enum kith_error kith_payload_decode(const struct kith_node *node, struct kith_message *message,
                                    const void *data, size_t size);

#endif
