// SPDX-License-Identifier: Apache-2.0
// kith proc ls, kith proc info.
#include <stdlib.h>
#include <string.h>

#include <kith/quantity.h>
#include <kith/suggest.h>

#include "handlers.h"
#include "names.h"
#include "node.pb-c.h"
#include "options.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define LIMIT           1000
#define LIMIT_MAX       1000000
#define NAMES_SIZE      128 // of the names of one process that are shown

// A process, and the names it is registered under.
struct entry {
    Kith__NodeProcess process; // label and state are copies
    char names[NAMES_SIZE];
};

struct list {
    struct entry *entries;
    size_t count, capacity, limit;
};

static bool keep_process(struct list *list, const Kith__NodeProcess *process)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        struct entry *entries = realloc(list->entries, capacity * sizeof(*entries));
        if (entries == NULL)
            return false;
        list->entries = entries;
        list->capacity = capacity;
    }
    struct entry *entry = &list->entries[list->count++];
    *entry = (struct entry){.process = *process};
    entry->process.label = strdup(process->label);
    entry->process.state = strdup(process->state);
    return entry->process.label != NULL && entry->process.state != NULL;
}

static void free_list(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].process.label);
        free(list->entries[i].process.state);
    }
    free(list->entries);
}

static enum kith_error read_page(struct kithi_session *session, struct kith_ref node,
                                 struct list *list, uint32_t *place)
{
    struct kith_message *message;
    enum kith_error error =
        kithi_ask_begin(session, &kith__node__descriptor, "Processes", &message);
    if (error != KITH_OK)
        return error;
    ((Kith__NodePageWanted *)message->data)->place = *place;
    error = kithi_ask(session, node, &message);
    if (error != KITH_OK)
        return error;
    const Kith__NodeProcesses *page = message->data;
    for (size_t i = 0; i < page->n_processes && error == KITH_OK && list->count < list->limit; i++)
        error = keep_process(list, page->processes[i]) ? KITH_OK : KITH_ERROR_NO_MEMORY;
    *place = page->next;
    kith_message_free(&message);
    return error;
}

static enum kith_error read_processes(struct kithi_session *session, struct kith_ref node,
                                      struct list *list)
{
    uint32_t place = 0;
    do {
        enum kith_error error = read_page(session, node, list, &place);
        if (error != KITH_OK)
            return error;
        if (session->progress && place != 0)
            fprintf(stderr, "\rkith: %zu processes", list->count);
    } while (place != 0 && list->count < list->limit);
    return KITH_OK;
}

static int compare_slots(const void *a, const void *b)
{
    uint32_t left = ((const struct entry *)a)->process.slot;
    uint32_t right = ((const struct entry *)b)->process.slot;
    return (left > right) - (left < right);
}

// The list is in the order of slots, as it came.
static void add_name(void *state, const Kith__NamingEntry *name)
{
    struct list *list = state;
    struct entry wanted = {.process = {.slot = name->ref->slot}};
    if (list->count == 0)
        return;
    struct entry *entry =
        bsearch(&wanted, list->entries, list->count, sizeof(wanted), compare_slots);
    if (entry == NULL || entry->process.generation != name->ref->generation)
        return;
    size_t used = strlen(entry->names);
    snprintf(entry->names + used, NAMES_SIZE - used, "%s%s/%u", used > 0 ? " " : "", name->name,
             name->index);
}

// ---- Sorting: the largest first. ----

static uint64_t key_cpu(const struct entry *entry)
{
    return entry->process.cpu_ns;
}

static uint64_t key_mailbox(const struct entry *entry)
{
    return entry->process.mailbox;
}

static uint64_t key_stack(const struct entry *entry)
{
    return entry->process.stack_used;
}

static uint64_t key_messages(const struct entry *entry)
{
    return entry->process.sent + entry->process.received;
}

#define COMPARE(name)                                                                              \
    static int compare_##name(const void *a, const void *b)                                        \
    {                                                                                              \
        uint64_t left = key_##name(a), right = key_##name(b);                                      \
        return left != right ? (left < right) - (left > right) : compare_slots(a, b);              \
    }
COMPARE(cpu)
COMPARE(mailbox)
COMPARE(stack)
COMPARE(messages)

static const char *const sort_names[] = {"slot", "cpu", "mailbox", "stack", "messages"};
static int (*const sort_functions[])(const void *, const void *) = {
    compare_slots, compare_cpu, compare_mailbox, compare_stack, compare_messages};

