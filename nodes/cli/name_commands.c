// SPDX-License-Identifier: Apache-2.0
// kith name ls, resolve, find, wait.
#include "handlers.h"
#include "names.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct kithi_column columns[] = {
    {.title = "NAME", .key = "name", .kind = KITHI_TEXT},
    {.title = "INDEX", .key = "index", .kind = KITHI_NUMBER},
    {.title = "NODE", .key = "node", .kind = KITHI_TEXT},
    {.title = "ENDPOINT", .key = "endpoint", .kind = KITHI_TEXT},
    {.title = "SLOT", .key = "slot", .kind = KITHI_NUMBER},
    {.title = "GENERATION", .key = "generation", .kind = KITHI_NUMBER, .detail = true},
    {.title = "INCARNATION", .key = "incarnation", .kind = KITHI_ID, .detail = true},
    {.title = "EPOCH", .key = "epoch", .kind = KITHI_COUNT, .detail = true},
};

static void add_entry(void *state, const Kith__NamingEntry *entry)
{
    const struct kithi_cell cells[COUNT_OF(columns)] = {
        kithi_text(entry->name),        kithi_number(entry->index),
        kithi_text(entry->node_name),   kithi_text(entry->endpoint),
        kithi_number(entry->ref->slot), kithi_number(entry->ref->generation),
        kithi_number(entry->ref->node), kithi_number(entry->epoch)};
    kithi_table_row(state, cells);
}

static int list_names(struct kithi_session *session, const char *pattern, bool own, bool must_match)
{
    struct kithi_table *table = kithi_table_open(&session->output, columns, COUNT_OF(columns));
    enum kith_error error =
        kithi_names_visit(session, session->target.naming, pattern, own, add_entry, table);
    if (error != KITH_OK) {
        kithi_table_discard(table);
        return kithi_fail_error(session, session->target_text, error);
    }
    if (must_match && kithi_table_rows(table) == 0) {
        kithi_table_discard(table);
        return kithi_fail_unknown(session, pattern);
    }
    kithi_table_sort(table, 0);
    kithi_table_close(table);
    return KITH_EXIT_OK;
}

int kithi_run_name_ls(struct kithi_session *session)
{
    const char *pattern = session->invocation.arguments[0];
    bool own = kithi_invocation_option(&session->invocation, "local") != NULL;
    return list_names(session, pattern != NULL ? pattern : "*", own, false);
}

int kithi_run_name_find(struct kithi_session *session)
{
    return list_names(session, session->invocation.arguments[0], false, true);
}

static int write_found(const struct kithi_session *session, const struct kithi_found *found)
{
    static const struct kithi_column record[] = {
        {.title = "address", .key = "address", .kind = KITHI_TEXT},
        {.title = "name", .key = "name", .kind = KITHI_TEXT},
        {.title = "index", .key = "index", .kind = KITHI_NUMBER},
        {.title = "node", .key = "node", .kind = KITHI_TEXT},
        {.title = "endpoint", .key = "endpoint", .kind = KITHI_TEXT},
        {.title = "incarnation", .key = "incarnation", .kind = KITHI_ID},
        {.title = "slot", .key = "slot", .kind = KITHI_NUMBER},
        {.title = "generation", .key = "generation", .kind = KITHI_NUMBER},
    };
    char address[KITH_ADDRESS_SIZE], endpoint[KITH_ENDPOINT_TEXT_SIZE] = "";
    kith_address_format(found->has_endpoint ? &found->endpoint : NULL, found->name, found->index,
                        address);
    if (found->has_endpoint)
        kith_endpoint_format(&found->endpoint, endpoint);
    const struct kithi_cell cells[COUNT_OF(record)] = {
        kithi_text(address),           kithi_text(found->name),
        kithi_number(found->index),    kithi_text(found->node_name),
        kithi_text(endpoint),          kithi_number(found->ref.node),
        kithi_number(found->ref.slot), kithi_number(found->ref.generation)};
    kithi_record_write(&session->output, record, cells, COUNT_OF(record));
    return KITH_EXIT_OK;
}

int kithi_run_name_resolve(struct kithi_session *session)
{
    struct kithi_found found;
    int code = kithi_find_process(session, session->invocation.arguments[0], &found);
    return code == KITH_EXIT_OK ? write_found(session, &found) : code;
}

// What was asked for, as the naming service wants it.
static enum kith_error fill_wait(struct kith_message *message, const struct kith_address *address)
{
    Kith__NamingWait *wait = message->data;
    char text[KITH_HOST_SIZE];
    snprintf(text, sizeof(text), "%.*s", (int)address->name_size, address->name);
    wait->name = kith_message_text(message, text);
    if (address->index != KITH_INDEX_ANY) {
        wait->wanted_case = KITH__NAMING_WAIT__WANTED_INDEX;
        wait->index = address->index;
    }
    if (address->numeric) {
        wait->n_endpoints = 1;
        wait->endpoints = kith_message_allocate(message, sizeof(*wait->endpoints));
        if (wait->endpoints == NULL)
            return KITH_ERROR_NO_MEMORY;
        wait->endpoints[0] =
            kith_message_text(message, kith_endpoint_format(&address->endpoint, text));
    } else if (address->host != NULL) {
        snprintf(text, sizeof(text), "%.*s", (int)address->host_size, address->host);
        wait->host = kith_message_text(message, text);
    }
    bool complete = wait->name != NULL && wait->host != NULL &&
                    (wait->n_endpoints == 0 || wait->endpoints[0] != NULL);
    return complete ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

int kithi_run_name_wait(struct kithi_session *session)
{
    const char *text = session->invocation.arguments[0];
    struct kith_address address;
    struct kith_message *message;
    enum kith_error error = kith_address_parse(text, &address);
    if (session->progress)
        fprintf(stderr, "kith: waiting for '%s'\n", text);
    if (error == KITH_OK)
        error = kithi_ask_begin(session, &kith__naming__descriptor, "Wait", &message);
    if (error == KITH_OK) {
        error = fill_wait(message, &address);
        if (error == KITH_OK)
            error = kithi_ask(session, session->target.naming, &message);
        kith_message_free(&message);
    }
    if (error == KITH_ERROR_TIMEOUT)
        return kithi_fail(session, KITH_EXIT_TIMEOUT,
                          "'%.300s' didn't appear in time; try a longer --timeout, or 'kith name "
                          "ls' for what is there",
                          text);
    if (error != KITH_OK)
        return kithi_fail_error(session, text, error);
    return kithi_run_name_resolve(session);
}
