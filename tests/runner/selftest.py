#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests tests/run, tests/stages/lib.sh and tests/stages/ctest-lines: whatever a stage or a test
does, it is told, counted once, and fails the run.

    tests/runner/selftest.py

The runner is copied into an empty tree with stages made for each case. One line "PASS what" or
"FAIL what" each.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COPIED = ("tests/run", "tests/stages/lib.sh", "tests/stages/ctest-lines")
PATIENCE_S = 60


class Tree:
    """A project that has nothing but the runner, and what a case puts into it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kith-runner-")
        os.makedirs(self.path("tests/stages"))
        for file in COPIED:
            shutil.copy(os.path.join(ROOT, file), self.path(file))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, file):
        return os.path.join(self.folder, file)

    def script(self, file, text):
        with open(self.path(file), "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(self.path(file), 0o755)

    def stage(self, name, body, quick=False):
        self.script(f"tests/stages/{name}", "#!/bin/bash\n# licence\n# what it does\n"
                    + ("# quick: yes\n" if quick else "") + body + "\n")

    def environment(self, more):
        return {"PATH": self.folder + ":" + os.environ["PATH"], "KITH_JOBS": "1", **more}

    def run(self, *words, **environment):
        """Gives exit status, standard output as lines, standard error."""
        done = subprocess.run([self.path(words[0]), *words[1:]], capture_output=True, text=True,
                              env=self.environment(environment), timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout.splitlines(), done.stderr


def run_stages(stages, *options, **environment):
    with Tree() as tree:
        for name, body in stages.items():
            tree.stage(name, body)
        return tree.run("tests/run", *options, **environment)


def ends_with(result, status, last_line, *said):
    """The run ended so, and has said each of that in one line."""
    got_status, lines, _ = result
    return got_status == status and lines[-1:] == [last_line] and \
        all(any(words in line for line in lines) for words in said)


# ---- tests/run ----

def passing_stages_are_added_up():
    result = run_stages({"10-a": "echo PASS one; echo PASS two", "20-b": "echo PASS three"})
    return ends_with(result, 0, "3 passed, 0 failed", "a: 2 passed, 0 failed",
                     "b: 1 passed, 0 failed")


def a_failed_test_is_shown_with_its_log_and_the_rest_still_runs():
    result = run_stages({"10-a": "echo FAIL one; echo '  why it failed'; echo PASS two; exit 1",
                         "20-b": "echo PASS three"})
    return ends_with(result, 1, "2 passed, 1 failed", "a: FAIL one", "  why it failed",
                     "again: tests/run a", "b: 1 passed, 0 failed")


def a_stage_that_hides_its_failure_has_failed():
    return ends_with(run_stages({"10-a": "echo FAIL one; exit 0"}), 1, "0 passed, 1 failed")


def a_stage_that_runs_nothing_has_failed():
    return ends_with(run_stages({"10-a": "true"}), 1, "0 passed, 1 failed", "a: FAIL ran no test")


def a_stage_that_ends_badly_has_failed():
    result = run_stages({"10-a": "echo PASS one; echo the reason; exit 3"})
    return ends_with(result, 1, "1 passed, 1 failed", "a: FAIL ended with status 3", "the reason")


def a_stage_that_is_killed_has_failed():
    result = run_stages({"10-a": "echo PASS one; kill -KILL $$"})
    return ends_with(result, 1, "1 passed, 1 failed", "a: FAIL ended with status 137")


def a_stage_that_crashes_has_failed():
    return ends_with(run_stages({"10-a": "echo PASS one; kill -SEGV $$"}), 1, "1 passed, 1 failed",
                     "a: FAIL ended with status 139")


def a_stage_that_can_not_be_started_has_failed():
    with Tree() as tree:
        tree.stage("10-a", "echo PASS one")
        os.chmod(tree.path("tests/stages/10-a"), 0o644)
        return ends_with(tree.run("tests/run"), 1, "0 passed, 1 failed",
                         "a: FAIL ended with status")


def is_gone(pid):
    """It has ended, or is about to be collected by whoever inherited it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as opened:
            return opened.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def comes_true(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


SLEEPER = "echo PASS one; sleep 1000 & echo $! >pid.new; mv pid.new pid; wait"


def child_of(tree):
    with open(tree.path("pid"), encoding="utf-8") as opened:
        return int(opened.read())


def a_stage_that_hangs_is_ended_with_its_children():
    with Tree() as tree:
        tree.stage("10-a", SLEEPER)
        tree.stage("20-b", "echo PASS two")
        result = tree.run("tests/run", KITH_STAGE_LIMIT_S="1")
        return ends_with(result, 1, "2 passed, 1 failed", "a: FAIL ran into its limit of 1 s") \
            and comes_true(lambda: is_gone(child_of(tree)))


def an_interrupted_run_ends_its_stage():
    with Tree() as tree:
        tree.stage("10-a", SLEEPER)
        with subprocess.Popen([tree.path("tests/run")], stdout=subprocess.DEVNULL,
                              env=tree.environment({})) as runner:
            started = comes_true(lambda: os.path.exists(tree.path("pid")))
            runner.send_signal(signal.SIGTERM)
            status = runner.wait(PATIENCE_S)
        return started and status == 130 and comes_true(lambda: is_gone(child_of(tree)))


def unknown_stages_and_options_run_nothing():
    with Tree() as tree:
        tree.stage("10-a", "touch ran; echo PASS one")
        for words, said in ((("a", "b"), "no stage 'b'"), (("--quik",), "unknown option '--quik'")):
            status, lines, errors = tree.run("tests/run", *words)
            if status != 2 or lines or said not in errors:
                return False
        return not os.path.exists(tree.path("ran"))


def stages_are_run_by_name_in_the_order_given():
    stages = {"10-a": "echo PASS a", "20-b": "echo PASS b", "30-c": "echo PASS c"}
    status, lines, _ = run_stages(stages, "30-c", "a")
    started = [line.split()[2] for line in lines if line.endswith("started")]
    return status == 0 and started == ["c:", "a:"] and lines[-1] == "2 passed, 0 failed"


def a_quick_run_takes_only_quick_stages_and_tells_them():
    with Tree() as tree:
        tree.stage("10-a", "echo PASS quick is $KITH_QUICK", quick=True)
        tree.stage("20-b", "echo PASS quick is $KITH_QUICK")
        quick, whole = tree.run("tests/run", "--quick"), None
        with open(tree.path("build/logs/a.log"), encoding="utf-8") as log:
            told = log.read() == "PASS quick is 1\n"
        whole = tree.run("tests/run")
        with open(tree.path("build/logs/b.log"), encoding="utf-8") as log:
            told = told and log.read() == "PASS quick is 0\n"
        return told and ends_with(quick, 0, "1 passed, 0 failed") and \
            ends_with(whole, 0, "2 passed, 0 failed")


def without_any_stage_the_run_fails():
    with Tree() as tree:
        tree.stage("10-a", "echo PASS one")
        quick = tree.run("tests/run", "--quick")
        return quick[0] == 2 and quick[1] == [] and "there are no stages" in quick[2]


def only_lines_that_begin_so_are_verdicts():
    body = "echo '  | FAIL quoted'; echo 'x PASS'; echo PASSED; printf 'PASS the last, unfinished'"
    return ends_with(run_stages({"10-a": body}), 0, "1 passed, 0 failed")


def the_list_says_what_each_stage_does():
    status, lines, _ = run_stages({"10-a": "echo PASS one"}, "--list")
    return status == 0 and [line.split(None, 1) for line in lines] == [["a", "what it does"]]


# ---- lib.sh ----

LIB = '. "$(dirname "$0")/lib.sh"\n'


def a_check_passes_or_fails_with_the_end_of_its_output():
    body = LIB + "check good true\ncheck bad sh -c 'echo PASS not a verdict; exit 1'\nfinish"
    result = run_stages({"10-a": body})
    return ends_with(result, 1, "1 passed, 1 failed", "a: FAIL bad", "  | PASS not a verdict",
                     "again: sh -c")


def a_stage_of_good_checks_passes():
    return ends_with(run_stages({"10-a": LIB + "check good true\nfinish"}), 0, "1 passed, 0 failed")


def a_build_that_fails_ends_its_stage():
    with Tree() as tree:
        tree.script("cmake", "#!/bin/sh\n[ \"$1\" = --preset ]\n")
        tree.stage("10-a", LIB + "build gcc\necho PASS built anyway\nfinish")
        return ends_with(tree.run("tests/run"), 1, "1 passed, 1 failed",
                         "a: FAIL builds with preset gcc without warnings")


# ---- ctest-lines ----

def run_ctest(programs, *options):
    """Runs programs, name: (shell commands, properties), under ctest."""
    with Tree() as tree:
        os.makedirs(tree.path("build"))
        lists = ""
        for name, (body, properties) in programs.items():
            tree.script(f"build/{name}", "#!/bin/bash\n" + body + "\n")
            lists += f'add_test({name} "{tree.path("build/" + name)}")\n'
            if properties:
                lists += f"set_tests_properties({name} PROPERTIES {properties})\n"
        tree.script("build/CTestTestfile.cmake", lists)
        status, lines, _ = tree.run("tests/stages/ctest-lines", tree.path("build"), *options)
        return status, lines


def verdicts(lines):
    return sorted(line for line in lines if line.startswith(("PASS ", "FAIL ")))


def cmocka(*verdicts_of_cases, announced=None):
    lines = [f"[==========] Running {announced or len(verdicts_of_cases)} test(s)."]
    lines += [f"[ {verdict} ] {case}" for verdict, case in verdicts_of_cases]
    return "cat <<'END'\n" + "\n".join(lines) + "\nEND\n"


def each_case_of_a_program_is_a_line():
    status, lines = run_ctest({
        "unit": (cmocka(("      OK", "first"), ("      OK", "second")), None),
        "plain": ("echo whatever", None),
        "shell": ("echo PASS by itself", None)})
    return status == 0 and verdicts(lines) == ["PASS plain", "PASS shell: by itself",
                                               "PASS unit: first", "PASS unit: second"]


def a_failed_case_is_told_with_the_output_and_the_command():
    body = cmocka(("      OK", "first"), (" FAILED ", "second")) + "echo PASS quoted\nexit 1"
    status, lines = run_ctest({"unit": (body, None)})
    return status == 1 and "FAIL unit: second" in lines and "PASS unit: first" in lines and \
        "  | PASS quoted" in lines and any(line.startswith("again: ctest ") for line in lines)


def a_skipped_case_has_failed():
    status, lines = run_ctest({"unit": (cmocka((" SKIPPED", "first")), None)})
    return status == 1 and verdicts(lines) == ["FAIL unit: first"]


def cases_that_never_ran_have_failed():
    body = cmocka(("      OK", "first"), announced=3) + "kill -ABRT $$"
    status, lines = run_ctest({"unit": (body, None)})
    return status == 1 and any(line.startswith("FAIL unit: ran 1 of 3 cases") for line in lines)


def a_program_that_ends_badly_has_failed():
    status, lines = run_ctest({"unit": (cmocka(("      OK", "first")) + "exit 1", None),
                               "plain": ("exit 1", None)})
    return status == 1 and [line.split(" (")[0] for line in verdicts(lines)] == [
        "FAIL plain: ended badly", "FAIL unit: ended badly", "PASS unit: first"]


def a_program_that_hangs_has_failed():
    status, lines = run_ctest({"unit": ("exec sleep 1000", "TIMEOUT 1")})
    return status == 1 and any(line.startswith("FAIL unit: ended badly (") and "Timeout" in line
                               for line in lines)


def no_test_at_all_is_a_failure():
    status, lines = run_ctest({"unit": ("true", "LABELS unit")}, "-L", "^other$")
    return status == 1 and verdicts(lines) == ["FAIL ctest found no test for: -L ^other$"]


CASES = (
    passing_stages_are_added_up,
    a_failed_test_is_shown_with_its_log_and_the_rest_still_runs,
    a_stage_that_hides_its_failure_has_failed,
    a_stage_that_runs_nothing_has_failed,
    a_stage_that_ends_badly_has_failed,
    a_stage_that_is_killed_has_failed,
    a_stage_that_crashes_has_failed,
    a_stage_that_can_not_be_started_has_failed,
    a_stage_that_hangs_is_ended_with_its_children,
    an_interrupted_run_ends_its_stage,
    unknown_stages_and_options_run_nothing,
    stages_are_run_by_name_in_the_order_given,
    a_quick_run_takes_only_quick_stages_and_tells_them,
    without_any_stage_the_run_fails,
    only_lines_that_begin_so_are_verdicts,
    the_list_says_what_each_stage_does,
    a_check_passes_or_fails_with_the_end_of_its_output,
    a_stage_of_good_checks_passes,
    a_build_that_fails_ends_its_stage,
    each_case_of_a_program_is_a_line,
    a_failed_case_is_told_with_the_output_and_the_command,
    a_skipped_case_has_failed,
    cases_that_never_ran_have_failed,
    a_program_that_ends_badly_has_failed,
    a_program_that_hangs_has_failed,
    no_test_at_all_is_a_failure,
)


def main():
    failed = 0
    for case in CASES:
        try:
            verdict = "PASS" if case() else "FAIL"
        except subprocess.TimeoutExpired as error:
            verdict = "FAIL"
            print(f"took too long: {error.cmd}")
        failed += verdict == "FAIL"
        print(verdict, case.__name__.replace("_", " "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
