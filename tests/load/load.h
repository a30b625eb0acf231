// SPDX-License-Identifier: Apache-2.0
// What the files of kith-load share: a program made with libkith that puts nodes under load for as
// long as it is told to, and then checks that what it knows adds up. Each part prints what it has
// found; a wrong one ends the program with KITH_EXIT_FAILURE.
#ifndef LOAD_H
#define LOAD_H

#include <kith/kith.h>

// Plain messages.
enum {
    LOAD_LETTER = KITH_TYPE(KITH_SIGNATURE_BYTES, 1), // a number, counted by its sender
    LOAD_REPORT = KITH_TYPE(KITH_SIGNATURE_BYTES, 2), // request: what has come of mine?
    LOAD_WORK = KITH_TYPE(KITH_SIGNATURE_BYTES, 3),   // request: the same number back
};

enum {
    LOAD_LETTER_SIZE = 64,
    LOAD_PATIENCE_MS = 60000,
};

// The answer to a LOAD_REPORT.
struct load_report {
    uint64_t received, last; // letters, and the number of the last one
    uint64_t misordered;     // came twice, or after a later one
};

// Of the node's processes together; for the parts to count in.
struct load {
    uint64_t until_ns;       // when the load ends
    uint32_t working, wrong; // parts that are still at it; that have found something wrong
    uint64_t accepted, refused, returned, received, lost;
    uint64_t asked, replied, failed; // by workers
    uint64_t registered, released;
};

kith_process_entry load_run_sink, load_run_sender;     // letters.c
kith_process_entry load_run_worker, load_run_finder;   // work.c
kith_process_entry load_run_churner, load_run_watcher; // names.c

// A part has done its share; `right`: all was as it should be. The last one ends the program.
void load_part_done(struct kith_process *self, struct load *load, bool right);

#endif
