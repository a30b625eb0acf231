// SPDX-License-Identifier: Apache-2.0
// Client calls that are requests to the naming process and nothing else.
#include "server.h"

static enum kith_error new_request(const struct kithi_naming *naming, enum kithi_method method,
                                   const ProtobufCMessageDescriptor *descriptor,
                                   struct kith_message **message)
{
    return kith_message_new_typed(naming->node, kithi_type(naming, method), descriptor, message);
}

// The request's text in its arena. NO_MEMORY: the request has been freed.
static enum kith_error set_text(struct kith_message **message, char **field, const char *text)
{
    *field = kith_message_text(*message, text);
    if (*field == NULL) {
        kith_message_free(message);
        return KITH_ERROR_NO_MEMORY;
    }
    return KITH_OK;
}

enum kith_error kith_register(struct kith_process *self, const char *name, uint32_t index,
                              uint32_t *index_out, uint64_t deadline_ns)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    struct kith_message *message;
    enum kith_error error =
        new_request(naming, KITHI_REGISTER, &kith__naming_register__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingRegister *request = message->data;
    error = set_text(&message, &request->name, name);
    if (error != KITH_OK) {
        return error;
    }
    if (index != KITH_INDEX_ANY) {
        request->wanted_case = KITH__NAMING_REGISTER__WANTED_INDEX;
        request->index = index;
    }
    error = kithi_naming_call(self, to, &message, deadline_ns);
    if (error != KITH_OK) {
        return error;
    }
    const Kith__NamingRegistered *reply =
        kith_message_typed(message, &kith__naming_registered__descriptor);
    if (index_out != NULL && reply != NULL) {
        *index_out = reply->index;
    }
    kith_message_free(&message);
    return KITH_OK;
}

enum kith_error kith_release(struct kith_process *self, const char *name, uint32_t index,
                             uint64_t deadline_ns)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    struct kith_message *message;
    enum kith_error error =
        new_request(naming, KITHI_RELEASE, &kith__naming_release__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingRelease *request = message->data;
    request->index = index;
    error = set_text(&message, &request->name, name);
    if (error == KITH_OK) {
        error = kithi_naming_call(self, to, &message, deadline_ns);
    }
    if (error == KITH_OK) {
        kith_message_free(&message);
    }
    return error;
}

enum kith_error kith_naming_wait_complete(struct kith_process *self, uint64_t deadline_ns)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    if (!naming->members_changed && kithi_members_complete(naming)) {
        return KITH_OK;
    }
    struct kith_message *message;
    enum kith_error error =
        new_request(naming, KITHI_WAIT, &kith__naming_wait__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingWait *request = message->data;
    request->all_nodes = true;
    error = kithi_naming_call(self, to, &message, deadline_ns);
    if (error == KITH_OK) {
        kith_message_free(&message);
    }
    return error;
}

enum kith_error kith_watch(struct kith_process *self, const char *pattern, unsigned kinds,
                           uint64_t *watch, uint64_t deadline_ns)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    struct kith_message *message;
    enum kith_error error =
        new_request(naming, KITHI_WATCH, &kith__naming_watch__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingWatch *request = message->data;
    request->kinds = kinds;
    error = set_text(&message, &request->pattern, pattern);
    if (error == KITH_OK) {
        error = kithi_naming_call(self, to, &message, deadline_ns);
    }
    if (error != KITH_OK) {
        return error;
    }
    const Kith__NamingWatching *reply =
        kith_message_typed(message, &kith__naming_watching__descriptor);
    if (watch != NULL) {
        *watch = reply == NULL ? 0 : reply->watch;
    }
    kith_message_free(&message);
    return KITH_OK;
}

enum kith_error kith_unwatch(struct kith_process *self, uint64_t watch, uint64_t deadline_ns)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    struct kith_message *message;
    enum kith_error error =
        new_request(naming, KITHI_UNWATCH, &kith__naming_watching__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingWatching *request = message->data;
    request->watch = watch;
    error = kithi_naming_call(self, to, &message, deadline_ns);
    if (error == KITH_OK) {
        kith_message_free(&message);
    }
    return error;
}

bool kith_naming_event(const struct kith_message *message, struct kith_naming_event *event)
{
    const Kith__NamingEvent *told = kith_message_typed(message, &kith__naming_event__descriptor);
    if (told == NULL) {
        return false;
    }
    *event = (struct kith_naming_event){
        .watch = told->watch,
        .kind = (enum kith_event_kind)told->kind,
        .what = (enum kith_watch_kind)told->what,
        .node = told->node,
        .node_name = told->node_name,
        .transient = told->transient,
        .name = told->name,
        .index = told->index,
        .ref = {told->generation == 0 ? 0 : told->node, told->slot, told->generation},
        .epoch = told->epoch,
        .reason = kith_error_from_number(told->reason),
    };
    (void)kith_endpoint_parse(told->endpoint, 0, &event->endpoint);
    return true;
}