static int read_sort(const struct kithi_session *session,
                     int (**compare)(const void *, const void *))
{
    const char *text = kithi_invocation_option(&session->invocation, "sort");
    *compare = compare_slots;
    for (size_t i = 0; text != NULL && i < COUNT_OF(sort_names); i++) {
        if (strcmp(text, sort_names[i]) == 0) {
            *compare = sort_functions[i];
            return KITH_EXIT_OK;
        }
    }
    if (text == NULL)
        return KITH_EXIT_OK;
    const char *meant = kith_suggest_of(text, sort_names, COUNT_OF(sort_names));
    return kithi_fail(session, KITH_EXIT_USAGE,
                      "--sort: expected slot, cpu, mailbox, stack or messages, not '%.100s'%s%s%s",
                      text, meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                      meant != NULL ? "'?" : "");
}

static const struct kithi_column columns[] = {
    {.title = "SLOT", .key = "slot", .kind = KITHI_NUMBER},
    {.title = "LABEL", .key = "label", .kind = KITHI_TEXT},
    {.title = "NAMES", .key = "names", .kind = KITHI_TEXT},
    {.title = "STATE", .key = "state", .kind = KITHI_STATE},
    {.title = "MAILBOX", .key = "mailbox", .kind = KITHI_COUNT},
    {.title = "SENT", .key = "sent", .kind = KITHI_COUNT},
    {.title = "RECEIVED", .key = "received", .kind = KITHI_COUNT},
    {.title = "CPU", .key = "cpu_ns", .kind = KITHI_DURATION},
    {.title = "STACK", .key = "stack_used", .kind = KITHI_BYTES},
    {.title = "OF", .key = "stack_size", .kind = KITHI_BYTES},
    {.title = "GENERATION", .key = "generation", .kind = KITHI_NUMBER, .detail = true},
    {.title = "AGE", .key = "age_ns", .kind = KITHI_DURATION, .detail = true},
    {.title = "HIGH", .key = "high_priority", .kind = KITHI_BOOLEAN, .detail = true},
    {.title = "MAILBOX BYTES", .key = "mailbox_bytes", .kind = KITHI_BYTES, .detail = true},
    {.title = "LIMIT", .key = "mailbox_limit", .kind = KITHI_COUNT, .detail = true},
    {.title = "PEAK", .key = "mailbox_peak", .kind = KITHI_COUNT, .detail = true},
    {.title = "OWNED", .key = "owned", .kind = KITHI_COUNT, .detail = true},
    {.title = "HOGS", .key = "hogs", .kind = KITHI_COUNT, .detail = true},
};

// The same for one process: as many, in the same order.
static const struct kithi_column record_columns[COUNT_OF(columns)] = {
    {.title = "slot", .key = "slot", .kind = KITHI_NUMBER},
    {.title = "label", .key = "label", .kind = KITHI_TEXT},
    {.title = "names", .key = "names", .kind = KITHI_TEXT},
    {.title = "state", .key = "state", .kind = KITHI_STATE},
    {.title = "mailbox", .key = "mailbox", .kind = KITHI_COUNT},
    {.title = "sent", .key = "sent", .kind = KITHI_COUNT},
    {.title = "received", .key = "received", .kind = KITHI_COUNT},
    {.title = "CPU time", .key = "cpu_ns", .kind = KITHI_DURATION},
    {.title = "stack used", .key = "stack_used", .kind = KITHI_BYTES},
    {.title = "stack size", .key = "stack_size", .kind = KITHI_BYTES},
    {.title = "generation", .key = "generation", .kind = KITHI_NUMBER},
    {.title = "age", .key = "age_ns", .kind = KITHI_DURATION},
    {.title = "high priority", .key = "high_priority", .kind = KITHI_BOOLEAN},
    {.title = "mailbox memory", .key = "mailbox_bytes", .kind = KITHI_BYTES},
    {.title = "mailbox limit", .key = "mailbox_limit", .kind = KITHI_COUNT},
    {.title = "mailbox peak", .key = "mailbox_peak", .kind = KITHI_COUNT},
    {.title = "messages held", .key = "owned", .kind = KITHI_COUNT},
    {.title = "held the CPU", .key = "hogs", .kind = KITHI_COUNT},
};

static void fill_cells(const struct entry *entry, struct kithi_cell cells[COUNT_OF(columns)])
{
    const Kith__NodeProcess *process = &entry->process;
    const struct kithi_cell filled[] = {kithi_number(process->slot),
                                        kithi_text(process->label),
                                        kithi_text(entry->names),
                                        kithi_text(process->state),
                                        kithi_number(process->mailbox),
                                        kithi_number(process->sent),
                                        kithi_number(process->received),
                                        kithi_number(process->cpu_ns),
                                        kithi_number(process->stack_used),
                                        kithi_number(process->stack_size),
                                        kithi_number(process->generation),
                                        kithi_number(process->age_ns),
                                        kithi_number(process->high_priority),
                                        kithi_number(process->mailbox_bytes),
                                        kithi_number(process->mailbox_limit),
                                        kithi_number(process->mailbox_peak),
                                        kithi_number(process->owned),
                                        kithi_number(process->hogs)};
    memcpy(cells, filled, sizeof(filled));
}

