#!/usr/bin/env python3
"""A million jobs are planned and cleaned in 64 MB of memory.

Takes long, so that `make check-deep` runs it and `make test` does not.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
from daemon import Daemon  # noqa: E402

JOBS = 1_000_000
LIMIT_KB = 64 * 1024
# An hour: no promise about speed, only an end to waiting.
TIMEOUT_S = 3600


class MillionJobsTest(harness.FarmTest):

    def test_plans_and_cleans_within_the_limit(self):
        farm = self.farm
        farm.use_workload(JOBS, logs=1)
        farm.set_clock(harness.EVE)

        self.assertLess(self.peak_of_plan_kb(), LIMIT_KB)

        daemon = farm.serve()
        # By its log: asking `runs` all the while would be a farm of its own.
        daemon.wait_until(lambda: "run ended" in daemon.log_text(),
                          "the run is closed", TIMEOUT_S)
        peak_kb = daemon.peak_memory_kb()
        self.assert_stops(daemon)
        run, = farm.json("runs")
        print(f"cleaned: peak {peak_kb} kB, {run['duration_s']} s, "
              f"{run['jobs_deleted']} jobs", file=sys.stderr)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(JOBS // 2 - 1, run["jobs_deleted"])
        self.assertLess(peak_kb, LIMIT_KB)

    def peak_of_plan_kb(self):
        """The most that `plan` had resident, as the kernel counted it."""
        plan = Daemon(self.farm.command_line(
            "plan", "--at", harness.rfc3339(harness.SLOT), "--json"),
            self.farm.environment())
        # Left unreaped by `wait`: its peak comes with its status.
        _, status, usage = os.wait4(plan.pid, 0)
        plan.process.returncode = os.waitstatus_to_exitcode(status)
        plan.wait()
        self.assertEqual(0, plan.process.returncode, plan.log_text())
        print(f"planned: peak {usage.ru_maxrss} kB", file=sys.stderr)
        return usage.ru_maxrss


if __name__ == "__main__":
    harness.main()
