// SPDX-License-Identifier: Apache-2.0
// Processes that are started again when they end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kith/app.h>
#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/naming.h>

enum { MS = 1000000 };

static struct scene {
    unsigned frail, sound, done;
    uint64_t started_ns[8];
    bool found, tied;
} scene;

// Who ties itself to a process can end it, and nothing would be started again any more.
static bool can_tie_supervisor(struct kith_process *self)
{
    struct kith_node *node = kith_process_node(self);
    struct kith_process_info info;
    for (uint32_t slot = 0; slot < kith_process_slots(node); slot++) {
        if (kith_process_info(node, slot, &info) == KITH_OK &&
            strcmp(info.label, "supervisor") == 0)
            return kith_tie(self, info.ref) != KITH_ERROR_DENIED;
    }
    return true; // it isn't even there
}

// Fails four times, and then tells who waits for it to look for its name.
static void be_frail(struct kith_process *self, void *argument)
{
    struct kith_ref ref;
    (void)argument;
    scene.started_ns[scene.frail++] = kith_now(self);
    if (scene.frail < 5)
        kith_exit(self, KITH_ERROR_INVALID);
    scene.found = kith_lookup(self, "frail/0", kith_deadline_ms(self, 1000), &ref) == KITH_OK &&
                  kith_ref_equal(ref, kith_self(self));
    scene.tied = can_tie_supervisor(self);
    kith_app_stop(kith_process_node(self), KITH_EXIT_OK);
}

static void be_sound(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    scene.sound++;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK)
        kith_message_free(&message);
}

static void be_done(struct kith_process *self, void *argument)
{
    (void)self, (void)argument;
    scene.done++;
}

static void who_fails_is_started_again_and_who_is_done_is_not(void **state)
{
    (void)state;
    static const struct kith_app app = {
        .program = "supervise",
        .settings = {{.key = "sounds", .type = KITH_SETTING_NUMBER, .initial = "2", .help = "-"}},
        .processes = {{.name = "frail", .entry = be_frail, .restart = true},
                      {.name = "sound", .entry = be_sound, .instances = "sounds", .restart = true},
                      {.label = "done", .entry = be_done, .restart = true}},
    };
    char program[] = "supervise", listen[] = "--listen=127.0.0.1:0", level[] = "--log-level=error";
    char *arguments[] = {program, listen, level, NULL};
    assert_int_equal(kith_app_run(3, arguments, &app), KITH_EXIT_OK);
    assert_int_equal(scene.frail, 5);
    assert_int_equal(scene.sound, 2);
    assert_int_equal(scene.done, 1);
    assert_false(scene.tied);
    assert_true(scene.found); // by the name of those before it
    assert_true(scene.started_ns[2] - scene.started_ns[1] >= 100 * (uint64_t)MS);
    assert_true(scene.started_ns[3] - scene.started_ns[2] >= 200 * (uint64_t)MS);
}

static enum kith_error exit_at_once(struct kith_process *self, void *argument)
{
    (void)argument;
    kith_exit(self, KITH_ERROR_IO);
}

static void a_start_that_does_not_return_ends_the_program(void **state)
{
    (void)state;
    static const struct kith_app app = {.program = "supervise", .start = exit_at_once};
    char program[] = "supervise", listen[] = "--listen=127.0.0.1:0", level[] = "--log-level=error";
    char *arguments[] = {program, listen, level, NULL};
    assert_int_equal(kith_app_run(3, arguments, &app), KITH_EXIT_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_fails_is_started_again_and_who_is_done_is_not),
        cmocka_unit_test(a_start_that_does_not_return_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
