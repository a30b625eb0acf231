# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check.

Each rule is a function of one file that yields (line number, what is wrong). RULES names them; the
names appear in the report and in the self-test. NOTES are the same, but break nothing.
"""
import re

FILE_LINES_MOST = 800
FUNCTION_LINES_MOST = 70
FUNCTION_LINES_AIM = 40
COLUMNS_MOST = 100
SPDX = "SPDX-License-Identifier: Apache-2.0"

PLATFORM_MACRO = re.compile(
    r"\b(__linux__|__linux|__gnu_linux__|__unix__|__unix|__APPLE__|__FreeBSD__|_WIN32|_WIN64|"
    r"__arm__|__thumb__|__ARM_\w+|__aarch64__|__x86_64__|__amd64__|__i386__|__riscv)\b")
PLATFORM_FOLDERS = re.compile(
    r"^(core/(arch|platform)|net/(?!include/)[^/]+|nodes/board|tests/portable/arch)/")

# Headers of libraries, and the folders that wrap them. A test may include what the folder may whose
# tests it holds; the benchmarks compare with the bare libraries.
THIRD_PARTY = (
    (re.compile(r"protobuf-c/"), ("proto/", "nodes/")),
    (re.compile(r"usrsctp\.h"), ("net/sctp/",)),
    (re.compile(r"uv\.h|uv/"), ("core/platform/linux/", "net/uv/", "nodes/",
                                    "tests/unit/platform/")),
    (re.compile(r"lwip/|lwipopts\.h|netif/"),
     ("core/platform/board/", "net/lwip/", "nodes/board/")),
    (re.compile(r"yaml\.h"), ("nodes/",)),
    (re.compile(r"jansson\.h"), ("nodes/",)),
    (re.compile(r"cmocka\.h"), ("tests/",)),
)
TEST_KIND = re.compile(r"^tests/(unit|fuzz|sim|system)/")

# What core may include beside its own headers: the freestanding set and string.h.
CORE_INCLUDES = {name + ".h" for name in (
    "assert", "float", "iso646", "limits", "stdalign", "stdarg", "stdbool", "stddef", "stdint",
    "stdnoreturn", "string")}
# Headers of a folder that the build chooses, and the compiler's for the checks of ownership.
CORE_INCLUDES |= {"cpu.h", "kithi_checks.h"}
CORE_EXCEPTIONS = {
    ("core/checks/asan/", "sanitizer/asan_interface.h"),
    ("core/checks/asan/", "sanitizer/common_interface_defs.h"),
}

# Which modules' public headers a module may include: the arrows of the architecture.
ARROWS = {
    "core": {"core"},
    "proto": {"core", "proto"},
    "net": {"core", "proto", "net"},
    "naming": {"core", "proto", "naming"},
}

# Written in two parts, so that this file keeps the rule.
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b(.*)")


class File:
    """One file: its path relative to the root, its lines without line ends."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.is_c = path.endswith((".c", ".h"))
        self.is_script = text.startswith("#!")
        self.is_source = self.is_c or self.is_script or bool(re.search(
            r"(\.(S|ld|proto|cmake|py|sh|ya?ml)|CMakeLists\.txt|Dockerfile[^/]*)$", path))
        self.is_text = self.is_source or path.endswith((".md", ".json", ".in"))

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            if match := INCLUDE.match(line):
                yield number, match[1] == "<", match[2]

    def functions(self):
        """Yields (line number, line, length) for each function, from its first line to its brace.

        Relies on the formatting, which is checked: only a function has its opening and closing
        brace in the first column, each on a line of its own.
        """
        start = None
        for number, line in enumerate(self.lines, 1):
            if line == "{":
                start = number - 1
                while start > 1 and not re.match(r"$|[}#/ ]|.*;$", self.lines[start - 2]):
                    start -= 1
                while start > 1 and self.lines[start - 1].startswith(" "):
                    start -= 1
            elif line == "}" and start is not None:
                yield start, self.lines[start - 1], number - start + 1
                start = None


def check_file_length(file, _):
    if file.is_c and len(file.lines) > FILE_LINES_MOST:
        yield len(file.lines), f"file has {len(file.lines)} lines, at most {FILE_LINES_MOST}"


def check_function_length(file, _):
    if file.path.endswith(".c"):
        for number, line, length in file.functions():
            if length > FUNCTION_LINES_MOST:
                yield number, f"function has {length} lines, at most {FUNCTION_LINES_MOST}: {line}"


