// SPDX-License-Identifier: Apache-2.0
// A node without processes of its own.
#include <kith/app.h>

int main(int argc, char **argv)
{
    static const struct kith_app app = {
        .program = "kithd",
        .summary = "Runs a kith node: its processes reach those of other nodes by messages.",
    };
    return kith_app_run(argc, argv, &app);
}
