#!/usr/bin/env python3
"""Killed at 200 random points, the daemon loses no output and finishes.

Takes long, so that `make check-deep` runs it and `make test` does not.
"""

import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import trees  # noqa: E402

KILLS = 200
JOBS = 1500
# From its start to well into the removal of files.
LATEST_S = 1.5


class KillPointsTest(harness.FarmTest):

    def test_finishes_after_200_kills(self):
        moments = random.Random(20260316)
        kills = 0
        while kills < KILLS:
            farm = harness.Farm()
            self.addCleanup(farm.close)
            kills += self.kill_until_it_is_done(farm, moments, KILLS - kills)
            farm.close()
        print(f"killed {kills} times", file=sys.stderr)

    def kill_until_it_is_done(self, farm, moments, most):
        farm.use_workload(JOBS, logs=2)
        farm.add_files()
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        outputs = self.outputs_of(farm)
        outside = farm.outside()
        farm.set_clock(harness.EVE)
        kills = 0
        while kills < most and not self.is_closed(farm):
            daemon = farm.serve()
            # No event to wait for: any moment is meant.
            time.sleep(moments.uniform(0.05, LATEST_S))
            daemon.kill()
            kills += 1
            self.assertEqual(outputs, self.outputs_of(farm))
        daemon = farm.serve()
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept, farm.jobs())
        self.assertEqual(outputs, self.outputs_of(farm))
        self.assert_same_tree(outside, farm.outside())
        self.assertEqual(
            sorted(expired), sorted(farm.audited_jobs()))
        self.assert_no_trash_left(farm)
        return kills

    def assert_no_trash_left(self, farm):
        trash = farm.temp_root / ".retentiond-trash"
        self.assertEqual(["id"], [path.name for path in trash.iterdir()])

    @staticmethod
    def is_closed(farm):
        tables = farm.query("""SELECT count(*) FROM sqlite_schema
                               WHERE name = 'retentiond_run'""")
        return tables != [(0,)] and farm.query(
            """SELECT 1 FROM retentiond_run
               WHERE finished_us IS NOT NULL""") != []

    @staticmethod
    def outputs_of(farm):
        """The outputs below the temporary root and elsewhere, described."""
        return {os.fspath(path): trees.describe(path)
                for root in (farm.temp_root, farm.outputs)
                for path in root.rglob("result*")}


if __name__ == "__main__":
    harness.main()
