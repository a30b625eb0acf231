// SPDX-License-Identifier: Apache-2.0
// A whole program while memory runs out: each allocation fails in turn, once and for good. It says
// what it lacks and ends, or does without; nothing crashes, nothing leaks. (The C library, libyaml
// and usrsctp keep their own allocations.)
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <kith/app.h>
#include <kith/exchange.h>
#include <kith/naming.h>

#include "wrapped.h"

enum { TEXT_SIZE = 64, PATIENCE_MS = 10000 };

static struct scene {
    unsigned served, submitted, failures; // of what the last run did
    char heard[4096];                     // what it said
} scene;

static bool is_done(enum kith_error error)
{
    scene.failures += error != KITH_OK;
    return error == KITH_OK;
}

static void answer(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        scene.served++;
        if (message->waiting)
            (void)kith_reply(self, &message);
        kith_message_free(&message);
    }
}

static void note_submission(struct kith_node *node, void *argument)
{
    (void)node;
    ++*(unsigned *)argument;
}

static void call(struct kith_process *self, struct kith_ref to)
{
    struct kith_message *message = NULL;
    if (is_done(kith_message_new(kith_process_node(self), 1, 2000, &message)))
        (void)is_done(kith_call(self, to, &message, kith_deadline_ms(self, PATIENCE_MS)));
    kith_message_free(&message);
}

// By the name of the host, so that it is looked up.
static void call_by_address(struct kith_process *self)
{
    char text[TEXT_SIZE];
    struct kith_ref ref;
    struct kith_endpoint endpoint = kith_net_endpoint(kith_app_net(kith_process_node(self)));
    snprintf(text, sizeof(text), "localhost:%u/answer/0", endpoint.port);
    if (is_done(kith_lookup(self, text, kith_deadline_ms(self, PATIENCE_MS), &ref)))
        call(self, ref);
}

static enum kith_error start(struct kith_process *self, void *state)
{
    static const struct kith_app_process more = {.label = "more", .entry = answer};
    struct kith_node *node = kith_process_node(self);
    struct kith_ref ref;
    (void)state;
    assert_int_equal(kith_setting_number(node, "answers"), 2);
    assert_string_equal(kith_setting_text(node, "peers"), "127.0.0.1:1,127.0.0.1:2");
    (void)is_done(kith_app_submit(node, note_submission, &scene.submitted));
    if (is_done(kith_app_spawn(node, &more, &ref)))
        call(self, ref);
    if (is_done(kith_wait_name(self, "answer/1", kith_deadline_ms(self, PATIENCE_MS), &ref)))
        call_by_address(self);
    kith_app_stop(node, KITH_EXIT_OK);
    return KITH_OK;
}

static int run_program(void)
{
    static const struct kith_app app = {
        .program = "scarce",
        .settings = {{.key = "answers", .type = KITH_SETTING_NUMBER, .initial = "2", .help = "-"}},
        .processes = {{.name = "answer", .entry = answer, .instances = "answers", .restart = true}},
        .start = start,
    };
    char *arguments[] = {(char[]){"scarce"},
                         (char[]){"--listen=127.0.0.1:0"},
                         (char[]){"--peers=127.0.0.1:1"},
                         (char[]){"--peers=127.0.0.1:2"},
                         (char[]){"--processes=40"},
                         (char[]){"--names=64"},
                         (char[]){"--links=2"},
                         (char[]){"--log-level=error"},
                         NULL};
    return kith_app_run(sizeof(arguments) / sizeof(arguments[0]) - 1, arguments, &app);
}

// What is said on standard error meanwhile is kept in scene.heard.
static int run_heard(void)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    int code = run_program();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    scene.heard[fread(scene.heard, 1, sizeof(scene.heard) - 1, file)] = 0;
    fclose(file);
    return code;
}

static void run_scarce(void *argument)
{
    (void)argument;
    scene = (struct scene){.served = 0};
    int code = run_heard();
    if (!wrapped_has_failed()) {
        assert_int_equal(code, KITH_EXIT_OK);
        assert_string_equal(scene.heard, "");
        assert_int_equal(scene.failures, 0);
        assert_int_equal(scene.served, 2);
        assert_int_equal(scene.submitted, 1);
    } else if (code != KITH_EXIT_OK) {
        assert_non_null(strstr(scene.heard, "memory"));
    }
}

static void a_program_without_memory_says_so_and_ends(void **state)
{
    (void)state;
    wrapped_run(run_scarce, NULL);
}

int main(void)
{
    clearenv(); // settings of whoever runs the tests are none of the program's
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_without_memory_says_so_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
