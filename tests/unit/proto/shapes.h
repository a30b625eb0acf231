// SPDX-License-Identifier: Apache-2.0
// Messages of every shape, with contents that are drawn.
#ifndef SHAPES_H
#define SHAPES_H

#include <stdint.h>

#include <kith/message.h>

#include <test.pb-c.h>

// Fills about half of the fields of `all`, which lives in `message`.
void fill_all(struct kith_message *message, Kith__Test__All *all, uint64_t *seed);

#endif