static void write_list(const struct kithi_session *session, const struct list *list)
{
    struct kithi_cell cells[COUNT_OF(columns)];
    struct kithi_table *table = kithi_table_open(&session->output, columns, COUNT_OF(columns));
    for (size_t i = 0; i < list->count; i++) {
        fill_cells(&list->entries[i], cells);
        kithi_table_row(table, cells);
    }
    kithi_table_close(table);
}

static int read_list(struct kithi_session *session, const struct kith_link_info *link,
                     struct list *list)
{
    enum kith_error error = read_processes(session, link->kernel, list);
    if (session->progress && list->count > 0)
        fputs("\r\x1b[K", stderr);
    if (error == KITH_OK)
        error = kithi_names_visit(session, link->naming, "*", true, add_name, list);
    return error == KITH_OK ? KITH_EXIT_OK : kithi_fail_error(session, link->name, error);
}

typedef int compare_function(const void *a, const void *b);

static int read_options(const struct kithi_session *session, uint64_t *limit,
                        compare_function **compare)
{
    *limit = LIMIT;
    int code = kithi_option_number(session, "limit", 1, LIMIT_MAX, limit);
    return code == KITH_EXIT_OK ? read_sort(session, compare) : code;
}

int kithi_check_proc_ls(struct kithi_session *session)
{
    uint64_t limit;
    compare_function *compare;
    return read_options(session, &limit, &compare);
}

int kithi_run_proc_ls(struct kithi_session *session)
{
    uint64_t limit;
    struct kith_link_info link;
    compare_function *compare;
    int code = read_options(session, &limit, &compare);
    if (code == KITH_EXIT_OK)
        code = kithi_link_node(session, session->invocation.arguments[0], &link);
    if (code != KITH_EXIT_OK)
        return code;
    // Sorted by anything else, the largest may be anywhere.
    struct list list = {.limit = compare == compare_slots ? limit : LIMIT_MAX};
    code = read_list(session, &link, &list);
    if (code == KITH_EXIT_OK) {
        if (list.count > 0)
            qsort(list.entries, list.count, sizeof(list.entries[0]), compare);
        size_t all = list.count;
        list.count = all < limit ? all : limit;
        write_list(session, &list);
        list.count = all;
    }
    free_list(&list);
    return code;
}

static int ask_process(struct kithi_session *session, const struct kith_link_info *link,
                       uint32_t slot, uint32_t generation, struct list *list)
{
    struct kith_message *message;
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Process", &message);
    if (error != KITH_OK)
        return kithi_fail_error(session, link->name, error);
    Kith__NodeProcessWanted *wanted = message->data;
    wanted->slot = slot;
    wanted->generation = generation;
    error = kithi_ask(session, link->kernel, &message);
    if (error == KITH_ERROR_NOT_FOUND)
        return kithi_fail(session, KITH_EXIT_NOT_FOUND,
                          "no process in slot %u of node %s; try 'kith proc ls'", slot, link->name);
    if (error == KITH_OK && !keep_process(list, message->data))
        error = KITH_ERROR_NO_MEMORY;
    kith_message_free(&message);
    if (error == KITH_OK)
        error = kithi_names_visit(session, link->naming, "*", true, add_name, list);
    return error == KITH_OK ? KITH_EXIT_OK : kithi_fail_error(session, link->name, error);
}

int kithi_check_proc_info(struct kithi_session *session)
{
    const char *text = session->invocation.arguments[0];
    uint64_t slot;
    if (kith_quantity_number(text, &slot) != KITH_OK || slot <= UINT32_MAX)
        return KITH_EXIT_OK;
    return kithi_fail(session, KITH_EXIT_USAGE,
                      "a slot is a number from 0 to 4294967295, not %s; see 'kith proc ls'", text);
}

int kithi_run_proc_info(struct kithi_session *session)
{
    const char *text = session->invocation.arguments[0];
    struct list list = {.limit = 1};
    struct kith_link_info link = session->target;
    struct kithi_found found = {.index = 0};
    uint64_t slot;
    int code = KITH_EXIT_OK;
    if (kith_quantity_number(text, &slot) == KITH_OK)
        found.ref.slot = (uint32_t)slot; // kithi_check_proc_info: it is one
    else
        code = kithi_reach_process(session, text, &found, &link);
    if (code == KITH_EXIT_OK)
        code = ask_process(session, &link, found.ref.slot, found.ref.generation, &list);
    if (code == KITH_EXIT_OK) {
        struct kithi_cell cells[COUNT_OF(columns)];
        fill_cells(&list.entries[0], cells);
        kithi_record_write(&session->output, record_columns, cells, COUNT_OF(record_columns));
    }
    free_list(&list);
    return code;
}
