"""The server is restarted three times under a run, beside a live farm."""

import signal

import daemon
import harness
import postgres
import postgres_load

JOBS = 1000
LOGS = 3
RESTARTS = 3
PER_SECOND = 200

# As farms have it that put speed first: a commit is told before it is on disk,
# and what was told last is lost with the server. The longer between two
# writes, the more.
SETTINGS = {"synchronous_commit": "off", "wal_writer_delay": "10s",
            "wal_writer_flush_after": "0", "max_connections": "40"}


class PostgresRestartTest(harness.FarmTest):
    jobs = JOBS
    logs = LOGS
    patience_s = daemon.TIMEOUT_S  # between two restarts

    def setUp(self):
        self.server = postgres.Server(SETTINGS)
        self.addCleanup(self.server.remove)
        self.server.start()
        self.farm = postgres_load.LoadedFarm(self.server)
        self.addCleanup(self.farm.close)

    def restart_server(self, retentiond):
        """As `pg_ctl restart -m immediate` does it.

        Commits may be lost, but none whose files were removed: what has its
        rows still, or again, has its files.
        """
        retentiond.process.send_signal(signal.SIGSTOP)
        self.server.stop(signal.SIGQUIT)
        self.server.start()
        self.assert_all_or_nothing()
        retentiond.process.send_signal(signal.SIGCONT)

    def assert_all_or_nothing(self):
        there = {uid for uid, in self.farm.sql(
            f"""SELECT "nexrenderConfig"->>'uid' FROM "Job" WHERE id LIKE 'c%'
                ORDER BY "createdAt" """)}
        self.assertEqual(set(), (there & self.uids) - self.farm.directories())

    def test_keeps_every_promise(self):
        farm = self.farm
        farm.use_load(self.jobs, self.logs)
        farm.add_directories()
        self.uids = farm.directories()
        self.server.psql("postgres", "CHECKPOINT")
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        farm.set_clock(harness.EVE)
        with postgres_load.LiveFarm(farm, PER_SECOND) as live:
            retentiond = farm.serve()
            retentiond.wait_for_idle()
            for restart in range(1, RESTARTS + 1):
                left = self.jobs - len(expired) * restart // (RESTARTS + 1)
                retentiond.wait_until(lambda: farm.count_jobs() < left,
                                      f"time for restart {restart}",
                                      self.patience_s)
                self.restart_server(retentiond)
            retentiond.wait_until(
                lambda: "run ended" in retentiond.log_text(),
                "the run ends", self.patience_s)
            run = farm.wait_for_run(retentiond)
        self.assertGreaterEqual(live.starts, RESTARTS)
        self.assert_stops(retentiond)
        self.check_rows(run, expired, kept)
        self.check_files(expired, kept)

    def check_rows(self, run, expired, kept):
        farm = self.farm
        self.assertEqual("success", run["outcome"], run["errors"])
        self.assertEqual([run["id"]],
                         [each["id"] for each in farm.json("runs")])
        self.assertEqual(set(), farm.jobs() & expired)
        self.assertEqual(set(), kept - farm.jobs())
        self.assert_each_audited_once(expired)
        self.assertEqual(
            {"Job": len(expired), "JobLog": len(expired) * self.logs,
             "JobAsset": len(expired) * 2}, run["rows_deleted"])
        self.assertEqual(len(expired), run["jobs_deleted"])
        self.assertEqual(["0", "0"], farm.orphan_rows())

    def check_files(self, expired, kept):
        farm = self.farm
        uids = dict(farm.sql("""SELECT id, "nexrenderConfig"->>'uid'
                                FROM "Job" WHERE id LIKE 'c%'"""))
        self.assertEqual(self.uids & {uids[job] for job in kept},
                         farm.directories())
        self.assertEqual([], [path.stem for path in farm.log_root.glob("*.log")
                              if path.stem not in kept])


if __name__ == "__main__":
    harness.main()
