// SPDX-License-Identifier: Apache-2.0
#ifndef READER_H
#define READER_H

#include <kith/process.h>

// The body of the reader: reads the files of the setting `text`, has their words counted by all
// counters there are, and prints the most frequent ones.
void run_reader(struct kith_process *self, void *argument);

#endif
