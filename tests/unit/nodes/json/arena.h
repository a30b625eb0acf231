// SPDX-License-Identifier: Apache-2.0
// Memory for one message, freed in one step.
#ifndef TEST_JSON_ARENA_H
#define TEST_JSON_ARENA_H

#include <stdlib.h>
#include <string.h>

#include <kith/json.h>

struct arena {
    void *parts[1000];
    size_t count, limit; // of allocations; 0: no limit
};

static void *arena_allocate(void *state, size_t size)
{
    struct arena *arena = state;
    if (arena->limit != 0 && arena->count == arena->limit)
        return NULL;
    return arena->parts[arena->count++] = malloc(size);
}

static void arena_free(struct arena *arena)
{
    while (arena->count > 0)
        free(arena->parts[--arena->count]);
}

// Reads JSON text into `message`.
static inline enum kith_error read_text(struct arena *arena, const char *text,
                                        ProtobufCMessage *message,
                                        struct kith_json_problem *problem)
{
    const struct kith_json_memory memory = {arena_allocate, arena};
    json_t *json;
    enum kith_error error = kith_json_parse(text, strlen(text), &json, problem);
    if (error != KITH_OK)
        return error;
    error = kith_json_to_message(json, &memory, message, problem);
    json_decref(json);
    return error;
}

#endif
