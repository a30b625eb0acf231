// SPDX-License-Identifier: Apache-2.0
// kith call: any method of any service, described by the node of the process.
#include <stdlib.h>
#include <string.h>

#include <kith/describe.h>
#include <kith/exchange.h>
#include <kith/json.h>
#include <kith/suggest.h>

#include "describe.pb-c.h"
#include "handlers.h"
#include "names.h"
#include "node.pb-c.h"
#include "payload.h"

#define METHODS_MAX 2048

// The services of a node. They live in `message`, which is only freed with the node, since the
// codec borrows them.
struct services {
    const ProtobufCServiceDescriptor *all;
    size_t count;
};

struct method {
    const ProtobufCServiceDescriptor *service;
    unsigned number;
};

static enum kith_error ask_services(struct kithi_session *session, struct kith_ref node,
                                    struct services *services)
{
    struct kith_message *message;
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Describe", &message);
    if (error == KITH_OK)
        error = kithi_ask(session, node, &message);
    if (error == KITH_OK)
        error = kith_describe_build(message, message->data, &services->all, &services->count);
    return error;
}

// "kith.Node" by that or by "Node".
static bool is_service(const ProtobufCServiceDescriptor *service, const char *name, size_t len)
{
    size_t full = strlen(service->name);
    if (len > full || strncmp(service->name + full - len, name, len) != 0)
        return false;
    return len == full || service->name[full - len - 1] == '.';
}

static bool find_method(const struct services *services, const char *text, struct method *method)
{
    const char *dot = strrchr(text, '.');
    if (dot == NULL)
        return false;
    for (size_t i = 0; i < services->count; i++) {
        const ProtobufCServiceDescriptor *service = &services->all[i];
        if (!is_service(service, text, (size_t)(dot - text)))
            continue;
        for (unsigned number = 0; number < service->n_methods; number++) {
            if (strcmp(service->methods[number].name, dot + 1) == 0) {
                *method = (struct method){service, number};
                return true;
            }
        }
    }
    return false;
}

// ---- What was perhaps meant: full and short names of all methods. ----

static char *join(const char *service, const char *method)
{
    size_t size = strlen(service) + strlen(method) + 2;
    char *text = malloc(size);
    if (text != NULL)
        snprintf(text, size, "%s.%s", service, method);
    return text;
}

static size_t list_methods(const struct services *services, char **texts)
{
    size_t count = 0;
    for (size_t i = 0; i < services->count; i++) {
        const ProtobufCServiceDescriptor *service = &services->all[i];
        const char *dot = strrchr(service->name, '.');
        for (unsigned number = 0; number < service->n_methods && count + 2 < METHODS_MAX;
             number++) {
            const char *name = service->methods[number].name;
            texts[count++] = join(dot != NULL ? dot + 1 : service->name, name);
            texts[count++] = join(service->name, name);
        }
    }
    return count;
}

static int fail_unknown(const struct kithi_session *session, const struct services *services,
                        const struct kith_link_info *link, const char *text)
{
    char *texts[METHODS_MAX];
    size_t count = list_methods(services, texts);
    const char *meant = kith_suggest_of(text, (const char *const *)texts, count);
    if (meant != NULL)
        kithi_fail(session, KITH_EXIT_NOT_FOUND,
                   "node %s knows no method '%.200s'; did you mean '%s'?", link->name, text, meant);
    else
        kithi_fail(session, KITH_EXIT_NOT_FOUND,
                   "node %s knows no method '%.200s'; try 'kith call %.200s' for those it knows",
                   link->name, text, session->invocation.arguments[0]);
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    return KITH_EXIT_NOT_FOUND;
}

