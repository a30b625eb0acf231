// SPDX-License-Identifier: Apache-2.0
// A configuration, its problems, and a folder for files, for one test.
#ifndef TEST_CONFIG_FIXTURE_H
#define TEST_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "settings.h"

struct fixture {
    struct kithi_config config;
    struct kithi_problems problems;
    char path[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    kithi_config_init(&fixture->config, NULL, 0, &fixture->problems);
    strcpy(fixture->path, "/tmp/kith-test-XXXXXX");
    int file = mkstemp(fixture->path);
    close(file);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    kithi_config_fini(&fixture->config);
    free(fixture);
    return 0;
}

// Exactly one problem, with that text.
static inline void expect_problem(struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture->problems.kept, 1);
    assert_string_equal(fixture->problems.texts[0], text);
    fixture->problems = (struct kithi_problems){.kept = 0};
}

static inline void expect_no_problem(struct fixture *fixture)
{
    if (fixture->problems.kept > 0)
        assert_string_equal(fixture->problems.texts[0], "(no problem)");
}

#define cmocka_fixture_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
