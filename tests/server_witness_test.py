"""A database server as a witness of the time: of this machine, and of another.

The other machine's address is one of a network of the scenario's own, for which
it needs root; the server's clock is set as the daemon's is.
"""

import datetime
import glob
import os
import subprocess
import sys

import harness
import postgres
import postgres_farm

# The night lies after the program was built: see clock_faults_test.
YEARS = datetime.timedelta(days=3653)
EVE = harness.EVE + YEARS

# A neighbour, and who we are to it. Set aside for documentation by RFC 5737.
NEIGHBOUR = "192.0.2.2"
OURSELVES = "192.0.2.1"


class ClockedServer(postgres.Server):
    """A server with a clock of its own, which follows each step."""

    def __init__(self):
        self.clock = harness.FakeClock(EVE)
        super().__init__(settings={"listen_addresses": f"'{NEIGHBOUR}'"})
        self.clock.follow_file(self.directory / "clock")
        self.environment = self.clock.environment()
        with open(self.data / "pg_hba.conf", "a", encoding="utf-8") as access:
            access.write(f"host all all {OURSELVES}/30 trust\n")
        self.start()

    def remove(self):
        super().remove()
        for shared in glob.glob(f"/dev/shm/*faketime_*_{self.process.pid}"):
            os.unlink(shared)


@harness.needs_root
class ServerWitnessTest(harness.FarmTest):
    """A first start on which every job has expired: a witness is needed."""

    def setUp(self):
        """Each scenario makes its farm itself."""

    def start(self, ahead_s, host=None):
        """A farm whose jobs have all expired, and its daemon."""
        server = ClockedServer()
        self.addCleanup(server.remove)
        farm = self.farm = postgres_farm.PostgresFarm(server)
        self.addCleanup(farm.close)
        farm.use_fixture("render-manager")
        farm.sql(f"""UPDATE "Job" SET "createdAt" = "createdAt"
                     + interval '{YEARS.days} days'""")
        farm.sql(f"""DELETE FROM "Job" WHERE "createdAt" >=
                     '{harness.CUTOFF + YEARS:%Y-%m-%d %H:%M:%S}'
                     OR status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')""")
        if host:
            farm.settings["database"]["url"] = (
                f"postgresql://postgres@{host}:{postgres.PORT}/{farm.name}")
            farm.write_config()
        self.assertEqual(121, len(farm.jobs()))
        farm.set_clock(EVE)
        farm.clock.synchronised = False
        server.clock.step(
            farm.clock.offset_s + ahead_s - server.clock.offset_s)
        return farm.serve()

    def wait_for_block(self, daemon, fact):
        run = daemon.wait_until(
            lambda: next((run for run in self.farm.json("runs")
                          if run["outcome"] == "blocked"), None),
            "the run is blocked")
        self.assertEqual([fact], run["blocked"])
        self.assert_stops(daemon)
        self.assertEqual(121, len(self.farm.jobs()))

    def test_a_server_of_this_machine_is_no_witness(self):
        self.wait_for_block(self.start(ahead_s=2), "would-delete-all")

    def test_nor_is_one_that_shows_our_clock_under_another_address(self):
        # As a container of this machine does.
        self.wait_for_block(self.start(ahead_s=0, host=NEIGHBOUR),
                            "would-delete-all")

    def test_a_server_of_another_machine_is_one(self):
        daemon = self.start(ahead_s=2, host=NEIGHBOUR)
        run = self.farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(set(), self.farm.jobs())

    def test_and_blocks_where_its_clock_is_another(self):
        self.wait_for_block(self.start(ahead_s=2 * 3600, host=NEIGHBOUR),
                            "server-off")


def in_a_network_of_our_own():
    """Starts this script again where the two addresses are."""
    os.environ["NETWORK_IS_OURS"] = "yes"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def make_network():
    for command in ("link set lo up",
                    f"address add {OURSELVES}/32 dev lo",
                    f"address add {NEIGHBOUR}/32 dev lo",
                    # As if the neighbour lay behind a wire.
                    f"route replace local {NEIGHBOUR} dev lo table local "
                    f"src {OURSELVES}"):
        subprocess.run(["ip", *command.split()], check=True)


if __name__ == "__main__":
    if os.geteuid() == 0:
        if "NETWORK_IS_OURS" not in os.environ:
            in_a_network_of_our_own()
        make_network()
    harness.main()
