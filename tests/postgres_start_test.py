"""A server that is not up when the daemon starts, or only a standby."""

import datetime
import signal
import socket
import threading

import harness
import postgres
import postgres_farm

REPLICATED = {"wal_level": "replica", "max_wal_senders": "3",
              "wal_sync_method": "fdatasync"}


class ServiceManager:
    """Hears what a service tells its manager."""

    def __init__(self, farm):
        self.path = farm.scratch / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        farm.extra_environment["NOTIFY_SOCKET"] = str(self.path)

    def _listen(self):
        while message := self.socket.recv(4096):
            self.heard.append(message.decode())

    def text(self):
        return "\n".join(self.heard)

    def close(self):
        # An empty message ends the listener.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._listener.join()
        self.socket.close()


class PostgresStartTest(harness.FarmTest):

    def start(self, settings=None):
        self.server = postgres.Server(settings)
        self.addCleanup(self.server.remove)
        self.server.start()
        self.farm = postgres_farm.PostgresFarm(self.server)
        # Its database goes with the server.
        self.addCleanup(harness.Farm.close, self.farm)
        self.farm.use_fixture("render-manager")
        self.expired = self.farm.expired_jobs()

    def live_through_a_first_start(self):
        """Then the slot is due, however long the server stays away."""
        farm = self.farm
        farm.set_clock(harness.EVE - datetime.timedelta(seconds=60))
        daemon = farm.serve()
        daemon.wait_for_idle()
        self.assert_stops(daemon)
        farm.clock.set(harness.EVE)

    def assert_cleans(self, daemon):
        farm = self.farm
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"], run["errors"])
        self.assertEqual(set(), farm.jobs() & self.expired)
        self.assertEqual(179, len(farm.jobs()))
        self.assert_each_audited_once(self.expired)

    def test_waits_for_a_server_that_is_not_up_yet(self):
        self.start()
        self.live_through_a_first_start()
        self.server.stop(signal.SIGINT)
        manager = ServiceManager(self.farm)
        self.addCleanup(manager.close)
        daemon = self.farm.serve()
        daemon.wait_for_log("trying again in 1 s")
        daemon.wait_for_log("trying again in 2 s")
        daemon.wait_until(lambda: "READY=1" in manager.text(),
                          "its manager knows that it is up")
        daemon.wait_until(lambda: "STATUS=database" in manager.text(),
                          "its manager knows what it waits for")
        self.assertIn(str(self.server.directory), daemon.log_text())
        self.server.start()
        self.assert_cleans(daemon)

    def test_can_be_stopped_while_it_waits(self):
        self.start()
        self.server.stop(signal.SIGINT)
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        daemon.wait_for_log("trying again in 2 s")
        self.assert_stops(daemon)
        self.server.start()
        self.assertEqual(300, len(self.farm.jobs()))

    def test_stands_by_for_a_standby_until_it_is_promoted(self):
        self.start(REPLICATED)
        standby = postgres.Standby(self.server)
        self.addCleanup(standby.remove)
        standby.start()
        self.live_through_a_first_start()
        # In good order: the standby has all of it.
        self.server.stop(signal.SIGINT)
        farm = self.farm
        hosts = [str(server.directory).replace("/", "%2F")
                 for server in (self.server, standby)]
        farm.settings["database"]["url"] = (
            f"postgresql://postgres@{hosts[0]},{hosts[1]}/{farm.name}")
        farm.write_config()
        farm.server = standby
        daemon = farm.serve()
        daemon.wait_for_log("in recovery")
        daemon.wait_for_log("trying again in 2 s")
        self.assertEqual(300, len(farm.jobs()))
        self.assertEqual(121, farm.json("plan", "--at", harness.rfc3339(
            harness.SLOT))["jobs"]["to_delete"])
        standby.promote()
        self.assert_cleans(daemon)


if __name__ == "__main__":
    harness.main()
