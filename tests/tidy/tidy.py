#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the house rules on every file of the project, one line "PASS rule" or "FAIL rule" each.

    tests/tidy/tidy.py

What is worth a look but breaks no rule, such as a longish function, is listed as a note.
"""
import os
import re
import subprocess
import sys

import rules

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FORMATTERS = ("clang-format-14", "clang-format")
FORMATTER_VERSION = "14"


def main():
    files = read_files(ROOT)
    failed = 0
    for name, findings in rules.check_all(files, rules.RULES).items():
        failed += report(name, findings)
    failed += report("sources are formatted", check_format(ROOT, files))
    for name, findings in rules.check_all(files, rules.NOTES).items():
        for finding in findings:
            print(f"note: {name}: {finding}")
    return 1 if failed else 0


def read_files(root):
    """All files that are or could be committed, but for those that aren't text."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=root, check=True, capture_output=True, text=True).stdout
    files = []
    for path in sorted(set(listed.split("\0"))):
        whole = os.path.join(root, path)
        if not os.path.isfile(whole) or os.path.islink(whole):
            continue
        with open(whole, "rb") as opened:
            content = opened.read()
        if b"\0" not in content:
            files.append(rules.File(path, content.decode("utf-8", errors="replace")))
    return files


def check_format(root, files):
    sources = [file.path for file in files if file.is_c]
    if not sources:
        return []
    for formatter in FORMATTERS:
        try:
            version = subprocess.run([formatter, "--version"], check=True, capture_output=True,
                                     text=True).stdout
        except FileNotFoundError:
            continue
        if re.search(rf"version {FORMATTER_VERSION}\.", version):
            break
    else:
        return [f"clang-format {FORMATTER_VERSION} not found: run deploy/install-packages test"]
    checked = subprocess.run([formatter, "--dry-run", "-Werror", "--style=file", *sources],
                             cwd=root, capture_output=True, text=True)
    findings = [line for line in checked.stderr.splitlines() if ": error: " in line]
    if checked.returncode != 0:
        findings.append("to format: " + formatter + " -i $(git ls-files '*.c' '*.h')")
    return findings


def report(name, findings):
    """Prints the verdict on one rule; returns 1 if it was broken."""
    print(f"{'FAIL' if findings else 'PASS'} {name}")
    for finding in findings:
        print(" ", finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
