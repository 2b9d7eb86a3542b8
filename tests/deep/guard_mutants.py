#!/usr/bin/env python3
"""Takes the clock guard apart, one rule at a time, and sees its tests fail.

A test of a fault that passes without the rule that is there for the fault
proves nothing. Works on a copy of the sources, with a build of its own.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

GUARD = "src/policy/clock_guard.cc"
SEEN = "src/policy/seen_time.cc"
WATCH = "src/run/clock_watch.cc"
CLEANUP = "src/run/cleanup.cc"
DAEMON = "src/run/daemon.cc"

# What is taken out, where, and whose failure must follow.
MUTANTS = [
    ("a step blocks", GUARD,
     "if (stepped) verdict.facts.insert(ClockFact::kStepped);",
     "static_cast<void>(stepped);",
     "ClockFaultTest.BlocksWhileTheClockIsOneDayAhead"),
    ("a clock behind the anchor blocks", GUARD,
     "now.wall < last - kClockTolerance", "last < Instant::min()",
     "ClockFaultTest.MakesNoSlotUpByAClockThatWentBack"),
    ("unseen time counts", GUARD,
     "if (unseen <= kClockTolerance) return;", "return;",
     "ClockFaultTest.KeepsSevenSeenDaysAfterFiveDaysOff"),
    ("too much of it blocks", GUARD,
     '"unseen-time-too-long", true', '"unseen-time-too-long", false',
     "ClockFaultTest.DoesNotWipeAfterARebootInAnotherDecade"),
    ("it moves the cutoff", GUARD,
     "now - retention - verdict.unseen",
     "now - retention - 0 * verdict.unseen",
     "ClockFaultTest.KeepsADayMoreWhenTheClockIsADayAheadAfterAReboot"),
    ("the cutoff is no later than the present allows", GUARD,
     "return std::min(slot.cutoff, now - retention - verdict.unseen);",
     "return std::max(slot.cutoff, now - retention) - verdict.unseen;",
     "FirstStartTest.ResumesARunOfAnotherDecadeByACutoffOfToday"),
    ("a first start may not delete all", GUARD,
     "input.would_delete_all.value_or(false) && !Witnessed(input)", "false",
     "ClockFaultTest.DoesNotWipeWhenTheAnchorIsLostAndTheClockIsWrong"),
    ("jobs of this boot are no witnesses", WATCH,
     "if (up >= kObservationThatClears) return process_start;",
     "return process_start;",
     "ClockFaultTest.DoesNotWipeWhenTheAnchorIsLostAndTheClockIsWrong"),
    ("a server that is off blocks", GUARD,
     "verdict.facts.insert(ClockFact::kServerOff);", "",
     "ClockFaultTest.BlocksWhileAServerOnAnotherMachineIsAnHourOff"),
    ("a server of this machine is no witness", GUARD,
     "!input.server.has_value() || !input.server->elsewhere",
     "!input.server.has_value()",
     "ClockFaultTest.AsksAServerOnAnotherMachineAndNoneOnThis"),
    ("nor is one that shows our own clock", WATCH,
     "server_->elsewhere = false;", "",
     "ClockFaultTest.AsksAServerOnAnotherMachineAndNoneOnThis"),
    ("nobody is a witness unasked", GUARD,
     "return input.now.kernel_synchronised ||", "return true ||",
     "ClockFaultTest.BlocksForAWeekAfterThreeWeeksOff"),
    ("168 hours must pass", GUARD,
     "return observed >= kObservationThatClears;", "return true;",
     "ClockFaultTest.ClearsABlockThatNothingElseClearsAfterAWeek"),
    ("168 hours are enough", GUARD,
     "return observed >= kObservationThatClears;", "return false;",
     "ClockFaultTest.ClearsABlockThatNothingElseClearsAfterAWeek"),
    ("what lies 168 seen hours back is confirmed", SEEN,
     "if (length >= to_see) {", "if (false) {",
     "ClockFaultTest.KeepsUnderFourteenDaysWhenOffTwelveHoursEveryNight"),
    ("uptime that nobody watched confirms nothing", SEEN,
     "{.begin = last, .end = end}",
     "{.begin = now.wall - (end - last), .end = now.wall}",
     "ClockFaultTest.DoubtsTheClockOfAClonedMachine"),
    ("each batch asks again", CLEANUP,
     "ASSIGN_OR_RETURN(const GuardVerdict verdict, Guard({}));",
     "const GuardVerdict verdict;",
     "CleanupTest.StopsAtTheNextBatchWhenTheClockIsStepped"),
    ("the later copy of the anchor counts", WATCH,
     "anchor.wall > anchor_->wall", "false",
     "ClockWatchTest.TakesTheLaterOfTwoAnchors"),
    ("the first anchor is a run's", WATCH,
     "(has_anchor() || first == FirstAnchor::kSet ||", "(first <= FirstAnchor::kSet ||",
     "ClockWatchTest.LeavesTheFirstAnchorToARun"),
    ("a last slot ahead is set back", DAEMON,
     "if (!verdict.slot_is_wrong) return absl::OkStatus();",
     "return absl::OkStatus();",
     "FirstStartTest.RunsTheNextNightWhenAClockOfAnotherDecadeIsMended"),
]


def copy_sources(tree):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


def configure(tree, directory):
    launcher = os.environ.get("RETENTIOND_COMPILER_LAUNCHER", "")
    subprocess.run(
        ["cmake", "-S", tree, "-B", directory, "-G", "Ninja",
         "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-g0",
         "-DRETENTIOND_PRECOMPILE=ON",
         f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"],
        check=True, stdout=subprocess.DEVNULL)


def passes(directory, test):
    subprocess.run(["ninja", "-C", directory, "run_test"], check=True,
                   stdout=subprocess.DEVNULL)
    return subprocess.run(
        [directory / "run_test", f"--gtest_filter={test}", "--gtest_brief=1"],
        stdout=subprocess.DEVNULL).returncode == 0


def survivors_of(tree, directory):
    """The rules without which their test passes all the same."""
    for _, file, old, _, test in MUTANTS:
        assert (tree / file).read_text().count(old) == 1, \
            f"{file} does not have once: {old}"
        assert passes(directory, test), f"{test} fails as it is"
    survivors = []
    for rule, file, old, new, test in MUTANTS:
        source = tree / file
        text = source.read_text()
        source.write_text(text.replace(old, new))
        try:
            survived = passes(directory, test)
        finally:
            source.write_text(text)
        print(f"{'SURVIVED' if survived else 'killed':<9}{rule}", flush=True)
        if survived:
            survivors.append(rule)
    return survivors


def main():
    if len(sys.argv) == 2:  # a build of this very tree, to be quick
        survivors = survivors_of(ROOT, pathlib.Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="retentiond-mutants.") as copy:
            tree = pathlib.Path(copy)
            copy_sources(tree)
            configure(tree, tree / "build")
            survivors = survivors_of(tree, tree / "build")
    print(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} mutants killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
