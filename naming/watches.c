// SPDX-License-Identifier: Apache-2.0
// Watches: who is told about what comes and goes. A watch begins with everything that is there, in
// the order of places in the tables; what lies beyond the point it has got to needs no event yet.
// When a receiver has no room, nothing is stored for it: the watch goes back to its beginning.
#include <kith/planted.h>

#include "server.h"

enum { FIRST_BURST = 256 }; // events of a beginning that are sent at a time

static bool send_event(struct kithi_naming *naming, struct kithi_watch *watch,
                       struct kith_message **message, Kith__NamingEvent *event)
{
    event->watch = watch->id;
    struct kith_ref to = naming->clients[watch->client].ref;
    enum kith_error error = kith_send(naming->self, to, message, KITH_NO_WAIT);
    kith_message_free(message);
    return error == KITH_OK;
}

static struct kith_message *new_event(const struct kithi_naming *naming, enum kith_event_kind kind,
                                      unsigned what, Kith__NamingEvent **event)
{
    struct kith_message *message;
    if (kith_message_new_typed(naming->node, kithi_type(naming, KITHI_EVENT),
                               &kith__naming_event__descriptor, &message) != KITH_OK) {
        return NULL;
    }
    *event = message->data;
    (*event)->kind = kind;
    (*event)->what = what;
    return message;
}

static bool fill_member(struct kith_message *message, Kith__NamingEvent *event,
                        const struct kithi_member *member)
{
    event->node = member->info.incarnation;
    event->transient = member->info.transient;
    event->node_name = kith_message_text(message, member->info.name);
    if (member->info.endpoint.port != 0) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        event->endpoint =
            kith_message_text(message, kith_endpoint_format(&member->info.endpoint, text));
    }
    return event->node_name != NULL && event->endpoint != NULL;
}

static bool tell_entry(struct kithi_naming *naming, struct kithi_watch *watch, uint32_t id,
                       enum kith_event_kind kind, uint64_t epoch, enum kith_error reason)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    Kith__NamingEvent *event;
    struct kith_message *message = new_event(naming, kind, KITH_WATCH_NAMES, &event);
    if (message == NULL) {
        return false;
    }
    event->name = kith_message_text(message, naming->table.names[entry->name].text);
    event->index = entry->index;
    event->slot = entry->slot;
    event->generation = entry->generation;
    event->epoch = epoch;
    event->reason = reason;
    if (event->name == NULL || !fill_member(message, event, naming->members[entry->node])) {
        kith_message_free(&message);
        return false;
    }
    return send_event(naming, watch, &message, event);
}

static bool tell_member(struct kithi_naming *naming, struct kithi_watch *watch,
                        const struct kithi_member *member, enum kith_watch_kind what,
                        enum kith_event_kind kind)
{
    Kith__NamingEvent *event;
    struct kith_message *message = new_event(naming, kind, what, &event);
    if (message == NULL) {
        return false;
    }
    event->epoch = member->epoch;
    event->reason = kind == KITH_EVENT_DOWN ? member->reason : KITH_OK;
    if (!fill_member(message, event, member)) {
        kith_message_free(&message);
        return false;
    }
    return send_event(naming, watch, &message, event);
}

static bool tell_plain(struct kithi_naming *naming, struct kithi_watch *watch,
                       enum kith_event_kind kind)
{
    Kith__NamingEvent *event;
    struct kith_message *message = new_event(naming, kind, 0, &event);
    return message != NULL && send_event(naming, watch, &message, event);
}

static bool matches_member(const struct kithi_watch *watch, const struct kithi_member *member)
{
    const struct kithi_pattern *pattern = &watch->pattern;
    return pattern->host != NULL ? kithi_member_matches(member, pattern->host, pattern->host_size)
                                 : kithi_member_matches(member, pattern->name, pattern->name_size);
}

static void retry_after(struct kithi_naming *naming, struct kithi_watch *watch, uint64_t wait_ns)
{
    watch->retry_ns = kith_node_now(naming->node) + wait_ns;
    kithi_naming_due(naming, watch->retry_ns);
}

static uint64_t find_longer(uint64_t wait_ns)
{
    uint64_t longer_ns = wait_ns == 0 ? KITHI_RETRY_NS : 2 * wait_ns;
    return longer_ns < KITHI_RETRY_MOST_NS ? longer_ns : KITHI_RETRY_MOST_NS;
}

// Back to the beginning: an event couldn't be sent. Later each time, if it goes on like that.
static void reset(struct kithi_naming *naming, struct kithi_watch *watch)
{
    bool steady = watch->live && kith_node_now(naming->node) - watch->live_ns >= KITHI_STEADY_NS;
    watch->reset_wait_ns = find_longer(steady ? 0 : watch->reset_wait_ns);
    naming->counters.resets++;
    watch->live = false;
    watch->resync = true;
    watch->next_node = 0;
    watch->next_link = 0;
    watch->next_entry = 0;
    retry_after(naming, watch, watch->reset_wait_ns);
}

