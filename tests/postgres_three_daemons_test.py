"""Three daemons beside one server are killed, paused and cut off at random.

What they delete is watched from outside, by a trigger of the test's own.
"""

import os
import random
import signal
import sys
import time

import harness
import postgres
import postgres_farm
import postgres_load
import proxy

DAEMONS = 3
# The lease, a standby's next look at it, and a machine that does other things.
TAKE_OVER_S = 30 + 5 + 15

# Notes in the same transaction who deletes, under which epoch; and is slow, so
# that the moments that follow come in the middle of a run.
WATCH = """
CREATE TABLE watch (n bigserial, pid int, epoch bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_sleep({slow_s});
  INSERT INTO public.watch(pid, epoch)
    SELECT pg_backend_pid(), epoch FROM retentiond.lease;
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER DELETE ON "Job" FOR EACH STATEMENT
  EXECUTE FUNCTION note();
"""


class Member:
    """A daemon with a way to the server, and a state, of its own.

    What sleeps here waits for nothing: the time is the disturbance.
    """

    def __init__(self, farm, number):
        self.farm = farm
        self.state = farm.scratch / f"state{number}"
        self.state.mkdir()
        self.proxy = proxy.Proxy(
            farm.scratch / f"proxy{number}", postgres.PORT,
            farm.server.directory / f".s.PGSQL.{postgres.PORT}")
        self.daemon = None

    def serve(self):
        farm = self.farm
        host = str(self.proxy.directory).replace("/", "%2F")
        farm.extra_environment = {
            "STATE_DIRECTORY": str(self.state),
            "DATABASE_URL": f"postgresql://postgres@{host}/{farm.name}"}
        self.daemon = farm.serve()
        farm.extra_environment = {
            "DATABASE_URL": farm.server.url(farm.name)}

    def kill(self):
        self.daemon.kill()
        self.serve()

    def pause(self, seconds):
        self.daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.daemon.process.send_signal(signal.SIGCONT)

    def freeze(self, seconds):
        self.proxy.freeze()
        time.sleep(seconds)
        self.proxy.thaw()

    def close(self):
        self.proxy.close()


