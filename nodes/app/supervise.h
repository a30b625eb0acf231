// SPDX-License-Identifier: Apache-2.0
// Starts processes again that end though nobody told them to.
#ifndef KITHI_SUPERVISE_H
#define KITHI_SUPERVISE_H

#include <kith/app.h>

struct kithi_app;

// Takes note of `count` instances that are to be kept running. NO_MEMORY.
enum kith_error kithi_supervise(struct kithi_app *self, const struct kith_app_process *process,
                                uint64_t count);

// Starts all of them, if there are any. Errors: those of kith_spawn.
enum kith_error kithi_supervisor_start(struct kithi_app *self);
void kithi_supervisor_close(struct kithi_app *self);

#endif
