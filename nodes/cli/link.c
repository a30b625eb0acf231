// SPDX-License-Identifier: Apache-2.0
// Links to the node asked, and to others that a command leads to.
#include "session.h"

#include <inttypes.h>
#include <string.h>

#include <kith/quantity.h>
#include <kith/suggest.h>

#include "dns.h"
#include "host.h"
#include "node.pb-c.h"

#define LOOK_MS   1
#define KNOWN_MAX 256 // nodes that a name is looked for in

// What is waited for: an incarnation, an endpoint, or (neither) any of the targets.
struct wanted {
    uint64_t incarnation;
    const struct kith_endpoint *endpoint;
};

// What is known of one endpoint, the target `place` if none is wanted, or of an incarnation.
static enum kith_error look_at(const struct kithi_session *session, const struct wanted *wanted,
                               size_t place, struct kith_link_info *info)
{
    if (wanted->incarnation != 0)
        return kith_net_link_find(session->net, wanted->incarnation, info);
    return kith_net_peer_info(
        session->net, wanted->endpoint != NULL ? wanted->endpoint : &session->targets[place], info);
}

// A connection that broke while it began says that the node has too many; the next may be luckier.
static bool is_final(enum kith_error reason)
{
    return reason != KITH_OK && reason != KITH_ERROR_DOWN && reason != KITH_ERROR_LIMIT;
}

// OK: it is up. TIMEOUT: not yet. Others: it won't be.
static enum kith_error look(const struct kithi_session *session, const struct wanted *wanted,
                            struct kith_link_info *link)
{
    bool one = wanted->incarnation != 0 || wanted->endpoint != NULL;
    size_t refused = 0, seen = 0;
    enum kith_error reason = KITH_ERROR_UNREACHABLE;
    struct kith_link_info info;
    for (size_t place = 0; place < (one ? 1 : session->target_count); place++) {
        if (look_at(session, wanted, place, &info) != KITH_OK)
            continue;
        if (info.state == KITH_LINK_UP) {
            *link = info;
            return KITH_OK;
        }
        seen++;
        if (info.state == KITH_LINK_BACKOFF && is_final(info.last_error)) {
            refused++;
            reason = info.last_error;
        }
    }
    return seen > 0 && refused == seen ? reason : KITH_ERROR_TIMEOUT;
}

static enum kith_error wait_for_link(struct kithi_session *session, const struct wanted *wanted,
                                     struct kith_link_info *link)
{
    enum kith_error error;
    while ((error = look(session, wanted, link)) == KITH_ERROR_TIMEOUT &&
           kith_now(session->self) < session->deadline_ns) {
        error = kith_sleep_until(session->self, kith_deadline_ms(session->self, LOOK_MS));
        if (error != KITH_OK)
            return error;
    }
    return error;
}

enum kith_error kithi_link_endpoint(struct kithi_session *session,
                                    const struct kith_endpoint *endpoint,
                                    struct kith_link_info *link)
{
    struct wanted wanted = {.endpoint = endpoint};
    enum kith_error error =
        kith_net_peer_add(session->net, endpoint != NULL ? endpoint : &session->targets[0]);
    return error == KITH_OK ? wait_for_link(session, &wanted, link) : error;
}

enum kith_error kithi_link_incarnation(struct kithi_session *session, uint64_t incarnation,
                                       const struct kith_endpoint *endpoint,
                                       struct kith_link_info *link)
{
    struct wanted wanted = {.incarnation = incarnation};
    if (look(session, &wanted, link) == KITH_OK)
        return KITH_OK;
    static const struct kith_endpoint none = {.port = 0};
    if (kith_endpoint_equal(endpoint, &none))
        return KITH_ERROR_UNREACHABLE;
    enum kith_error error = kithi_link_endpoint(session, endpoint, link);
    if (error == KITH_OK && link->incarnation != incarnation)
        return KITH_ERROR_STALE; // another node lives there by now
    return error;
}

// ---- Nodes by name: from the links of the node asked. ----

struct known {
    uint64_t incarnation;
    char name[KITH_NAME_SIZE], endpoint[KITH_ENDPOINT_TEXT_SIZE];
};

static void keep_links(const Kith__NodeLinks *page, struct known *known, size_t *count)
{
    for (size_t i = 0; i < page->n_links && *count < KNOWN_MAX; i++) {
        struct known *entry = &known[(*count)++];
        entry->incarnation = page->links[i]->incarnation;
        snprintf(entry->name, sizeof(entry->name), "%s", page->links[i]->name);
        snprintf(entry->endpoint, sizeof(entry->endpoint), "%s", page->links[i]->endpoint);
    }
}