// The beginning, step by step: each is told, or the watch waits where it is.

static bool take_turn(struct kithi_watch *watch)
{
    if (watch->left == 0) {
        return false;
    }
    watch->left--;
    return true;
}

static bool begin_nodes(struct kithi_naming *naming, struct kithi_watch *watch)
{
    for (; watch->next_node < naming->member_used; watch->next_node++) {
        const struct kithi_member *member = naming->members[watch->next_node];
        if ((watch->kinds & KITH_WATCH_NODES) != 0 && member != NULL && member->told_up &&
            matches_member(watch, member) &&
            (!take_turn(watch) ||
             !tell_member(naming, watch, member, KITH_WATCH_NODES, KITH_EVENT_UP))) {
            return false;
        }
    }
    return true;
}

static bool begin_links(struct kithi_naming *naming, struct kithi_watch *watch)
{
    for (; watch->next_link < naming->member_used; watch->next_link++) {
        const struct kithi_member *member = naming->members[watch->next_link];
        if ((watch->kinds & KITH_WATCH_LINKS) == 0 || member == NULL ||
            watch->next_link == KITHI_OWN || member->told_state > KITH_ROUTE_SUSPECT ||
            !matches_member(watch, member)) {
            continue;
        }
        bool up = member->told_state == KITH_ROUTE_UP;
        if (!take_turn(watch) || !tell_member(naming, watch, member, KITH_WATCH_LINKS,
                                              up ? KITH_EVENT_UP : KITH_EVENT_SUSPECT)) {
            return false;
        }
    }
    return true;
}

static bool begin_entries(struct kithi_naming *naming, struct kithi_watch *watch)
{
    struct kithi_looks looks = kithi_looks_begin(naming);
    if ((watch->kinds & KITH_WATCH_NAMES) == 0) {
        return true;
    }
    for (; watch->next_entry < naming->table.entry_used; watch->next_entry++) {
        const struct kithi_entry *entry = &naming->table.entries[watch->next_entry];
        if (!kithi_looks_take(naming, &looks)) {
            return false;
        }
        if (entry->node != KITHI_NONE &&
            kithi_entry_matches(naming, &watch->pattern, watch->next_entry) &&
            (!take_turn(watch) ||
             !tell_entry(naming, watch, watch->next_entry, KITH_EVENT_UP, entry->epoch, KITH_OK))) {
            return false;
        }
    }
    return true;
}

static bool begin_resync(struct kithi_naming *naming, struct kithi_watch *watch)
{
    watch->resync = watch->resync && !tell_plain(naming, watch, KITH_EVENT_RESYNC);
    return !watch->resync;
}

static void go_on(struct kithi_naming *naming, struct kithi_watch *watch)
{
    uint32_t before = watch->next_node + watch->next_link + watch->next_entry;
    watch->left = watch->burst;
    if (begin_resync(naming, watch) && begin_nodes(naming, watch) && begin_links(naming, watch) &&
        begin_entries(naming, watch) && tell_plain(naming, watch, KITH_EVENT_COMPLETE)) {
        watch->live = true;
        watch->live_ns = kith_node_now(naming->node);
        watch->retry_wait_ns = 0;
        watch->burst = FIRST_BURST;
        return;
    }
    if (watch->next_node + watch->next_link + watch->next_entry != before) {
        watch->retry_wait_ns = 0;
    }
    watch->retry_wait_ns = find_longer(watch->retry_wait_ns);
    retry_after(naming, watch, watch->retry_wait_ns);
}

void kithi_watches_continue(struct kithi_naming *naming, uint64_t now_ns)
{
    uint64_t until_ns = now_ns + KITHI_TURN_NS;
    bool late = false;
    for (uint32_t i = 0; i < naming->watch_used; i++) {
        uint32_t id = (naming->watch_turn + i) % naming->watch_used;
        struct kithi_watch *watch = &naming->watches[id];
        if (watch->id == 0 || watch->live) {
            continue;
        }
        if (watch->retry_ns > now_ns || late) {
            kithi_naming_due(naming, watch->retry_ns);
            continue;
        }
        go_on(naming, watch);
        late = kith_node_now(naming->node) >= until_ns;
        naming->watch_turn = late ? id + 1 : naming->watch_turn;
    }
}

