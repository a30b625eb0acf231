// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include <kith/suggest.h>

#define SUGGESTIONS_MAX 2000 // names that are compared with a mistyped one

// A node doesn't always say where it is itself; the link to it knows.
static void complete_entry(const struct kithi_session *session, Kith__NamingEntry *entry,
                           char text[KITH_ENDPOINT_TEXT_SIZE])
{
    if (entry->endpoint[0] == 0 && entry->ref->node == session->target.incarnation)
        entry->endpoint = kith_endpoint_format(&session->target.endpoint, text);
}

enum kith_error kithi_names_visit(struct kithi_session *session, struct kith_ref naming,
                                  const char *pattern, bool own,
                                  void (*visit)(void *state, const Kith__NamingEntry *entry),
                                  void *state)
{
    uint64_t cursor = 0;
    do {
        struct kith_message *message;
        enum kith_error error =
            kithi_ask_begin(session, &kith__naming__descriptor, own ? "List" : "Find", &message);
        if (error != KITH_OK)
            return error;
        Kith__NamingFind *find = message->data;
        find->cursor = cursor;
        find->pattern = kith_message_text(message, pattern);
        if (find->pattern == NULL) {
            kith_message_free(&message);
            return KITH_ERROR_NO_MEMORY;
        }
        error = kithi_ask(session, naming, &message);
        if (error != KITH_OK)
            return error;
        const Kith__NamingPage *page = message->data;
        for (size_t i = 0; i < page->n_entries; i++) {
            char endpoint[KITH_ENDPOINT_TEXT_SIZE];
            if (page->entries[i]->ref == NULL)
                continue;
            complete_entry(session, page->entries[i], endpoint);
            visit(state, page->entries[i]);
        }
        cursor = page->next;
        kith_message_free(&message);
    } while (cursor != 0);
    return KITH_OK;
}

// ---- Which of the entries that match an address is taken. ----

struct choice {
    uint64_t preferred; // incarnation that comes first; 0: none
    bool any;
    struct kithi_found best;
};

static bool is_better(const struct choice *choice, const Kith__NamingEntry *entry)
{
    bool own = entry->ref->node == choice->preferred;
    bool best_own = choice->best.ref.node == choice->preferred;
    if (!choice->any || own != best_own)
        return !choice->any || own;
    return entry->index < choice->best.index;
}

static void consider(void *state, const Kith__NamingEntry *entry)
{
    struct choice *choice = state;
    if (!is_better(choice, entry))
        return;
    struct kithi_found *best = &choice->best;
    *best = (struct kithi_found){.index = entry->index, .epoch = entry->epoch};
    best->ref = (struct kith_ref){entry->ref->node, entry->ref->slot, entry->ref->generation};
    snprintf(best->name, sizeof(best->name), "%s", entry->name);
    snprintf(best->node_name, sizeof(best->node_name), "%s", entry->node_name);
    best->has_endpoint =
        kith_endpoint_parse(entry->endpoint, KITH_DEFAULT_PORT, &best->endpoint) == KITH_OK;
    choice->any = true;
}

// ---- What was perhaps meant. ----

struct words {
    char *texts[SUGGESTIONS_MAX];
    size_t count;
};

static void keep_word(void *state, const Kith__NamingEntry *entry)
{
    struct words *words = state;
    if (words->count < SUGGESTIONS_MAX)
        words->texts[words->count++] = strdup(entry->name);
}

int kithi_fail_unknown(struct kithi_session *session, const char *address)
{
    struct kith_address parsed;
    struct words words = {.count = 0};
    char name[KITH_NAME_SIZE] = "";
    if (kith_address_parse(address, &parsed) == KITH_OK)
        snprintf(name, sizeof(name), "%.*s", (int)parsed.name_size, parsed.name);
    kithi_names_visit(session, session->target.naming, "*", false, keep_word, &words);
    const char *meant = kith_suggest_of(name, (const char *const *)words.texts, words.count);
    // The same name is there, but not with that host or index.
    bool same = meant != NULL && strcmp(meant, name) == 0;
    if (same)
        kithi_fail(session, KITH_EXIT_NOT_FOUND,
                   "no process '%.300s': not with that host and index; try 'kith name ls %s'",
                   address, name);
    else if (meant != NULL)
        kithi_fail(session, KITH_EXIT_NOT_FOUND,
                   "no process '%.300s': node %s knows no such name; did you mean '%s'?", address,
                   session->target_text, meant);
    else
        kithi_fail(session, KITH_EXIT_NOT_FOUND,
                   "no process '%.300s': node %s knows no such name; try 'kith name ls'", address,
                   session->target_text);
    for (size_t i = 0; i < words.count; i++)
        free(words.texts[i]);
    return KITH_EXIT_NOT_FOUND;
}

