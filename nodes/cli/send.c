// SPDX-License-Identifier: Apache-2.0
// kith send.
#include <stdlib.h>
#include <string.h>

#include <kith/exchange.h>

#include "handlers.h"
#include "names.h"
#include "node.pb-c.h"
#include "options.h"
#include "payload.h"

#define RETURN_MS 20 // a message that can't be delivered has come back by then

static const struct kithi_column columns[] = {
    {.title = "to", .key = "to", .kind = KITHI_TEXT},
    {.title = "type", .key = "type", .kind = KITHI_ID},
    {.title = "size", .key = "size_bytes", .kind = KITHI_BYTES},
    {.title = "reply", .key = "reply", .kind = KITHI_TEXT},
};

static int make_message(struct kithi_session *session, uint64_t type, struct kith_message **message)
{
    const char *text = kithi_invocation_option(&session->invocation, "data");
    char *bytes = NULL;
    size_t size = 0;
    int code = KITH_EXIT_OK;
    if (text != NULL)
        code = kithi_payload_read(session, "--data", text, &bytes, &size);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error = kith_message_new(session->node, type, size, message);
    if (error == KITH_OK && size > 0)
        memcpy((*message)->data, bytes, size);
    free(bytes);
    return error == KITH_OK ? KITH_EXIT_OK : kithi_fail_error(session, "--data", error);
}

// The node of the receiver is asked something afterwards. When it has answered, the message has
// been there for a while, and would be back if it couldn't be delivered.
static enum kith_error wait_for_return(struct kithi_session *session, struct kith_ref node)
{
    struct kith_message *message;
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Ping", &message);
    if (error == KITH_OK)
        error = kithi_ask(session, node, &message);
    kith_message_free(&message);
    if (error != KITH_OK)
        return error;
    error = kith_receive_type(session->self, KITH_TYPE_RETURNED, &message,
                              kithi_deadline_ms(session, RETURN_MS));
    if (error == KITH_OK)
        error = (enum kith_error)message->error;
    kith_message_free(&message);
    return error == KITH_ERROR_TIMEOUT ? KITH_OK : error;
}

// A reply in plain bytes goes out as it is; with JSON, as a text.
static int write_reply(struct kithi_session *session, const char *address,
                       const struct kith_message *message)
{
    if (message->error != KITH_OK)
        return kithi_fail_error(session, address, (enum kith_error)message->error);
    if (!session->output.json) {
        fwrite(message->data, 1, message->size, session->output.out);
        return KITH_EXIT_OK;
    }
    char *text = strndup(message->data != NULL ? message->data : "", message->size);
    if (text == NULL)
        return kithi_fail(session, KITH_EXIT_FAILURE, "out of memory");
    const struct kithi_cell cells[] = {kithi_text(address), kithi_number(message->type),
                                       kithi_number(message->size), kithi_text(text)};
    kithi_record_write(&session->output, columns, cells, 4);
    free(text);
    return KITH_EXIT_OK;
}

static int send_and_tell(struct kithi_session *session, const char *address,
                         const struct kithi_found *found, const struct kith_link_info *link,
                         struct kith_message **message)
{
    bool call = kithi_invocation_option(&session->invocation, "call") != NULL;
    uint64_t type = (*message)->type, size = (*message)->size;
    enum kith_error error;
    int code = KITH_EXIT_OK;
    if (call)
        error = kith_call(session->self, found->ref, message, session->deadline_ns);
    else
        error = kith_send(session->self, found->ref, message, session->deadline_ns);
    if (error == KITH_OK && !call)
        error = wait_for_return(session, link->kernel);
    if (error != KITH_OK)
        return kithi_fail_error(session, address, error);
    if (call) {
        code = write_reply(session, address, *message);
    } else if (session->output.json) {
        const struct kithi_cell cells[] = {kithi_text(address), kithi_number(type),
                                           kithi_number(size)};
        kithi_record_write(&session->output, columns, cells, 3);
    }
    return code;
}

static int read_type(const struct kithi_session *session, uint64_t *type)
{
    *type = 0;
    return kithi_option_number(session, "type", 0, UINT64_MAX, type);
}

int kithi_check_send(struct kithi_session *session)
{
    uint64_t type;
    return read_type(session, &type);
}

int kithi_run_send(struct kithi_session *session)
{
    const char *address = session->invocation.arguments[0];
    struct kithi_found found;
    struct kith_link_info link;
    struct kith_message *message = NULL;
    uint64_t type;
    int code = read_type(session, &type);
    if (code == KITH_EXIT_OK)
        code = kithi_reach_process(session, address, &found, &link);
    if (code == KITH_EXIT_OK)
        code = make_message(session, type, &message);
    if (code == KITH_EXIT_OK)
        code = send_and_tell(session, address, &found, &link, &message);
    kith_message_free(&message);
    return code;
}
