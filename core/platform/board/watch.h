// SPDX-License-Identifier: Apache-2.0
// The node that is watched over.
#ifndef KITHI_BOARD_WATCH_H
#define KITHI_BOARD_WATCH_H

#include <kith/platform_board.h>

struct kith_node *kithi_watched(void); // or NULL

// The clock's interrupt: so much time has passed since the last.
void kithi_watch_tick(uint64_t passed_ns);

#endif
