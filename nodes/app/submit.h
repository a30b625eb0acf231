// SPDX-License-Identifier: Apache-2.0
// The way in from other threads.
#ifndef KITHI_SUBMIT_H
#define KITHI_SUBMIT_H

#include <kith/node.h>

struct kithi_submissions;

// `loop` is the node's uv_loop_t. Errors: NO_MEMORY, IO.
enum kith_error kithi_submissions_open(struct kith_node *node, void *loop,
                                       struct kithi_submissions **submissions);

// Makes the calls that are left, and takes no more. Ends with the loop.
void kithi_submissions_close(struct kithi_submissions *submissions);

#endif
