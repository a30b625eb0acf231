// SPDX-License-Identifier: Apache-2.0
// A node without processes of its own.
#include <kith/app.h>

#include "about.h"

int main(int argc, char **argv)
{
    static const struct kith_app app = {
        .program = KITHD_NAME,
        .summary = KITHD_SUMMARY,
        .description = KITHD_DESCRIPTION,
    };
    return kith_app_run(argc, argv, &app);
}
