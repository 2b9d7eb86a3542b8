"""A live farm writes all the while, and neither side sees an error."""

import threading
import time

import harness


class Writer(threading.Thread):
    """A render manager that adds jobs until it is told to stop."""

    def __init__(self, farm):
        super().__init__(daemon=True)
        self._farm = farm
        self._stop_asked = threading.Event()
        self.added = []
        self.error = None
        self.longest_s = 0.0

    def run(self):
        try:
            with self._farm.connect() as connection:
                # A hundred small transactions a second, as a busy farm has.
                while not self._stop_asked.wait(0.01):
                    self._add_job(connection)
        except Exception as error:  # whatever it is, the test must see it
            self.error = error

    def _add_job(self, connection):
        job = f"live{len(self.added):06d}"
        now_ms = int(self._farm.clock.now_s() * 1000)
        started = time.monotonic()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            """INSERT INTO "Job" ("id", "userId", "projectPath", "outputPath",
               "status", "nexrenderConfig", "createdAt", "updatedAt")
               VALUES (?, 'u1', '/p.aep', '/out.mp4', 'QUEUED', '{}', ?, ?)""",
            (job, now_ms, now_ms))
        connection.execute(
            """INSERT INTO "JobLog" ("jobId", "at", "level", "line")
               VALUES (?, ?, 1, 'queued')""", (job, now_ms))
        connection.execute("COMMIT")
        self.longest_s = max(self.longest_s, time.monotonic() - started)
        self.added.append(job)

    def stop(self):
        self._stop_asked.set()
        self.join()


class ConcurrentWriterTest(harness.FarmTest):

    def test_the_farm_writes_on_and_the_run_succeeds(self):
        farm = self.farm
        farm.use_workload(4000, logs=4)
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        farm.set_clock(harness.EVE)
        writer = Writer(farm)
        writer.start()
        self.addCleanup(writer.stop)

        daemon = farm.serve()
        run = farm.wait_for_run(daemon)
        writer.stop()
        self.assert_stops(daemon)

        self.assertIsNone(writer.error)
        self.assertGreater(len(writer.added), 0)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept | set(writer.added), farm.jobs())
        self.assert_each_audited_once(expired)
        self.assert_database_is_sound()
        self.assertEqual(
            len(writer.added),
            len(farm.query("""SELECT 1 FROM "JobLog"
                              WHERE "jobId" LIKE 'live%'""")))


if __name__ == "__main__":
    harness.main()