void kithi_watches_entry(struct kithi_naming *naming, uint32_t entry, bool up, uint64_t epoch,
                         enum kith_error reason)
{
    for (uint32_t id = 0; id < naming->watch_used; id++) {
        struct kithi_watch *watch = &naming->watches[id];
        if (watch->id != 0 && (watch->kinds & KITH_WATCH_NAMES) != 0 &&
            (watch->live || entry < watch->next_entry) &&
            kithi_entry_matches(naming, &watch->pattern, entry) &&
            !tell_entry(naming, watch, entry, up ? KITH_EVENT_UP : KITH_EVENT_DOWN, epoch,
                        reason) &&
            !KITH_BUG(WATCH_EVENT_LOST)) {
            reset(naming, watch);
        }
    }
}

void kithi_watches_node(struct kithi_naming *naming, struct kithi_member *member, bool up)
{
    if (member->told_up == up) {
        return;
    }
    member->told_up = up;
    for (uint32_t id = 0; id < naming->watch_used; id++) {
        struct kithi_watch *watch = &naming->watches[id];
        if (watch->id != 0 && (watch->kinds & KITH_WATCH_NODES) != 0 &&
            (watch->live || member->place < watch->next_node) && matches_member(watch, member) &&
            !tell_member(naming, watch, member, KITH_WATCH_NODES,
                         up ? KITH_EVENT_UP : KITH_EVENT_DOWN)) {
            reset(naming, watch);
        }
    }
}

void kithi_watches_link(struct kithi_naming *naming, struct kithi_member *member,
                        enum kith_route_state state)
{
    enum kith_route_state before = member->told_state;
    member->told_state = state;
    if (before == state || (before == KITH_ROUTE_GONE && state == KITH_ROUTE_UNREACHABLE)) {
        return;
    }
    enum kith_event_kind kind = state == KITH_ROUTE_UP        ? KITH_EVENT_UP
                                : state == KITH_ROUTE_SUSPECT ? KITH_EVENT_SUSPECT
                                                              : KITH_EVENT_DOWN;
    for (uint32_t id = 0; id < naming->watch_used; id++) {
        struct kithi_watch *watch = &naming->watches[id];
        if (watch->id != 0 && (watch->kinds & KITH_WATCH_LINKS) != 0 &&
            (watch->live || member->place < watch->next_link) && matches_member(watch, member) &&
            !tell_member(naming, watch, member, KITH_WATCH_LINKS, kind)) {
            reset(naming, watch);
        }
    }
}

static bool has_share(const struct kithi_naming *naming, uint64_t node)
{
    uint32_t held = 0;
    if (node == kith_node_incarnation(naming->node)) {
        return true;
    }
    for (uint32_t id = 0; id < naming->watch_used; id++) {
        const struct kithi_watch *watch = &naming->watches[id];
        held += watch->id != 0 && naming->clients[watch->client].ref.node == node;
    }
    return held < KITHI_WATCHES_MOST &&
           kithi_has_share(held, naming->counters.watches, naming->options.watches);
}

static enum kith_error take_watch(struct kithi_naming *naming, uint32_t *id)
{
    if (naming->watch_free != KITHI_NONE) {
        *id = naming->watch_free;
        naming->watch_free = naming->watches[*id].client_next;
        return KITH_OK;
    }
    void *watches = naming->watches;
    enum kith_error error =
        kithi_names_grow(naming->platform, &watches, sizeof *naming->watches, naming->watch_used,
                         &naming->watch_capacity, naming->options.watches);
    naming->watches = watches;
    if (error == KITH_OK) {
        *id = naming->watch_used++;
    }
    return error;
}

static void link_watch(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_watch *watch = &naming->watches[id];
    uint32_t *first = &naming->clients[watch->client].first_watch;
    watch->client_previous = KITHI_NONE;
    watch->client_next = *first;
    if (*first != KITHI_NONE) {
        naming->watches[*first].client_previous = id;
    }
    *first = id;
    naming->counters.watches++;
}

static void put_watch(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_watch *watch = &naming->watches[id];
    kithi_naming_free(naming, watch->text, watch->text_size);
    watch->text = NULL;
    watch->id = 0;
    watch->client_next = naming->watch_free;
    naming->watch_free = id;
}

static void remove_watch(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_watch *watch = &naming->watches[id];
    uint32_t client = watch->client;
    if (watch->client_previous == KITHI_NONE) {
        naming->clients[client].first_watch = watch->client_next;
    } else {
        naming->watches[watch->client_previous].client_next = watch->client_next;
    }
    if (watch->client_next != KITHI_NONE) {
        naming->watches[watch->client_next].client_previous = watch->client_previous;
    }
    put_watch(naming, id);
    naming->counters.watches--;
    kithi_client_drop(naming, client);
}

