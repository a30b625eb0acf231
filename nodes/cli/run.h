// SPDX-License-Identifier: Apache-2.0
// From the command line to the exit code.
#ifndef KITHI_RUN_H
#define KITHI_RUN_H

int kithi_run(int argc, char **argv);

#endif
