// SPDX-License-Identifier: Apache-2.0
// The naming process: its life, its loop, and who may ask what.
#include <assert.h>

#include "server.h"

enum {
    LOOK_EVERY = 64,  // messages between two looks at the clock
    CHECK_MS = 10000, // defaults of the options
    WATCHES = 1024,
    WATCHES_SMALL = 8,
    WAITS = 16384,
    WAITS_SMALL = 16,
};

static void run(struct kith_process *self, void *argument);
static void dispatch(struct kithi_naming *naming, struct kith_message **message);
static void work(struct kithi_naming *naming);

static void before_idle(struct kith_hook *hook)
{
    struct kithi_naming *naming = (void *)((char *)hook - offsetof(struct kithi_naming, hook));
    if (naming->flush_ns != KITH_FOREVER || naming->members_changed) {
        kithi_naming_wake(naming);
    }
}

static void set_options(struct kithi_naming *naming, const struct kith_naming_options *options)
{
    struct kith_naming_options *own = &naming->options;
    if (options != NULL) {
        *own = *options;
    }
    if (own->check_ms == 0) {
        own->check_ms = CHECK_MS;
    }
    if (own->watches == 0) {
        own->watches = naming->replicates ? WATCHES : WATCHES_SMALL;
    }
    if (own->waits == 0) {
        own->waits = naming->replicates ? WAITS : WAITS_SMALL;
    }
}

static void set_batch_bytes(struct kithi_naming *naming)
{
    size_t part = kith_node_limits(naming->node)->message_memory / KITHI_BATCH_PART;
    naming->batch_bytes = part > KITHI_BATCH_BYTES   ? KITHI_BATCH_BYTES
                          : part < KITHI_BATCH_LEAST ? KITHI_BATCH_LEAST
                                                     : part;
}

static enum kith_error open_parts(struct kithi_naming *naming)
{
    enum kith_error error =
        kithi_names_init(&naming->table, naming->platform, kith_node_limits(naming->node));
    if (error == KITH_OK) {
        error = kithi_members_open(naming);
    }
    if (error == KITH_OK) {
        error = kithi_clients_open(naming);
    }
    if (error == KITH_OK) {
        error = kithi_watches_open(naming);
    }
    return error == KITH_OK ? kithi_waits_open(naming) : error;
}

static void close_parts(struct kithi_naming *naming)
{
    kithi_waits_close(naming);
    kithi_watches_close(naming);
    kithi_clients_close(naming);
    kithi_registry_close(naming);
    kithi_members_close(naming);
    kithi_names_fini(&naming->table);
    naming->platform->release(naming->platform->state, naming, sizeof *naming);
}

static enum kith_error start(struct kithi_naming *naming)
{
    struct kith_spawn_options options = {
        .label = KITH_NAMING_NAME,
        .needed = true,
        .entry = run,
        .argument = naming,
        .priority = KITH_PRIORITY_HIGH,
    };
    enum kith_error error = kith_spawn(naming->node, &options, &naming->ref);
    if (error != KITH_OK) {
        return error;
    }
    kithi_own(naming)->info.naming = naming->ref;
    error = kithi_registry_open(naming);
    if (error != KITH_OK) {
        kith_kill(naming->node, naming->ref, error);
    }
    return error;
}

enum kith_error kith_naming_open(struct kith_node *node, const struct kith_naming_options *options,
                                 struct kith_ref *naming)
{
    if (kith_node_part(node, KITH_PART_NAMING) != NULL) {
        return KITH_ERROR_EXISTS;
    }
    enum kith_error error = kith_service_register(node, &kith__naming__descriptor);
    if (error != KITH_OK) {
        return error;
    }
    const struct kith_platform *platform = kith_node_platform(node);
    struct kithi_naming *opened = platform->allocate(platform->state, sizeof *opened);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    *opened = (struct kithi_naming){
        .node = node,
        .platform = platform,
        .type = kith_service_type(&kith__naming__descriptor, 0),
        .replicates = kith_node_limits(node)->replicated_names > 0,
        .flush_ns = KITH_FOREVER,
        .due_ns = KITH_FOREVER,
        .hook = {.run = before_idle},
    };
    platform->entropy(platform->state, &opened->random, sizeof opened->random);
    set_options(opened, options);
    set_batch_bytes(opened);
    error = open_parts(opened);
    if (error == KITH_OK) {
        error = start(opened);
    }
    if (error != KITH_OK) {
        close_parts(opened);
        return error;
    }
    kith_node_part_set(node, KITH_PART_NAMING, opened);
    kith_node_hook_add(node, &opened->hook);
    kith_route_observe(node, &opened->observer);
    *naming = opened->ref;
    return KITH_OK;
}

