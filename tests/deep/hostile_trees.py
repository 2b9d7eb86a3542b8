#!/usr/bin/env python3
"""A million entries, and 50,000 levels, in 64 MB and with 64 descriptors.

Takes long, so that `make check-deep` runs it and `make test` does not.
"""

import os
import pathlib
import resource
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
from daemon import Daemon  # noqa: E402

ENTRIES = 1_000_000
LEVELS = 50_000
LIMIT_KB = 64 * 1024
DESCRIPTORS = 64
# No promise about speed, only an end to waiting.
TIMEOUT_S = 3600


def make_wide(directory):
    directory.mkdir()
    here = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    for number in range(ENTRIES):
        os.close(os.open(f"frame_{number:07}.png", os.O_WRONLY | os.O_CREAT,
                         0o644, dir_fd=here))
    os.close(here)


def make_deep(directory):
    directory.mkdir()
    here = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(LEVELS):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


class HostileTreesTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        # The standard library's removal is recursive.
        self.addCleanup(subprocess.run,
                        ["rm", "-rf", self.farm.temp_root], check=True)
        self.farm.use_fixture("render-manager-iso")

    def clean(self, make):
        """A night with one job's directory made so; its run and its peak."""
        farm = self.farm
        uid, = farm.query("""SELECT json_extract("nexrenderConfig", '$.uid')
                             FROM "Job" ORDER BY "createdAt" LIMIT 1""")[0]
        directory = farm.temp_root / str(uid)
        make(directory)
        farm.set_clock(harness.EVE)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, limits[1]))
        daemon = farm.serve()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        daemon.wait_until(
            lambda: any(run["finished"] for run in farm.json("runs")),
            "the run is closed", TIMEOUT_S)
        peak_kb = daemon.peak_memory_kb()
        self.assert_stops(daemon)
        run, = farm.json("runs")
        print(f"peak {peak_kb} kB, {run['duration_s']} s, "
              f"{run['files_deleted']} files", file=sys.stderr)
        self.assertEqual("success", run["outcome"])
        self.assertFalse(directory.exists())
        self.assertLess(peak_kb, LIMIT_KB)
        return run

    def test_a_million_entries_in_one_directory(self):
        run = self.clean(make_wide)
        self.assertEqual(ENTRIES, run["files_deleted"])

    def test_fifty_thousand_levels_with_64_descriptors(self):
        run = self.clean(make_deep)
        self.assertEqual(1, run["files_deleted"])

    def test_a_plan_counts_them_the_same(self):
        farm = self.farm
        make_deep(farm.temp_root / "uid290")
        plan = Daemon(farm.command_line(
            "plan", "--at", harness.rfc3339(harness.SLOT), "--json"),
            farm.environment())
        _, status, usage = os.wait4(plan.pid, 0)
        plan.process.returncode = os.waitstatus_to_exitcode(status)
        plan.wait()
        self.assertEqual(0, plan.process.returncode, plan.log_text())
        self.assertLess(usage.ru_maxrss, LIMIT_KB)


if __name__ == "__main__":
    harness.main()