def check_licence_line(file, _):
    if file.is_source:
        number = 2 if file.is_script else 1
        line = file.lines[number - 1] if len(file.lines) >= number else ""
        if not re.fullmatch(r"(//|#|/\*) " + re.escape(SPDX) + r"( \*/)?", line):
            yield number, f"line {number} must be: {SPDX}"


def check_whitespace(file, _):
    if not file.is_text:
        return
    for number, line in enumerate(file.lines, 1):
        if "\t" in line:
            yield number, "tab"
        if line != line.rstrip():
            yield number, "space at the end of the line"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "no newline at the end of the file"


def check_line_length(file, _):
    if file.is_source:
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MOST:
                yield number, f"line has {len(line)} columns, at most {COLUMNS_MOST}"


def check_platform_macro(file, _):
    if file.is_c and not PLATFORM_FOLDERS.match(file.path):
        for number, line in enumerate(file.lines, 1):
            condition = CONDITION.match(line)
            if condition and (match := PLATFORM_MACRO.search(condition[2])):
                yield number, f"{match[1]} in shared code: choose a file in the build instead"


def check_third_party_include(file, _):
    if not file.is_c or file.path.startswith("tests/bench/"):
        return
    mirrored = TEST_KIND.sub("", file.path)
    for number, _, name in file.includes():
        for pattern, folders in THIRD_PARTY:
            if pattern.match(name) and not file.path.startswith(folders) \
                    and not mirrored.startswith(folders):
                yield number, f"{name} may only be included in {', '.join(folders)}"


def check_core_include(file, owners):
    if not file.is_c or not file.path.startswith("core/") \
            or file.path.startswith("core/platform/"):
        return
    for number, is_system, name in file.includes():
        excepted = any(file.path.startswith(folder) and name == header
                       for folder, header in CORE_EXCEPTIONS)
        if is_system and name not in CORE_INCLUDES and not name.startswith("kith/") \
                and not excepted:
            yield number, f"{name} isn't in the freestanding set: core has no operating system"


def check_include_arrow(file, owners):
    module = file.path.split("/")[0]
    if not file.is_c or module not in ARROWS:
        return
    for number, _, name in file.includes():
        owner = owners.get(name)
        if owner is not None and owner not in ARROWS[module]:
            yield number, f"{name} belongs to {owner}, and {module} must not know {owner}"
        if "../" in name:
            yield number, f"{name} reaches into another folder"


def check_left_over(file, _):
    if file.is_text:
        for number, line in enumerate(file.lines, 1):
            if match := LEFT_OVER.search(line):
                yield number, f"{match[1]}: finish it or leave it out"


def note_long_function(file, _):
    if file.path.endswith(".c"):
        for number, line, length in file.functions():
            if FUNCTION_LINES_AIM < length <= FUNCTION_LINES_MOST:
                yield number, f"function has {length} lines: {line}"


def note_missing_contract(file, _):
    """A public function should have a comment in its block, which ends with an empty line."""
    if not re.search(r"(^|/)include/kith/[^/]+\.h$", file.path):
        return
    commented = False
    for number, line in enumerate(file.lines, 1):
        if line == "":
            commented = False
        elif line.lstrip().startswith(("//", "/*")):
            commented = True
        elif re.match(r"[a-z].*\bkith_\w+\(", line) and not line.startswith("static ") \
                and not commented:
            yield number, f"no contract above: {line}"


RULES = {
    "files are short enough": check_file_length,
    "functions are short enough": check_function_length,
    "sources begin with the licence line": check_licence_line,
    "white space is clean": check_whitespace,
    "lines are short enough": check_line_length,
    "shared code has no platform macros": check_platform_macro,
    "libraries are included only where they are wrapped": check_third_party_include,
    "core includes no operating system": check_core_include,
    "includes follow the arrows": check_include_arrow,
    "nothing is left over": check_left_over,
}

NOTES = {
    "long functions": note_long_function,
    "public functions without a contract": note_missing_contract,
}


def find_owners(paths):
    """Maps each public header, as it is included, to the module it belongs to."""
    owners = {}
    for path in paths:
        if match := re.match(r"(core|proto|net|naming|nodes)/(?:.*/)?include/(kith/.+\.h)$", path):
            owners[match[2]] = match[1]
    return owners


def check_all(files, rules):
    """Returns {name: ["path:line: what is wrong", ...]} with an entry for each of the rules."""
    owners = find_owners(file.path for file in files)
    return {name: [f"{file.path}:{number}: {what}"
                   for file in files for number, what in rule(file, owners)]
            for name, rule in rules.items()}