void kith_naming_close(struct kith_node *node)
{
    struct kithi_naming *naming = kith_node_part(node, KITH_PART_NAMING);
    if (naming == NULL) {
        return;
    }
    kith_route_unobserve(node, &naming->observer);
    kith_node_hook_remove(node, &naming->hook);
    kith_node_part_set(node, KITH_PART_NAMING, NULL);
    kith_kill(node, naming->ref, KITH_OK);
    close_parts(naming);
}

struct kithi_naming *kithi_naming_of(const struct kith_node *node)
{
    struct kithi_naming *naming = kith_node_part(node, KITH_PART_NAMING);
    assert(naming != NULL); // kith_naming_open comes first
    return naming;
}

// The state may have been closed, and even opened anew, while the process slept.
static bool is_open(const struct kith_process *self, const struct kithi_naming *naming)
{
    return kith_node_part(kith_process_node(self), KITH_PART_NAMING) == naming &&
           kith_ref_equal(naming->ref, kith_self(self));
}

static void run(struct kith_process *self, void *argument)
{
    struct kithi_naming *naming = argument;
    if (!is_open(self, naming)) {
        return;
    }
    naming->self = self;
    naming->woken = false;
    uint32_t handled = 0;
    for (;;) {
        uint64_t until = naming->flush_ns < naming->due_ns ? naming->flush_ns : naming->due_ns;
        struct kith_message *message;
        enum kith_error error = kith_receive(self, &message, until);
        if (!is_open(self, naming) || error == KITH_ERROR_KILLED) {
            kith_message_free(&message);
            return;
        }
        if (error == KITH_OK) {
            dispatch(naming, &message);
            if (++handled % LOOK_EVERY == 0 && kith_now(self) >= until) {
                work(naming);
            }
        } else {
            work(naming);
        }
    }
}

// Giving way wouldn't do: this process has a high priority.
void kithi_naming_pause(struct kithi_naming *naming)
{
    uint64_t now_ns = kith_node_now(naming->node);
    if (now_ns - naming->turn_ns < KITHI_TURN_NS) {
        return;
    }
    struct kith_process *self = naming->self;
    enum kith_error error = kith_sleep_until(self, now_ns);
    if (!is_open(self, naming) || error == KITH_ERROR_KILLED) {
        kith_exit(self, KITH_OK);
    }
    naming->turn_ns = kith_node_now(naming->node);
}

static void work(struct kithi_naming *naming)
{
    uint64_t now_ns = kith_node_now(naming->node);
    naming->flush_ns = KITH_FOREVER;
    naming->due_ns = KITH_FOREVER;
    kithi_members_update(naming);
    kithi_publish_all(naming, now_ns);
    kithi_replica_check(naming, now_ns);
    kithi_watches_continue(naming, now_ns);
    kithi_waits_sweep(naming, now_ns);
}

// Only the naming process of a node speaks for its table.
static struct kithi_member *find_peer(const struct kithi_naming *naming,
                                      const struct kith_message *message)
{
    struct kithi_member *member = kithi_member_find(naming, message->from.node);
    bool allowed = member != NULL && member->place != KITHI_OWN &&
                   !kith_ref_is_none(message->from) &&
                   kith_ref_equal(message->from, member->info.naming);
    return allowed ? member : NULL;
}

static void dispatch_peer(struct kithi_naming *naming, struct kith_message **message)
{
    struct kithi_member *member = find_peer(naming, *message);
    if (member == NULL) {
        naming->counters.denied++;
        kithi_naming_answer_error(naming, message, KITH_ERROR_DENIED);
        return;
    }
    switch (KITH_TYPE_METHOD((*message)->type)) {
    case KITHI_RESYNC:
        kithi_naming_resync(naming, member, *message);
        break;
    case KITHI_REPLICATE:
        kithi_naming_replicate(naming, member, *message);
        break;
    default:
        kithi_naming_change(naming, member, *message);
        break;
    }
    kith_message_free(message);
}

// Each of these takes the message.
static void dispatch_service(struct kithi_naming *naming, struct kith_message **message)
{
    switch (KITH_TYPE_METHOD((*message)->type)) {
    case KITHI_REGISTER:
        kithi_naming_register(naming, message);
        break;
    case KITHI_RELEASE:
        kithi_naming_release(naming, message);
        break;
    case KITHI_LOOKUP:
        kithi_naming_lookup(naming, message);
        break;
    case KITHI_FIND:
        kithi_naming_find(naming, message, false);
        break;
    case KITHI_LIST:
        kithi_naming_find(naming, message, true);
        break;
    case KITHI_WAIT:
        kithi_naming_wait(naming, message);
        break;
    case KITHI_WATCH:
        kithi_naming_watch(naming, message);
        break;
    case KITHI_UNWATCH:
        kithi_naming_unwatch(naming, message);
        break;
    case KITHI_STATUS:
        kithi_naming_status(naming, message);
        break;
    case KITHI_RESYNC:
    case KITHI_REPLICATE:
    case KITHI_CHANGE:
        dispatch_peer(naming, message);
        break;
    default:
        kithi_naming_answer_error(naming, message, KITH_ERROR_UNSUPPORTED);
        break;
    }
}

