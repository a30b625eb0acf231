#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public function is called while memory runs out.

    every_call.py ROOT

Takes the functions that the public headers of HEADERS declare, and looks for calls of each: in the
scenarios beside this file and for programs, or in a module that the scenarios run. A function
that is called nowhere needs a place in a scenario, or a reason in EXEMPT.
"""
import pathlib
import re
import sys

HEADERS = ("core/include/kith", "proto/include/kith", "net/include/kith", "naming/include/kith",
           "nodes/config/include/kith", "nodes/app/include/kith")
CALLERS = ("tests/unit/scarce", "tests/unit/nodes/app/scarce.c", "core", "proto", "net", "naming",
           "nodes/app")
DECLARED = re.compile(r"^(?!typedef)[a-z][A-Za-z0-9_ *]*?\b(kith_[a-z0-9_]+)\(", re.MULTILINE)
READS = "reads what is there, and gets nothing to allocate with"
EXEMPT = {
    "kith_address_format": READS,
    "kith_address_problem": READS,
    "kith_error_text": READS,
    "kith_node_counters": READS,
    "kith_pattern_valid": READS,
    "kith_process_state_name": READS,
    "kith_service_at": READS,
    "kith_node_run": "kith_node_step in a loop, and it waits for a stop",
    "kith_node_stop": "sets a flag",
    "kith_node_want_turn": "sets a flag",
    "kith_node_watch": "reads the clock of the running process, for a signal handler",
    "kith_planted_select": "only in builds with planted bugs",
    "kith_planted_name": "only in builds with planted bugs",
}


def main():
    root = pathlib.Path(sys.argv[1])
    declared = {name: header.relative_to(root) for folder in HEADERS
                for header in sorted((root / folder).glob("*.h"))
                for name in DECLARED.findall(without_comments(header.read_text()))}
    called = set()
    for folder in CALLERS:
        for file in files_in(root / folder):
            called.update(find_calls(without_comments(file.read_text())))
    missing = [f"{name} ({header})" for name, header in sorted(declared.items())
               if name not in called and name not in EXEMPT]
    unknown = sorted(set(EXEMPT) - set(declared))
    report("the headers declare functions", [] if len(declared) > 100 else ["hardly any"])
    report("every public function is called while memory runs out", missing)
    report("what is exempt exists", unknown)
    return 1 if missing or unknown or len(declared) <= 100 else 0


def files_in(place):
    return [place] if place.is_file() else place.glob("*.c")


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def find_calls(text):
    """Calls are inside of functions, so they are indented; definitions are not."""
    return [name for line in re.findall(r"^[ \t].*$", text, re.MULTILINE)
            for name in re.findall(r"\b(kith_[a-z0-9_]+)\(", line)]


def report(what, wrong):
    print("FAIL" if wrong else "PASS", what)
    for item in wrong:
        print("  ", item)


if __name__ == "__main__":
    sys.exit(main())