static int write_methods(const struct kithi_session *session, const struct services *services)
{
    static const struct kithi_column columns[] = {
        {.title = "METHOD", .key = "method", .kind = KITHI_TEXT},
        {.title = "TAKES", .key = "takes", .kind = KITHI_TEXT},
        {.title = "GIVES", .key = "gives", .kind = KITHI_TEXT},
        {.title = "FIELDS", .key = "fields", .kind = KITHI_TEXT},
    };
    struct kithi_table *table = kithi_table_open(&session->output, columns, 4);
    char fields[256], type[64];
    for (size_t i = 0; i < services->count; i++) {
        const ProtobufCServiceDescriptor *service = &services->all[i];
        for (unsigned number = 0; number < service->n_methods; number++) {
            const ProtobufCMethodDescriptor *method = &service->methods[number];
            size_t used = 0;
            fields[0] = 0;
            for (unsigned f = 0; f < method->input->n_fields && used < sizeof(fields); f++) {
                kith_json_field_type(&method->input->fields[f], type, sizeof(type));
                used += (size_t)snprintf(fields + used, sizeof(fields) - used, "%s%s: %s",
                                         f > 0 ? ", " : "", method->input->fields[f].name, type);
            }
            char *name = join(service->name, method->name);
            const struct kithi_cell cells[] = {kithi_text(name), kithi_text(method->input->name),
                                               kithi_text(method->output->name),
                                               kithi_text(fields)};
            kithi_table_row(table, cells);
            free(name);
        }
    }
    kithi_table_close(table);
    return KITH_EXIT_OK;
}

// ---- The call. ----

static void *allocate(void *state, size_t size)
{
    return kith_message_allocate(state, size);
}

static int fill_message(struct kithi_session *session, struct kith_message *message)
{
    const char *text = session->invocation.arguments[2];
    struct kith_json_problem problem;
    char *bytes;
    size_t size;
    json_t *json;
    if (text == NULL)
        return KITH_EXIT_OK;
    int code = kithi_payload_read(session, "JSON", text, &bytes, &size);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error = kith_json_parse(bytes, size, &json, &problem);
    free(bytes);
    if (error == KITH_OK) {
        const struct kith_json_memory memory = {allocate, message};
        error = kith_json_to_message(json, &memory, message->data, &problem);
        json_decref(json);
    }
    if (error == KITH_ERROR_INVALID || error == KITH_ERROR_LIMIT)
        return kithi_fail(session, KITH_EXIT_USAGE, "JSON: %s", problem.text);
    return error == KITH_OK ? KITH_EXIT_OK : kithi_fail_error(session, "JSON", error);
}

static int write_reply(struct kithi_session *session, const struct kith_message *message)
{
    json_t *json;
    enum kith_error error = kith_json_from_message(message->data, &json);
    if (error != KITH_OK)
        return kithi_fail_error(session, "the reply", error);
    kithi_json_write(&session->output, json);
    json_decref(json);
    return KITH_EXIT_OK;
}

static int call_method(struct kithi_session *session, struct kith_ref to,
                       const struct method *method)
{
    const ProtobufCMethodDescriptor *descriptor = &method->service->methods[method->number];
    struct kith_message *message = NULL;
    enum kith_error error = kith_service_register(session->node, method->service);
    // The services that are built into this program stay as they are.
    if (error == KITH_ERROR_EXISTS)
        error = KITH_OK;
    if (error == KITH_OK)
        error = kith_message_new_typed(session->node,
                                       kith_service_type(method->service, method->number),
                                       descriptor->input, &message);
    if (error != KITH_OK)
        return kithi_fail_error(session, descriptor->name, error);
    int code = fill_message(session, message);
    if (code == KITH_EXIT_OK) {
        error = kithi_ask(session, to, &message);
        if (error != KITH_OK)
            code = kithi_fail_error(session, session->invocation.arguments[1], error);
        else
            code = write_reply(session, message);
    }
    kith_message_free(&message);
    return code;
}

int kithi_run_call(struct kithi_session *session)
{
    const char *const *arguments = session->invocation.arguments;
    struct kithi_found found;
    struct kith_link_info link;
    struct services services;
    struct method method;
    int code = kithi_reach_process(session, arguments[0], &found, &link);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error = ask_services(session, link.kernel, &services);
    if (error != KITH_OK)
        return kithi_fail_error(session, link.name, error);
    if (arguments[1] == NULL)
        return write_methods(session, &services);
    if (!find_method(&services, arguments[1], &method))
        return fail_unknown(session, &services, &link, arguments[1]);
    return call_method(session, found.ref, &method);
}
