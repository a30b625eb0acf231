// SPDX-License-Identifier: Apache-2.0
#ifndef COUNTER_H
#define COUNTER_H

#include <kith/process.h>

// The body of a counter: counts the words that it is sent, until it is told to end.
void run_counter(struct kith_process *self, void *argument);

#endif
