// SPDX-License-Identifier: Apache-2.0
// JSON while memory runs out: each allocation fails in turn, jansson's included. What can't be
// done ends with NO_MEMORY, and nothing leaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/json.h>

#include "arena.h"
#include "sample.pb-c.h"
#include "wrapped.h"

static const char text[] =
    "{\"i32\":-1,\"u64\":\"18446744073709551615\",\"single\":\"NaN\",\"text\":\"h\\u00e9\","
    "\"data\":\"AAEC/w==\",\"colour\":\"DARK_BLUE\",\"part\":{\"name\":\"x\"},\"numbers\":[1,2],"
    "\"texts\":[\"a\",\"\"],\"parts\":[{\"name\":\"y\"},{}],\"blobs\":[\"AAEC\"],"
    "\"larges\":[\"9007199254740993\"]}";

static bool is_done(enum kith_error error)
{
    if (error != KITH_OK) {
        assert_int_equal(error, KITH_ERROR_NO_MEMORY);
        assert_true(wrapped_has_failed());
    }
    return error == KITH_OK;
}

// jansson takes a word that it had no memory for as a word that is wrong.
static bool parse(json_t **json)
{
    struct kith_json_problem problem;
    enum kith_error error = kith_json_parse(text, sizeof text - 1, json, &problem);
    if (error == KITH_ERROR_INVALID) {
        assert_true(wrapped_has_failed() && problem.text[0] != '\0');
        return false;
    }
    return is_done(error);
}

static void read_and_write(void *argument)
{
    struct arena *arena = argument;
    const struct kith_json_memory memory = {arena_allocate, arena};
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    struct kith_json_problem problem;
    json_t *json, *again;
    if (!parse(&json)) {
        return;
    }
    if (is_done(kith_json_to_message(json, &memory, &message.base, &problem))) {
        assert_int_equal(message.n_parts, 2);
        if (is_done(kith_json_from_message(&message.base, &again))) {
            assert_int_equal(json_array_size(json_object_get(again, "texts")), 2);
            json_decref(again);
        }
    }
    json_decref(json);
    arena_free(arena);
}

static void json_is_read_and_written_or_there_is_no_memory(void **state)
{
    (void)state;
    static struct arena arena;
    json_set_alloc_funcs(wrapped_malloc, wrapped_free);
    wrapped_run(read_and_write, &arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_read_and_written_or_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
