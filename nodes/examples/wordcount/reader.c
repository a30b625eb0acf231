// SPDX-License-Identifier: Apache-2.0
// The reader: finds the counters, wherever they are, and sends each word to the counter that its
// hash says. When it asks for the result, all words have been counted: messages from one process to
// another arrive in order.
#include "reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kith/kith.h>

#include "tally.h"
#include "wordcount.pb-c.h"

enum {
    COUNTERS = 64,       // used at most
    WORDS = 512,         // in one message
    WORD_SIZE = 64,      // longer ones are cut
    PATIENCE_MS = 30000, // for counters to appear and to answer
};

struct reader {
    struct kith_process *self;
    struct kith_method add, top;
    struct kith_name_entry counters[COUNTERS];
    struct kith_message *batches[COUNTERS]; // being filled
    size_t len;
    uint64_t job;
};

// Waits until `wanted` counters are known.
static enum kith_error find_counters(struct reader *reader, size_t wanted)
{
    struct kith_process *self = reader->self;
    uint64_t deadline_ns = kith_deadline_ms(self, PATIENCE_MS);
    for (;;) {
        size_t found;
        enum kith_error error =
            kith_find(self, "counter/*", deadline_ns, reader->counters, COUNTERS, &found);
        if (error != KITH_OK) {
            return error;
        }
        reader->len = found < COUNTERS ? found : COUNTERS;
        if (reader->len >= wanted) {
            return KITH_OK;
        }
        if (kith_now(self) >= deadline_ns) {
            return KITH_ERROR_TIMEOUT;
        }
        error = kith_sleep_until(self, kith_deadline_ms(self, 50));
        if (error != KITH_OK) {
            return error;
        }
    }
}

static enum kith_error begin_batch(struct reader *reader, struct kith_message **batch)
{
    enum kith_error error = kith_method_new(kith_process_node(reader->self), &reader->add, batch);
    if (error != KITH_OK) {
        return error;
    }
    Wordcount__Words *words = (*batch)->data;
    words->job = reader->job;
    words->words = kith_message_allocate(*batch, WORDS * sizeof words->words[0]);
    return words->words == NULL ? KITH_ERROR_NO_MEMORY : KITH_OK;
}

static enum kith_error send_batch(struct reader *reader, size_t counter)
{
    // Waits when the counter is behind: a slow one slows the reading down, it isn't flooded.
    return kith_send(reader->self, reader->counters[counter].ref, &reader->batches[counter],
                     kith_deadline_ms(reader->self, PATIENCE_MS));
}

