#!/usr/bin/env python3
"""Killed at 200 random points of its work, the daemon loses no output, touches
nothing outside its roots, and ends as if it had never been killed.

Takes long, so that `make check-deep` runs it and `make test` does not.
"""

import hashlib
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import trees  # noqa: E402

KILLS = 200
# Of them, as many at least must have hit the removal of files.
KILLS_IN_FILES = 50
JOBS = 2500
# After the start of a daemon that resumes the run: from its first steps to
# well into the removal of files.
EARLIEST_S = 0.02
LATEST_S = 0.8


class KillPointsTest(harness.FarmTest):

    def setUp(self):
        self.farm = harness.Farm()
        self.addCleanup(lambda: self.farm.close())

    def test_ends_the_same_after_200_kills(self):
        expected = self.live_through(lambda farm: None)
        moments = random.Random(20260316)
        self.kills = self.kills_in_files = 0

        def kill(farm):
            while self.kills < KILLS and not self.is_closed(farm):
                self.kill_once(farm, moments.uniform(EARLIEST_S, LATEST_S))

        farms = 0
        while self.kills < KILLS:
            self.assertEqual(expected, self.live_through(kill))
            farms += 1
        print(f"{self.kills} kills, {self.kills_in_files} of them while files "
              f"were removed, on {farms} farms", file=sys.stderr)
        self.assertGreaterEqual(self.kills_in_files, KILLS_IN_FILES)

    def live_through(self, meanwhile):
        """The end of a night in which `meanwhile` was done to the daemon."""
        self.farm.close()
        self.farm = harness.Farm()
        return self.night_of(self.farm, meanwhile)

    def night_of(self, farm, meanwhile):
        farm.use_workload(JOBS, logs=2)
        farm.add_files()
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        self.outputs = self.outputs_of(farm)
        outside = farm.outside()
        farm.set_clock(harness.EVE)
        # A daemon that is killed before its run is begun would settle for ten
        # minutes.
        daemon = farm.serve()
        daemon.wait_until(lambda: self.has_run(farm), "the run is begun")
        daemon.kill()
        meanwhile(farm)
        daemon = farm.serve()
        # Of a run that was closed already, nothing is to be waited for.
        daemon.wait_for_idle()
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)
        self.assert_database_is_sound()
        self.assertEqual(self.outputs, self.outputs_of(farm))
        self.assert_same_tree(outside, farm.outside())
        return self.contents(farm)

    def kill_once(self, farm, after_s):
        daemon = farm.serve()
        # No event to wait for: any moment is meant.
        time.sleep(after_s)
        daemon.kill()
        self.kills += 1
        self.kills_in_files += self.is_removing(farm)
        self.assertEqual(self.outputs, self.outputs_of(farm))

    @staticmethod
    def has_run(farm):
        tables = farm.query("""SELECT count(*) FROM sqlite_schema
                               WHERE name = 'retentiond_run'""")
        return tables != [(0,)] and farm.query(
            "SELECT 1 FROM retentiond_run") != []

    @staticmethod
    def is_closed(farm):
        return farm.query("""SELECT 1 FROM retentiond_run
                             WHERE finished_us IS NOT NULL""") != []

    @staticmethod
    def is_removing(farm):
        """Whether the daemon that was killed had files left to remove."""
        return farm.query("SELECT 1 FROM retentiond_pending LIMIT 1") != []

    @staticmethod
    def outputs_of(farm):
        """The outputs below the temporary root and elsewhere, described."""
        return {os.fspath(path): trees.describe(path)
                for root in (farm.temp_root, farm.outputs)
                for path in root.rglob("result*")}

    @staticmethod
    def contents(farm):
        """What is in the roots, but for the root's id, which is random."""
        found = {}
        for root in (farm.temp_root, farm.log_root):
            for path in root.rglob("*"):
                name = os.fspath(path.relative_to(farm.scratch))
                if name.endswith(".retentiond-trash/id"):
                    continue
                found[name] = ("a directory" if path.is_dir() else
                               hashlib.sha256(path.read_bytes()).hexdigest())
        return found


if __name__ == "__main__":
    harness.main()