static enum kith_error set_pattern(struct kithi_naming *naming, struct kithi_watch *watch,
                                   const char *text)
{
    watch->text_size = strlen(text) + 1;
    watch->text = kithi_naming_allocate(naming, watch->text_size);
    if (watch->text == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memcpy(watch->text, text, watch->text_size);
    return kithi_pattern_parse(watch->text, &watch->pattern) == NULL ? KITH_OK : KITH_ERROR_INVALID;
}

static enum kith_error add_watch(struct kithi_naming *naming, struct kith_ref from,
                                 const Kith__NamingWatch *request, uint32_t *id)
{
    bool has = has_share(naming, from.node);
    enum kith_error error = has ? take_watch(naming, id) : KITH_ERROR_LIMIT;
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_watch *watch = &naming->watches[*id];
    *watch = (struct kithi_watch){
        .id = ++naming->next_watch, .kinds = request->kinds, .burst = FIRST_BURST};
    error = set_pattern(naming, watch, request->pattern);
    if (error == KITH_OK) {
        error = kithi_client_hold(naming, from, &watch->client);
    }
    if (error != KITH_OK) {
        put_watch(naming, *id);
        return error;
    }
    link_watch(naming, *id);
    return KITH_OK;
}

void kithi_naming_watch(struct kithi_naming *naming, struct kith_message **message)
{
    const unsigned all = KITH_WATCH_NAMES | KITH_WATCH_NODES | KITH_WATCH_LINKS;
    const Kith__NamingWatch *request =
        kith_message_typed(*message, &kith__naming_watch__descriptor);
    if (request == NULL || !(*message)->waiting || kith_ref_is_none((*message)->from) ||
        request->kinds == 0 || (request->kinds & ~all) != 0) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_INVALID);
        return;
    }
    uint32_t id;
    enum kith_error error = add_watch(naming, (*message)->from, request, &id);
    if (error != KITH_OK) {
        kithi_naming_answer_error(naming, message, error);
        return;
    }
    kith_message_reset(*message);
    Kith__NamingWatching *reply =
        kith_message_set_typed(*message, &kith__naming_watching__descriptor);
    if (reply == NULL) {
        remove_watch(naming, id);
        kithi_naming_answer_error(naming, message, KITH_ERROR_NO_MEMORY);
        return;
    }
    reply->watch = naming->watches[id].id;
    kithi_naming_answer(naming, message);
    go_on(naming, &naming->watches[id]);
}

static uint32_t find_watch(const struct kithi_naming *naming, struct kith_ref from, uint64_t watch)
{
    uint32_t client = kithi_client_find(naming, from);
    uint32_t id = client == KITHI_NONE ? KITHI_NONE : naming->clients[client].first_watch;
    while (id != KITHI_NONE && naming->watches[id].id != watch) {
        id = naming->watches[id].client_next;
    }
    return id;
}

void kithi_naming_unwatch(struct kithi_naming *naming, struct kith_message **message)
{
    const Kith__NamingWatching *request =
        kith_message_typed(*message, &kith__naming_watching__descriptor);
    enum kith_error error = KITH_ERROR_INVALID;
    if (request != NULL) {
        uint32_t id = find_watch(naming, (*message)->from, request->watch);
        error = id == KITHI_NONE ? KITH_ERROR_NOT_FOUND : KITH_OK;
        if (id != KITHI_NONE) {
            remove_watch(naming, id);
        }
    }
    kithi_naming_answer_nothing(naming, message, error);
}

void kithi_watches_end(struct kithi_naming *naming, uint32_t client)
{
    while (naming->clients[client].first_watch != KITHI_NONE) {
        remove_watch(naming, naming->clients[client].first_watch);
    }
}

void kithi_watches_reset(struct kithi_naming *naming, uint32_t client)
{
    uint32_t id = client == KITHI_NONE ? KITHI_NONE : naming->clients[client].first_watch;
    for (; id != KITHI_NONE; id = naming->watches[id].client_next) {
        struct kithi_watch *watch = &naming->watches[id];
        // It was sent more than its node had room for: less at a time from now on.
        watch->burst = watch->burst > 1 ? watch->burst / 2 : 1;
        reset(naming, watch);
    }
}

enum kith_error kithi_watches_open(struct kithi_naming *naming)
{
    naming->watch_free = KITHI_NONE;
    return KITH_OK;
}

void kithi_watches_close(struct kithi_naming *naming)
{
    for (uint32_t id = 0; id < naming->watch_used; id++) {
        if (naming->watches[id].id != 0) {
            kithi_naming_free(naming, naming->watches[id].text, naming->watches[id].text_size);
        }
    }
    kithi_naming_free(naming, naming->watches, naming->watch_capacity * sizeof *naming->watches);
}
