"""A leader that is paused past its lease: another takes over, and what the
first one wakes up to is no longer its own."""

import os
import signal
import sqlite3

import harness


class PausedLeaderTest(harness.FarmTest):

    def writable(self):
        """Whether nobody holds the database's write lock."""
        connection = sqlite3.connect(self.farm.database, timeout=0,
                                     isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            return True
        except sqlite3.OperationalError:
            return False
        finally:
            connection.close()

    def pause(self, daemon):
        """Stops the process outside of any transaction.

        Inside of one SQLite would keep everybody out until it goes on.
        """
        def paused():
            os.kill(daemon.pid, signal.SIGSTOP)
            if self.writable():
                return True
            os.kill(daemon.pid, signal.SIGCONT)
            return False
        daemon.wait_until(paused, "it is paused between two transactions")

    def test_deletes_nothing_more_when_it_wakes(self):
        farm = self.farm
        farm.use_workload(8000, logs=8)
        farm.add_files(most=400)
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        kept_names = {name for job, name in farm.query(
            """SELECT "id", json_extract("nexrenderConfig", '$.uid')
               FROM "Job" """) if job in kept}
        farm.set_clock(harness.EVE)
        leader = farm.serve()
        farm.wait_for_first_batch(leader)
        self.pause(leader)
        self.assertLess(kept, farm.jobs(), "paused too late to tell")
        epoch = farm.json("status")["lease"]["epoch"]

        # It watches the lease for thirty seconds before it takes it.
        standby = farm.serve()
        standby.wait_for_log("standing by")
        run = farm.wait_for_run(standby)
        # The paused one still holds the roots: it might be at work there, so
        # that the files wait for the next night.
        self.assertEqual("partial", run["outcome"])
        self.assertIn("another process is at work", " ".join(run["errors"]))
        self.assertEqual(kept, farm.jobs())
        self.assertGreater(
            max(epoch, farm.query("SELECT epoch FROM retentiond_lease")[0][0]),
            epoch)
        before = farm.audit_records("batch")
        directories = farm.directories()

        os.kill(leader.pid, signal.SIGCONT)
        leader.wait_for_log("next run at=2026-03-17")
        self.assert_stops(leader)
        self.assert_stops(standby)
        self.assertEqual(kept, farm.jobs())
        self.assertEqual(before, farm.audit_records("batch"))
        # Each worker asks before a directory, and finishes the one it is in:
        # paused there, it does so when it wakes, and goes no further.
        finished = directories - farm.directories()
        self.assertLessEqual(len(finished), os.cpu_count())
        self.assertEqual(set(), finished & kept_names)
        self.assertEqual(set(), farm.directories() - directories)
        self.assert_each_audited_once(expired)
        self.assertEqual(1, len(farm.json("runs")))


if __name__ == "__main__":
    harness.main()