// A receiver that isn't there, or doesn't want them, gets no more events.
static void handle_returned_event(struct kithi_naming *naming, const struct kith_message *message)
{
    uint32_t client = kithi_client_find(naming, message->to);
    switch (message->error) {
    case KITH_ERROR_STALE:
    case KITH_ERROR_NOT_FOUND:
    case KITH_ERROR_DENIED:
    case KITH_ERROR_UNSUPPORTED:
        if (client != KITHI_NONE) {
            kithi_watches_end(naming, client);
        }
        break;
    default:
        kithi_watches_reset(naming, client);
        break;
    }
}

// What was sent didn't arrive. Its receiver can't know, so that it is up to us to go on.
static void handle_returned(struct kithi_naming *naming, const struct kith_message *message)
{
    struct kithi_member *member = kithi_member_find(naming, message->to.node);
    bool table = message->returned_type == kithi_type(naming, KITHI_REPLICATE) ||
                 message->returned_type == kithi_type(naming, KITHI_CHANGE);
    if (message->returned_type == kithi_type(naming, KITHI_EVENT)) {
        handle_returned_event(naming, message);
    } else if (member != NULL && table) {
        kithi_publish_again(naming, member);
    }
}

static void dispatch(struct kithi_naming *naming, struct kith_message **message)
{
    uint64_t type = (*message)->type;
    if (KITH_TYPE_SIGNATURE(type) == KITH_TYPE_SIGNATURE(naming->type)) {
        dispatch_service(naming, message);
        return;
    }
    if (type == KITH_TYPE_DOWN) {
        kithi_client_down(naming, (*message)->data);
    } else if (type == KITH_TYPE_RETURNED) {
        handle_returned(naming, *message);
    } else if (kith_ref_is_none((*message)->from) && (*message)->size == 0) {
        naming->woken = false;
        work(naming);
    }
    kithi_naming_answer_error(naming, message, KITH_ERROR_UNSUPPORTED);
}

void kithi_naming_wake(struct kithi_naming *naming)
{
    struct kith_message *message;
    if (naming->woken || kith_message_new(naming->node, KITH_TYPE(KITH_SIGNATURE_BYTES, 0), 0,
                                          &message) != KITH_OK) {
        return; // the hook before idle tries again
    }
    naming->woken = kith_post(naming->node, naming->ref, &message) == KITH_OK;
    kith_message_free(&message);
}

void kithi_naming_due(struct kithi_naming *naming, uint64_t deadline_ns)
{
    if (deadline_ns < naming->due_ns) {
        naming->due_ns = deadline_ns;
    }
}

void kithi_naming_answer(struct kithi_naming *naming, struct kith_message **message)
{
    if ((*message)->waiting) {
        enum kith_error error = kith_reply(naming->self, message);
        if (error != KITH_OK) {
            (void)kith_reply_error(naming->self, message, error);
        }
    }
    kith_message_free(message);
}

void kithi_naming_answer_error(struct kithi_naming *naming, struct kith_message **message,
                               enum kith_error error)
{
    if ((*message)->waiting) {
        kith_message_reset(*message);
        (*message)->error = error;
    }
    kithi_naming_answer(naming, message);
}

void kithi_naming_answer_nothing(struct kithi_naming *naming, struct kith_message **message,
                                 enum kith_error error)
{
    kith_message_reset(*message);
    if (error == KITH_OK &&
        kith_message_set_typed(*message, &kith__naming_nothing__descriptor) == NULL) {
        error = KITH_ERROR_NO_MEMORY;
    }
    (*message)->error = error;
    kithi_naming_answer(naming, message);
}

void *kithi_naming_allocate(const struct kithi_naming *naming, size_t size)
{
    void *memory = naming->platform->allocate(naming->platform->state, size);
    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

void kithi_naming_free(const struct kithi_naming *naming, void *memory, size_t size)
{
    naming->platform->release(naming->platform->state, memory, size);
}

uint64_t kithi_naming_jitter(struct kithi_naming *naming, uint64_t span_ns)
{
    naming->random = naming->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return span_ns - span_ns / 4 + (naming->random >> 33) % (span_ns / 2 + 1);
}
