// SPDX-License-Identifier: Apache-2.0
// kith, the command-line program.
#include "run.h"

int main(int argc, char **argv)
{
    return kithi_run(argc, argv);
}
