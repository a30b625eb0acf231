// SPDX-License-Identifier: Apache-2.0
// What other threads submit to a program, from its start to its end.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kith/app.h>
#include <kith/exchange.h>

enum { THREADS = 4, EACH = 5000, ALL = THREADS * EACH };

struct scene {
    struct kith_node *node;
    struct kith_ref counter;
    pthread_t threads[THREADS];
    unsigned received, late;
    unsigned received_of[THREADS]; // number of the last
    bool in_order;
    enum kith_error last;
};

struct word {
    struct scene *scene;
    unsigned thread, number;
};

static struct scene scene;

static void post_word(struct kith_node *node, void *argument)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(node, 7, sizeof(struct word), &message), KITH_OK);
    *(struct word *)message->data = *(const struct word *)argument;
    free(argument);
    if (kith_post(node, scene.counter, &message) != KITH_OK)
        scene.late++;
    kith_message_free(&message);
}

static enum kith_error submit(unsigned thread, unsigned number)
{
    struct word *word = malloc(sizeof(*word));
    *word = (struct word){.thread = thread, .number = number};
    enum kith_error error = kith_app_submit(scene.node, post_word, word);
    if (error != KITH_OK)
        free(word);
    return error;
}

static void *submit_many(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    for (unsigned number = 1; number <= EACH; number++) {
        if (submit(thread, number) != KITH_OK)
            abort();
    }
    return NULL;
}

static void count(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (scene.received < ALL && kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        const struct word *word = message->data;
        scene.in_order = scene.in_order && word->number == ++scene.received_of[word->thread];
        scene.received++;
        kith_message_free(&message);
    }
    kith_app_stop(kith_process_node(self), KITH_EXIT_OK);
}

static enum kith_error start(struct kith_process *self, void *state)
{
    (void)state;
    scene.node = kith_process_node(self);
    struct kith_spawn_options options = {
        .label = "counter", .entry = count, .mailbox_messages = ALL};
    assert_int_equal(kith_spawn(scene.node, &options, &scene.counter), KITH_OK);
    for (uintptr_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(pthread_create(&scene.threads[thread], NULL, submit_many, (void *)thread),
                         0);
    return KITH_OK;
}

static void end(struct kith_node *node, void *state)
{
    (void)node, (void)state;
    for (unsigned thread = 0; thread < THREADS; thread++)
        pthread_join(scene.threads[thread], NULL);
    scene.last = submit(0, EACH + 1); // nobody is there any longer to get it
}

static void what_threads_submit_arrives_in_their_order_and_wakes_an_idle_node(void **state)
{
    (void)state;
    static const struct kith_app app = {.program = "submit", .start = start, .end = end};
    char program[] = "submit", listen[] = "--listen=127.0.0.1:0", level[] = "--log-level=warning";
    char *arguments[] = {program, listen, level, NULL};
    scene.in_order = true;
    assert_int_equal(kith_app_run(3, arguments, &app), KITH_EXIT_OK);
    assert_int_equal(scene.received, ALL);
    assert_true(scene.in_order);
    assert_int_equal(scene.last, KITH_ERROR_LEFT);
    assert_int_equal(scene.late, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_threads_submit_arrives_in_their_order_and_wakes_an_idle_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
