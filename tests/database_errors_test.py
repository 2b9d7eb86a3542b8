"""What goes wrong with the database during the night deletes less, not more.

After each fault the database is sound, every job that is gone stands in one
audit record, and no job that is still there has lost a file.
"""

import os

import harness
import mounts


class DatabaseErrorsTest(harness.FarmTest):

    def assert_no_harm(self, jobs_before):
        """Nothing is gone that was not audited, and what is here has files."""
        left = self.farm.jobs()
        self.assert_database_is_sound()
        self.assert_each_audited_once(jobs_before - left)
        self.assert_files_of(left)

    def assert_files_of(self, jobs):
        uids = {uid for job, uid in self.farm.query(
            """SELECT "id", json_extract("nexrenderConfig", '$.uid')
               FROM "Job" """) if job in jobs}
        self.assertEqual(set(), uids - self.farm.directories())

    def wait_for_clock(self, daemon, instant):
        daemon.wait_until(
            lambda: self.farm.clock.now_s() >= instant.timestamp(),
            f"it is {instant}")


class LockedTest(DatabaseErrorsTest):

    def test_waits_for_a_writer_and_deletes_then(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        farm.add_files()
        expired = farm.expired_jobs()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        daemon.wait_for_idle()
        before = farm.jobs()
        with farm.connect() as writer:
            writer.execute("BEGIN EXCLUSIVE")
            self.wait_for_clock(daemon, harness.SLOT.replace(second=3))
            self.assertEqual(
                len(before),
                writer.execute('SELECT count(*) FROM "Job"').fetchone()[0])
            writer.execute("COMMIT")

        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)

        self.assertEqual("success", run["outcome"])
        self.assertEqual(before - expired, farm.jobs())
        self.assert_each_audited_once(expired)


class CorruptTest(DatabaseErrorsTest):

    def test_a_corrupt_page_stops_the_run(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        farm.add_files()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        daemon.wait_for_idle()
        directories = farm.directories()
        self.overwrite_a_page_of_jobs()

        daemon.wait_for_log("malformed")
        self.assertGreaterEqual(daemon.terminate(), 0, "killed by a signal")
        self.assertEqual(directories, farm.directories())

    def overwrite_a_page_of_jobs(self):
        farm = self.farm
        with farm.connect() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            page_size, = connection.execute("PRAGMA page_size").fetchone()
            root, = connection.execute(
                "SELECT rootpage FROM sqlite_master "
                "WHERE name = 'Job' AND type = 'table'").fetchone()
            # A new version of the schema makes every cached page stale.
            connection.execute("CREATE TABLE note (line TEXT)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(farm.database, "r+b") as file:
            file.seek((root - 1) * page_size)
            file.write(b"\xff" * page_size)


class DisappearingTest(DatabaseErrorsTest):

    def test_a_database_that_is_moved_away_is_not_made_anew(self):
        farm = self.farm
        farm.use_workload(8000, logs=8)
        farm.add_files()
        before, expired = farm.jobs(), farm.expired_jobs()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)
        away = farm.scratch / "away"
        farm.database.parent.rename(away)
        farm.database.parent.mkdir()

        # What it had open it may finish; what it opens anew is not there.
        self.wait_for_clock(daemon, harness.SLOT.replace(second=10))
        self.assert_stops(daemon)
        self.assertEqual([], list(farm.database.parent.iterdir()))

        farm.database.parent.rmdir()
        away.rename(farm.database.parent)
        self.assert_no_harm(before)
        daemon = farm.serve()
        farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual(before - expired, farm.jobs())
        self.assert_no_harm(before)


class FullDiskTest(DatabaseErrorsTest):

    @harness.needs_root
    def test_a_full_disk_stops_the_run_and_space_lets_it_go_on(self):
        farm = self.farm
        with mounts.tmpfs(farm.database.parent, "32m"):
            farm.use_workload(2000, logs=4)
            farm.add_files()
            before, expired = farm.jobs(), farm.expired_jobs()
            farm.set_clock(harness.EVE)
            daemon = farm.serve()
            daemon.wait_for_idle()
            ballast = self.fill_disk()

            daemon.wait_for_log("full")
            ballast.unlink()
            self.assert_no_harm(before)
            run = farm.wait_for_run(daemon)
            self.assert_stops(daemon)

            self.assertEqual("success", run["outcome"])
            self.assertEqual(before - expired, farm.jobs())
            self.assert_no_harm(before)

    def fill_disk(self):
        ballast = self.farm.database.parent / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                os.fsync(file.fileno())
        return ballast


if __name__ == "__main__":
    harness.main()