// ---- Finding. ----

// "sensor/1" or "sensor".
static void write_name(const struct kith_address *address, char *text, size_t size)
{
    int used = snprintf(text, size, "%.*s", (int)address->name_size, address->name);
    if (address->index != KITH_INDEX_ANY)
        snprintf(text + used, size - (size_t)used, "/%u", address->index);
}

// An address is a pattern, too, but for an IP address without port, which would be any node there.
static enum kith_error find_known(struct kithi_session *session, const char *text,
                                  const struct kith_address *address, struct choice *choice)
{
    char endpoint[KITH_ENDPOINT_TEXT_SIZE], name[KITH_NAME_SIZE + 16], pattern[KITH_ADDRESS_SIZE];
    snprintf(pattern, sizeof(pattern), "%s", text);
    if (address->numeric) {
        write_name(address, name, sizeof(name));
        snprintf(pattern, sizeof(pattern), "%s/%s",
                 kith_endpoint_format(&address->endpoint, endpoint), name);
    }
    return kithi_names_visit(session, session->target.naming, pattern, false, consider, choice);
}

// On a node that the one asked doesn't know of.
static int find_on_stranger(struct kithi_session *session, const char *address,
                            const struct kith_address *parsed, struct choice *choice)
{
    char host[KITH_HOST_SIZE + 16], pattern[KITH_NAME_SIZE + 16];
    struct kith_link_info link;
    snprintf(host, sizeof(host), "%.*s", (int)parsed->host_size, parsed->host);
    if (parsed->numeric)
        kith_endpoint_format(&parsed->endpoint, host);
    else if (parsed->port != 0)
        snprintf(host, sizeof(host), "%.*s:%u", (int)parsed->host_size, parsed->host, parsed->port);
    int code = kithi_link_node(session, host, &link);
    if (code != KITH_EXIT_OK)
        return code;
    write_name(parsed, pattern, sizeof(pattern));
    enum kith_error error =
        kithi_names_visit(session, link.naming, pattern, true, consider, choice);
    if (error != KITH_OK)
        return kithi_fail_error(session, address, error);
    if (choice->any && !choice->best.has_endpoint) {
        choice->best.endpoint = link.endpoint;
        choice->best.has_endpoint = true;
    }
    return KITH_EXIT_OK;
}

int kithi_find_process(struct kithi_session *session, const char *address,
                       struct kithi_found *found)
{
    struct kith_address parsed;
    struct choice choice = {.preferred = session->target.incarnation};
    enum kith_error error = kith_address_parse(address, &parsed);
    if (error == KITH_OK)
        error = find_known(session, address, &parsed, &choice);
    if (error != KITH_OK)
        return kithi_fail_error(session, address, error);
    int code = KITH_EXIT_OK;
    if (!choice.any && parsed.host != NULL)
        code = find_on_stranger(session, address, &parsed, &choice);
    if (code == KITH_EXIT_OK && !choice.any)
        code = kithi_fail_unknown(session, address);
    *found = choice.best;
    return code;
}

int kithi_reach_process(struct kithi_session *session, const char *address,
                        struct kithi_found *found, struct kith_link_info *link)
{
    int code = kithi_find_process(session, address, found);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error =
        kithi_link_incarnation(session, found->ref.node, &found->endpoint, link);
    if (error == KITH_OK)
        return KITH_EXIT_OK;
    char what[400], text[KITH_ENDPOINT_TEXT_SIZE];
    snprintf(what, sizeof(what), "node %s of '%.200s'",
             kith_endpoint_format(&found->endpoint, text), address);
    return kithi_fail_error(session, what,
                            error == KITH_ERROR_TIMEOUT ? KITH_ERROR_UNREACHABLE : error);
}
