"""Killed in the place of any one call that changes something, the daemon ends
the night at its next start as if it had never been killed.

`make test` takes a sample of the points, tests/deep/crash_points.py all.
"""

import signal

import call_faults
import harness
import night
import night_farm
import postgres

SAMPLE = 24


def kill_at(make_farm, point, expected):
    """(whether the point was reached, what differs after the restart)."""
    with night.Night(make_farm) as one:
        faults = call_faults.CallFaults(one.farm, call_faults.CHANGES, point)
        process = one.live_through(faults)
        if process.process.returncode == -signal.SIGKILL:
            process = one.live_on(process)
        found = one.problems(expected, process, f"point {point}")
        if process.process.returncode != 0:
            found.append(f"point {point}: it ended with "
                         f"{process.process.returncode}: {process.log_text()}")
        return faults.was_reached(), found


class CrashPointsTest(harness.unittest.TestCase):
    maxDiff = None

    def points(self, count):
        """Those that are tried, of about so many."""
        return night.sample(count, SAMPLE)

    def kill_everywhere(self, what, make_farm):
        expected, count = night.untouched(self, make_farm, call_faults.CHANGES)
        night.hit_each(self, f"{what}, killed, of {count}",
                       self.points(count),
                       lambda point: kill_at(make_farm, point, expected))

    def test_sqlite_with_a_write_ahead_log(self):
        self.kill_everywhere("SQLite, WAL",
                             lambda: night_farm.SqliteNightFarm("WAL"))

    def test_sqlite_with_a_rollback_journal(self):
        self.kill_everywhere("SQLite, rollback journal",
                             lambda: night_farm.SqliteNightFarm("DELETE"))

    def test_postgresql(self):
        with postgres.SharedServer() as server:
            self.kill_everywhere(
                "PostgreSQL", lambda: night_farm.PostgresNightFarm(server))


if __name__ == "__main__":
    harness.main()