static enum kith_error read_links(struct kithi_session *session, struct known *known, size_t *count)
{
    uint32_t place = 0;
    do {
        struct kith_message *message;
        enum kith_error error =
            kithi_ask_begin(session, &kith__node__descriptor, "Links", &message);
        if (error != KITH_OK)
            return error;
        ((Kith__NodePageWanted *)message->data)->place = place;
        error = kithi_ask(session, session->target.kernel, &message);
        if (error != KITH_OK)
            return error;
        const Kith__NodeLinks *page = message->data;
        keep_links(page, known, count);
        place = page->next;
        kith_message_free(&message);
    } while (place != 0 && *count < KNOWN_MAX);
    return KITH_OK;
}

static bool is_named(const struct known *known, const char *text)
{
    char incarnation[17];
    snprintf(incarnation, sizeof(incarnation), "%016" PRIx64, known->incarnation);
    return strcmp(known->name, text) == 0 || strcmp(known->endpoint, text) == 0 ||
           (known->incarnation != 0 && strcmp(incarnation, text) == 0);
}

static const char *known_name(const void *words, size_t index)
{
    const struct known *known = words;
    return known[index].endpoint[0] != 0 ? known[index].name : NULL;
}

static int fail_to_link(const struct kithi_session *session, const char *text,
                        enum kith_error error)
{
    char what[KITH_HOST_SIZE + 32];
    snprintf(what, sizeof(what), "node %.250s", text);
    return kithi_fail_error(session, what,
                            error == KITH_ERROR_TIMEOUT ? KITH_ERROR_UNREACHABLE : error);
}

// A host that the node asked has no link to may still be a node.
static int link_stranger(struct kithi_session *session, const char *text, const struct known *known,
                         struct kith_link_info *link)
{
    struct kithi_host host;
    size_t count = 1;
    if (kithi_host_parse(text, &host) != KITH_OK)
        return kithi_fail(session, KITH_EXIT_USAGE,
                          "'%.200s' is no node: expected a name, HOST[:PORT] or an incarnation",
                          text);
    if (!host.numeric && strchr(text, '.') == NULL && strchr(text, ':') == NULL) {
        const char *meant = kith_suggest(text, known_name, known);
        return kithi_fail(session, KITH_EXIT_NOT_FOUND, "node %s knows no node '%.200s'; %s%s%s",
                          session->target_text, text,
                          meant != NULL ? "did you mean '" : "try 'kith node ls'",
                          meant != NULL ? meant : "", meant != NULL ? "'?" : "");
    }
    enum kith_error error = KITH_OK;
    if (!host.numeric)
        error =
            kithi_dns_resolve(host.text, host.port, session->timeout_ns, &host.endpoint, 1, &count);
    if (error == KITH_OK)
        error = kithi_link_endpoint(session, &host.endpoint, link);
    return error == KITH_OK ? KITH_EXIT_OK : fail_to_link(session, text, error);
}

int kithi_link_node(struct kithi_session *session, const char *text, struct kith_link_info *link)
{
    struct known own = {.incarnation = session->target.incarnation};
    snprintf(own.name, sizeof(own.name), "%s", session->target.name);
    kith_endpoint_format(&session->target.endpoint, own.endpoint);
    if (text == NULL || is_named(&own, text) || strcmp(text, session->target_text) == 0) {
        *link = session->target;
        return KITH_EXIT_OK;
    }
    struct known known[KNOWN_MAX + 1] = {{.incarnation = 0}};
    size_t count = 0;
    known[count++] = own;
    enum kith_error error = read_links(session, known, &count);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    for (size_t i = 0; i < count; i++) {
        struct kith_endpoint endpoint = {.port = 0};
        if (!is_named(&known[i], text))
            continue;
        kith_endpoint_parse(known[i].endpoint, KITH_DEFAULT_PORT, &endpoint);
        error = known[i].incarnation != 0
                    ? kithi_link_incarnation(session, known[i].incarnation, &endpoint, link)
                    : kithi_link_endpoint(session, &endpoint, link);
        return error == KITH_OK ? KITH_EXIT_OK : fail_to_link(session, text, error);
    }
    return link_stranger(session, text, known, link);
}
