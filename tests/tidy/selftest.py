#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests the house rules themselves: each must find what is planted for it, and nothing else must.

One line "PASS what" or "FAIL what" each, as tidy prints.
"""
import os
import subprocess
import sys
import tempfile

import rules
import tidy

LICENCE = "// " + rules.SPDX + "\n"


def function_of(lines):
    return LICENCE + "\nstatic int long_one(int a,\n                    int b)\n{\n" \
        + "    a += b;\n" * (lines - 4) + "}\n"


# Files that keep every rule, close to its border.
CLEAN = {
    "core/include/kith/a.h": LICENCE + "\n// Does a. May not block.\nint kith_a(int x);\n"
                                       "int kith_b(void);\n",
    "net/include/kith/n.h": LICENCE + "// Does n.\nint kith_n(void);\n",
    "core/a.c": LICENCE + '#include "a_internal.h"\n#include <kith/a.h>\n#include <string.h>\n',
    "core/limit.c": function_of(rules.FUNCTION_LINES_AIM),
    "core/checks/asan/c.c": LICENCE + "#include <sanitizer/asan_interface.h>\n",
    "core/long.c": LICENCE + "\n" * (rules.FILE_LINES_MOST - 1),
    "core/wide.c": LICENCE + "//" + "x" * (rules.COLUMNS_MOST - 2) + "\n",
    "core/arch/x86_64/s.c": LICENCE + "#ifdef __x86_64__\n#endif\n",
    "core/platform/linux/p.c": LICENCE + "#include <uv.h>\n#include <sys/mman.h>\n",
    "net/link.c": LICENCE + "#include <kith/a.h>\n#if KITH_SANITIZED\n#endif\n",
    "net/sctp/s.c": LICENCE + "#include <usrsctp.h>\n#if defined(__linux__)\n#endif\n",
    "nodes/n.c": LICENCE + "#include <jansson.h>\n#include <kith/n.h>\n#include <uv.h>\n",
    "tests/unit/net/sctp/t.c": LICENCE + "#include <cmocka.h>\n#include <usrsctp.h>\n",
    "tests/bench/b.c": LICENCE + "#include <usrsctp.h>\n",
    "tools/script": "#!/bin/sh\n# " + rules.SPDX + "\n",
    "data.bin.txt": "a\tb \n",
}

# For each rule, files that break it and no other rule.
PLANTED = {
    "files are short enough": {
        "core/x.c": LICENCE + "\n" * rules.FILE_LINES_MOST},
    "functions are short enough": {
        "core/x.c": function_of(rules.FUNCTION_LINES_MOST + 1)},
    "sources begin with the licence line": {
        "core/x.c": "// nothing\n",
        "core/empty.h": "",
        "core/second.c": "\n" + LICENCE,
        "core/x.S": "/* nothing */\n",
        "proto/x.proto": 'syntax = "proto3";\n',
        "cmake/x.cmake": "set(A 1)\n",
        "nodes/CMakeLists.txt": "# GPL\n",
        "deploy/x": "#!/bin/bash\necho\n"},
    "white space is clean": {
        "core/x.c": LICENCE + "\tint a;\n",
        "core/y.c": LICENCE + "// a \n",
        "core/z.c": LICENCE + "// a\r\n",
        "core/end.c": LICENCE + "// a",
        "x.md": "a \n"},
    "lines are short enough": {
        "core/x.c": LICENCE + "//" + "x" * (rules.COLUMNS_MOST - 1) + "\n",
        "tests/y": "#!/bin/sh\n# " + rules.SPDX + "\n#" + "x" * rules.COLUMNS_MOST + "\n"},
    "shared code has no platform macros": {
        "core/a1.c": LICENCE + "#ifdef __linux__\n#endif\n",
        "core/a2.c": LICENCE + "#if defined(__GNUC__) && !defined(__arm__)\n#endif\n",
        "core/a3.h": LICENCE + "#  ifndef _WIN32\n#endif\n",
        "net/a4.c": LICENCE + "#if 0\n#elif __APPLE__\n#endif\n",
        "net/include/kith/a5.h": LICENCE + "#ifdef __aarch64__\n#endif\n"},
    "libraries are included only where they are wrapped": {
        "net/x.c": LICENCE + "#include <usrsctp.h>\n",
        "net/sctp/x.c": LICENCE + "#include <uv.h>\n",
        "naming/x.c": LICENCE + '#include "protobuf-c/protobuf-c.h"\n',
        "net/uv/x.c": LICENCE + "#include <yaml.h>\n",
        "proto/x.c": LICENCE + "#  include <jansson.h>\n",
        "nodes/x.c": LICENCE + "#include <cmocka.h>\n",
        "tests/unit/core/x.c": LICENCE + "#include <uv.h>\n"},
    "core includes no operating system": {
        "core/x.c": LICENCE + "#include <stdio.h>\n",
        "core/arch/x86_64/x.c": LICENCE + "#include <sys/mman.h>\n",
        "core/checks/none/x.c": LICENCE + "#include <sanitizer/asan_interface.h>\n",
        "core/include/kith/x.h": LICENCE + "#include <time.h>\n"},
    "includes follow the arrows": {
        "core/x.c": LICENCE + "#include <kith/n.h>\n",
        "core/platform/linux/x.c": LICENCE + "#include <kith/n.h>\n",
        "proto/x.c": LICENCE + '#include "kith/n.h"\n',
        "naming/x.c": LICENCE + "#include <kith/n.h>\n",
        "net/x.c": LICENCE + '#include "../core/a_internal.h"\n'},
    "nothing is left over": {
        "core/x.c": LICENCE + "// TO" "DO: later\n",
        "x.md": "FIX" "ME\n"},
}

# The same for what is only noted.
PLANTED_NOTES = {
    "long functions": {
        "core/x.c": function_of(rules.FUNCTION_LINES_AIM + 1)},
    "public functions without a contract": {
        "core/include/kith/x.h": LICENCE + "\n// For x.\n\nenum kith_error kith_x(void);\n",
        "net/sctp/include/kith/y.h": LICENCE + "\nint kith_y(void);\n"},
}

FORMATTED = {"core/x.c": LICENCE + "int a;\n\nint f(void)\n{\n    return a;\n}\n"}
UNFORMATTED = {"core/x.c": LICENCE + "int a;\n\nint f(void) {\n    return a;\n}\n"}


def main():
    failed = 0
    for kind, planted in ((rules.RULES, PLANTED), (rules.NOTES, PLANTED_NOTES)):
        failed += report("everything that is checked has something planted",
                         planted.keys() == kind.keys())
        failed += report("a clean tree has no findings", found_in(CLEAN, kind) == {})
        for rule, files in planted.items():
            for path, text in files.items():
                found = found_in({**CLEAN, path: text}, kind)
                failed += report(f"finds what is planted in {path} for: {rule}",
                                 is_only_finding(found, rule, path), found)
    failed += report("a function may be as long as the limit",
                     found_in({"core/x.c": function_of(rules.FUNCTION_LINES_MOST)},
                              rules.RULES) == {})
    with tempfile.TemporaryDirectory() as root:
        failed += report("formatted code passes", check_format(root, FORMATTED) == [])
        failed += report("unformatted code is found", check_format(root, UNFORMATTED) != [])
        failed += report("untracked and ignored files are told apart", lists_files(root))
    return 1 if failed else 0


def found_in(tree, kind):
    """What is found in a tree, without the rules that found nothing."""
    files = [rules.File(path, text) for path, text in tree.items()]
    return {rule: findings for rule, findings in rules.check_all(files, kind).items() if findings}


def is_only_finding(found, rule, path):
    return list(found) == [rule] and len(found[rule]) == 1 and found[rule][0].startswith(path + ":")


def check_format(root, tree):
    write_tree(root, tree)
    with open(os.path.join(tidy.ROOT, ".clang-format"), encoding="utf-8") as style:
        write_tree(root, {".clang-format": style.read()})
    return tidy.check_format(root, [rules.File(path, text) for path, text in tree.items()])


def lists_files(root):
    subprocess.run(["git", "init", "-q", root], check=True)
    write_tree(root, {".gitignore": "/build/\n", "build/x.c": "\n", "core/new.c": "\n"})
    paths = [file.path for file in tidy.read_files(root)]
    return "core/new.c" in paths and "build/x.c" not in paths


def write_tree(root, tree):
    for path, text in tree.items():
        whole = os.path.join(root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as opened:
            opened.write(text)


def report(name, succeeded, detail=None):
    """Prints the verdict; returns 1 if it is a failure."""
    print(f"{'PASS' if succeeded else 'FAIL'} {name}")
    if not succeeded and detail is not None:
        print("  found:", detail)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
