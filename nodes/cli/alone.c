// SPDX-License-Identifier: Apache-2.0
// Commands that need no node: completion, version.
#include <string.h>

#include <kith/frame.h>

#include "handlers.h"
#include "help.h"
#include "session.h"

int kithi_run_completion(struct kithi_session *session)
{
    const char *shell = session->invocation.arguments[0];
    if (strcmp(shell, "bash") != 0)
        return kithi_fail(session, KITH_EXIT_USAGE,
                          "no completion for shell '%.60s': only for bash; try 'kith completion "
                          "bash'",
                          shell);
    kithi_complete_bash(session->output.out);
    return KITH_EXIT_OK;
}

int kithi_run_version(struct kithi_session *session)
{
    static const struct kithi_column columns[] = {
        {.title = "kith", .key = "version", .kind = KITHI_TEXT},
        {.title = "wire", .key = "wire_version", .kind = KITHI_COUNT},
    };
    const struct kithi_cell cells[] = {kithi_text(KITH_VERSION), kithi_number(KITH_WIRE_VERSION)};
    kithi_record_write(&session->output, columns, cells, 2);
    return KITH_EXIT_OK;
}
