// SPDX-License-Identifier: Apache-2.0
// A counter: a process that serves the Counter service. It doesn't know where its messages come
// from.
#include "counter.h"

#include <kith/kith.h>

#include "tally.h"
#include "wordcount.pb-c.h"

struct counter {
    uint64_t job;
    struct tally tally;
};

static enum kith_error add(struct kith_serving *serving, const void *request, void *reply)
{
    struct counter *counter = serving->state;
    const Wordcount__Words *words = request;
    (void)reply;
    if (words->job != counter->job) {
        tally_clear(&counter->tally);
        counter->job = words->job;
    }
    for (size_t place = 0; place < words->n_words; place++) {
        if (!tally_add(&counter->tally, words->words[place], 1)) {
            return KITH_ERROR_NO_MEMORY;
        }
    }
    return KITH_OK;
}

static enum kith_error top(struct kith_serving *serving, const void *request, void *reply)
{
    struct counter *counter = serving->state;
    const Wordcount__TopRequest *wanted = request;
    Wordcount__TopReply *answer = reply;
    if (wanted->job != 0 && wanted->job != counter->job) {
        return KITH_OK; // not one word of that job came here
    }
    tally_sort(&counter->tally);
    size_t len = counter->tally.len;
    if (wanted->limit != 0 && wanted->limit < len) {
        len = wanted->limit;
    }
    answer->words = counter->tally.words;
    answer->counts = kith_message_allocate(*serving->message, len * sizeof answer->counts[0]);
    for (size_t place = 0; answer->counts != NULL && place < len; place++) {
        Wordcount__Count *count =
            kith_message_part(*serving->message, &wordcount__count__descriptor);
        if (count == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        count->word = kith_message_text(*serving->message, counter->tally.rows[place]->word);
        if (count->word == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        count->count = counter->tally.rows[place]->count;
        answer->counts[answer->n_counts++] = count;
    }
    return answer->counts == NULL && len > 0 ? KITH_ERROR_NO_MEMORY : KITH_OK;
}

static const struct kith_handler handlers[] = {{"Add", add}, {"Top", top}, {NULL, NULL}};

void run_counter(struct kith_process *self, void *argument)
{
    (void)argument;
    struct counter counter = {0};
    struct kith_server server = {
        .service = &wordcount__counter__descriptor, .handlers = handlers, .state = &counter};
    kith_serve(self, &server);
    tally_clear(&counter.tally);
}