static enum kith_error count_word(struct reader *reader, const char *word)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (const char *c = word; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    size_t counter = hash % reader->len;
    struct kith_message **batch = &reader->batches[counter];
    enum kith_error error = *batch == NULL ? begin_batch(reader, batch) : KITH_OK;
    if (error != KITH_OK) {
        return error;
    }
    Wordcount__Words *words = (*batch)->data;
    words->words[words->n_words] = kith_message_text(*batch, word);
    if (words->words[words->n_words] == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    return ++words->n_words == WORDS ? send_batch(reader, counter) : KITH_OK;
}

// A word is a run of letters; case doesn't matter.
static enum kith_error read_file(struct reader *reader, FILE *file)
{
    char word[WORD_SIZE];
    size_t size = 0;
    enum kith_error error = KITH_OK;
    for (int c = 0; c != EOF && error == KITH_OK;) {
        c = getc(file);
        if (c != EOF && isalpha(c)) {
            if (size < sizeof word - 1) {
                word[size++] = (char)tolower(c);
            }
        } else if (size > 0) {
            word[size] = '\0';
            size = 0;
            error = count_word(reader, word);
        }
    }
    return error;
}

static enum kith_error read_files(struct reader *reader, const char *paths)
{
    char path[4096];
    enum kith_error error = KITH_OK;
    while (*paths != '\0' && error == KITH_OK) {
        size_t size = strcspn(paths, ",");
        snprintf(path, sizeof path, "%.*s", (int)size, paths);
        paths += size + (paths[size] == ',');
        FILE *file = fopen(path, "r");
        if (file == NULL) {
            fprintf(stderr, "wordcount: cannot read %s: no such file, or no permission\n", path);
            return KITH_ERROR_NOT_FOUND;
        }
        error = read_file(reader, file);
        fclose(file);
    }
    for (size_t counter = 0; counter < reader->len && error == KITH_OK; counter++) {
        if (reader->batches[counter] != NULL) {
            error = send_batch(reader, counter);
        }
    }
    return error;
}

static enum kith_error ask_counter(struct reader *reader, struct kith_ref counter, uint32_t limit,
                                   struct tally *result)
{
    struct kith_process *self = reader->self;
    struct kith_message *message;
    enum kith_error error = kith_method_new(kith_process_node(self), &reader->top, &message);
    if (error != KITH_OK) {
        return error;
    }
    Wordcount__TopRequest *wanted = message->data;
    wanted->job = reader->job;
    wanted->limit = limit;
    error = kith_method_call(self, counter, &reader->top, &message,
                             kith_deadline_ms(self, PATIENCE_MS));
    if (error != KITH_OK) {
        return error;
    }
    const Wordcount__TopReply *answer = message->data;
    for (size_t place = 0; place < answer->n_counts && error == KITH_OK; place++) {
        const Wordcount__Count *count = answer->counts[place];
        error = tally_add(result, count->word, count->count) ? KITH_OK : KITH_ERROR_NO_MEMORY;
    }
    kith_message_free(&message);
    return error;
}

static enum kith_error print_result(struct reader *reader, uint32_t limit)
{
    struct tally result = {0};
    enum kith_error error = KITH_OK;
    for (size_t counter = 0; counter < reader->len && error == KITH_OK; counter++) {
        error = ask_counter(reader, reader->counters[counter].ref, limit, &result);
    }
    tally_sort(&result);
    for (size_t place = 0; place < result.len && error == KITH_OK; place++) {
        if (limit != 0 && place == limit) {
            break;
        }
        printf("%7llu %s\n", (unsigned long long)result.rows[place]->count,
               result.rows[place]->word);
    }
    fflush(stdout);
    tally_clear(&result);
    return error;
}

// Says which counters end, until the program is told to stop.
static void watch_counters(struct reader *reader)
{
    struct kith_message *message;
    for (size_t counter = 0; counter < reader->len; counter++) {
        kith_monitor_start(reader->self, reader->counters[counter].ref, NULL);
    }
    while (kith_receive(reader->self, &message, KITH_FOREVER) == KITH_OK) {
        const struct kith_down *down = message->data;
        for (size_t counter = 0; message->type == KITH_TYPE_DOWN && counter < reader->len;
             counter++) {
            const struct kith_name_entry *entry = &reader->counters[counter];
            if (kith_ref_equal(entry->ref, down->process)) {
                printf("monitor: counter/%u on node %s has ended: %s\n", entry->index,
                       entry->node_name, kith_error_text((enum kith_error)down->reason));
                fflush(stdout);
            }
        }
        kith_message_free(&message);
    }
}

static enum kith_error count_words(struct reader *reader)
{
    struct kith_node *node = kith_process_node(reader->self);
    const ProtobufCServiceDescriptor *service = &wordcount__counter__descriptor;
    enum kith_error error = kith_method_find(node, service, "Add", &reader->add);
    if (error == KITH_OK) {
        error = kith_method_find(node, service, "Top", &reader->top);
    }
    if (error == KITH_OK) {
        error = find_counters(reader, kith_setting_number(node, "wait_for"));
    }
    if (error == KITH_OK) {
        error = read_files(reader, kith_setting_text(node, "text"));
    }
    if (error == KITH_OK) {
        error = print_result(reader, (uint32_t)kith_setting_number(node, "top"));
    }
    return error;
}

void run_reader(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_node *node = kith_process_node(self);
    struct reader *reader = calloc(1, sizeof *reader); // too large for a stack
    enum kith_error error = KITH_ERROR_NO_MEMORY;
    if (reader != NULL) {
        reader->self = self;
        reader->job = kith_node_incarnation(node); // a new one for each run
        error = count_words(reader);
    }
    if (error == KITH_OK && kith_setting_number(node, "stay") != 0) {
        watch_counters(reader);
    }
    free(reader);
    if (error == KITH_ERROR_TIMEOUT) {
        fprintf(stderr, "wordcount: counters are missing or don't answer: start some with "
                        "--counters, and see that --peers names their nodes\n");
    } else if (error != KITH_OK) {
        fprintf(stderr, "wordcount: %s: start again\n", kith_error_text(error));
    }
    kith_app_stop(node, error == KITH_OK ? KITH_EXIT_OK : KITH_EXIT_FAILURE);
}