class PostgresThreeDaemonsTest(postgres_farm.PostgresTest):
    farm_type = postgres_load.LoadedFarm
    jobs = 600
    logs = 2
    disturbances = 8
    outlasting = 1  # of these: longer than the lease
    slow_s = 0.1

    def setUp(self):
        super().setUp()
        farm = self.farm
        farm.use_load(self.jobs, self.logs)
        farm.sql(WATCH.format(slow_s=self.slow_s))
        del farm.settings["database"]
        farm.write_config()
        farm.set_clock(harness.EVE)
        self.expired = farm.expired_jobs()
        self.kept = farm.jobs() - self.expired
        seed = os.environ.get("SEED", str(time.time_ns()))
        print(f"SEED={seed}", file=sys.stderr)
        self.random = random.Random(seed)
        self.members = [Member(farm, n) for n in range(DAEMONS)]
        for member in self.members:
            self.addCleanup(member.close)
            member.serve()
            member.daemon.wait_for_idle()

    def leader(self):
        """The member that holds the lease, by the process in its name."""
        return next((member for member in self.members if
                     f"/{member.daemon.pid}/" in self.holder()), None)

    def holder(self):
        return self.farm.sql("SELECT convert_from(holder, 'UTF8') "
                             "FROM retentiond.lease")[0][0]

    def deleted(self):
        return int(self.farm.sql("SELECT count(*) FROM watch")[0][0])

    def wait_for_deletions(self, more):
        goal = self.deleted() + more
        self.members[0].daemon.wait_until(
            lambda: self.deleted() >= goal or self.is_closed(),
            "somebody deletes", TAKE_OVER_S)

    def is_closed(self):
        return self.farm.sql("SELECT 1 FROM retentiond.run "
                             "WHERE finished_us IS NOT NULL") != []

    def disturb(self):
        # Mostly the one that leads: the others have nothing to lose.
        member = self.leader() or self.random.choice(self.members)
        what = self.random.choice(["kill", "pause", "freeze", "cut"])
        print(what, file=sys.stderr)
        if what == "kill":
            member.kill()
        elif what == "pause":
            member.pause(self.random.uniform(0, 3))
        elif what == "freeze":
            member.freeze(self.random.uniform(0, 3))
        else:
            member.proxy.cut()

    def outlast_the_lease(self):
        """Who leads is away until another has taken over, and a little more."""
        self.members[0].daemon.wait_until(
            lambda: self.leader() or self.is_closed(), "somebody leads",
            TAKE_OVER_S)
        member = self.leader()
        if not member:
            return
        holder = self.holder()
        frozen = self.random.choice([True, False])
        print("freeze" if frozen else "pause", "beyond the lease",
              file=sys.stderr)
        process = member.daemon.process
        if frozen:
            member.proxy.freeze()
        else:
            process.send_signal(signal.SIGSTOP)
        other = next(each for each in self.members if each is not member)
        other.daemon.wait_until(lambda: self.holder() != holder,
                                "another takes over", TAKE_OVER_S)
        time.sleep(self.random.uniform(0, 1))
        if frozen:
            member.proxy.thaw()
        else:
            process.send_signal(signal.SIGCONT)

    def test_each_job_goes_once_and_nobody_beside_another(self):
        self.wait_for_deletions(1)
        self.pause_inside_a_transaction()
        outlasting = self.random.sample(range(self.disturbances),
                                        self.outlasting)
        for number in range(self.disturbances):
            self.wait_for_deletions(self.random.randrange(1, 4))
            if number in outlasting:
                self.outlast_the_lease()
            else:
                self.disturb()
        self.farm.sql('DROP TRIGGER note ON "Job"')
        self.finish()

    def pause_inside_a_transaction(self):
        """Its lock goes away, and another takes over within the lease."""
        member = self.leader()
        stopped = member.daemon
        stopped.wait_until(self.is_inside_a_transaction,
                           "it is inside a transaction")
        holder = self.holder()
        stopped.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        other = next(each for each in self.members if each is not member)
        other.daemon.wait_until(lambda: self.holder() != holder,
                                "another takes over", TAKE_OVER_S)
        print(f"taken over after {time.monotonic() - began:.0f} s",
              file=sys.stderr)
        self.wait_for_deletions(1)
        stopped.process.send_signal(signal.SIGCONT)

    def is_inside_a_transaction(self):
        return self.farm.sql("""SELECT 1 FROM pg_stat_activity
            WHERE application_name = 'retentiond' AND xact_start IS NOT NULL
            AND datname = current_database() AND query LIKE '%DELETE%'""")

    def finish(self):
        farm = self.farm
        self.members[0].daemon.wait_until(self.is_closed, "the run is closed")
        for member in self.members:
            member.daemon.wait_for_log("next run at=2026-03-17")
            self.assert_stops(member.daemon)
        run, = farm.json("runs")
        self.assertIn(run["outcome"], ("success", "partial"))
        # Whoever was paused kept the roots to itself meanwhile.
        for error in run["errors"]:
            self.assertIn("another process is at work", error)
        self.assertEqual(self.kept, farm.jobs())
        self.assertEqual(len(self.expired), run["jobs_deleted"])
        self.assertEqual(["0", "0"], farm.orphan_rows())
        self.assert_each_audited_once(self.expired)
        self.assertEqual(1, len(farm.audit_records("run-begin")))
        self.assertEqual(1, len(farm.audit_records("run-end")))
        self.assert_one_at_a_time()

    def assert_one_at_a_time(self):
        """Epochs follow each other, and each is one connection's."""
        rows = [(int(epoch), pid) for pid, epoch in self.farm.sql(
            "SELECT pid, epoch FROM watch ORDER BY n")]
        self.assertEqual(sorted(epoch for epoch, _ in rows),
                         [epoch for epoch, _ in rows])
        owners = set(rows)
        self.assertEqual(len({epoch for epoch, _ in owners}), len(owners))
        self.assertGreater(len(owners), 1)


if __name__ == "__main__":
    harness.main()
