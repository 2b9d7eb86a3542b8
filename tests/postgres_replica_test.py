"""A replica that cannot follow is waited for."""

import harness
import postgres
import postgres_load

REPLICATED = {"wal_level": "replica", "max_wal_senders": "3",
              "synchronous_commit": "on"}
JOBS = 20_000
LOGS = 5


class PostgresReplicaTest(harness.FarmTest):

    def setUp(self):
        self.server = postgres.Server(REPLICATED)
        self.addCleanup(self.server.remove)
        self.server.start()
        self.farm = postgres_load.LoadedFarm(self.server)
        self.addCleanup(self.farm.close)

    def test_goes_slower_while_a_replica_lags(self):
        farm = self.farm
        farm.use_load(JOBS, LOGS)
        standby = postgres.Standby(self.server)
        self.addCleanup(standby.remove)
        standby.start()
        farm.set_clock(harness.EVE)
        retentiond = farm.serve()
        retentiond.wait_for_log("run begins")
        farm.wait_for_first_batch(retentiond)
        standby.psql("postgres", "SELECT pg_wal_replay_pause()")
        retentiond.wait_for_log('pace="a replica lags behind"')
        standby.psql("postgres", "SELECT pg_wal_replay_resume()")
        retentiond.wait_for_log("run ended")
        run = farm.wait_for_run(retentiond)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(set(), farm.expired_jobs())
        self.assert_stops(retentiond)


if __name__ == "__main__":
    harness.main()
