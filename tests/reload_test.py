"""What the service manager is told: ready, alive, reloading, stopping; and
what a reload does."""

import os
import signal
import socket
import threading

import harness


class Manager:
    """A service manager's end of the notification socket."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._lock = threading.Lock()
        self._messages = []
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            message = self._socket.recv(4096).decode()
            with self._lock:
                self._messages += message.splitlines()

    def messages(self):
        with self._lock:
            return list(self._messages)

    def count(self, message):
        return self.messages().count(message)


class ReloadTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.farm.set_clock(harness.SLOT.replace(hour=1))
        self.manager = Manager(self.farm.scratch / "notify")
        self.farm.extra_environment["NOTIFY_SOCKET"] = str(self.manager.path)

    def reload(self, daemon):
        """Asks for a reload, as systemd does, and waits until it is over."""
        ready = self.manager.count("READY=1")
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_until(lambda: self.manager.count("READY=1") > ready,
                          "it is ready again")

    def test_tells_the_manager_what_it_does(self):
        daemon = self.farm.serve()
        daemon.wait_until(lambda: self.manager.count("READY=1"), "it is ready")
        daemon.wait_until(
            lambda: self.manager.count(
                "STATUS=next run 2026-03-16T03:00:00+00:00"),
            "it says when it runs next")
        daemon.wait_until(lambda: self.manager.count("WATCHDOG=1"),
                          "it gives a sign of life")
        self.reload(daemon)
        messages = self.manager.messages()
        reloading = messages.index("RELOADING=1")
        self.assertRegex(messages[reloading + 1], "^MONOTONIC_USEC=[0-9]+$")
        self.assertIn("READY=1", messages[reloading:])
        self.assert_stops(daemon)
        self.assertEqual(1, self.manager.count("STOPPING=1"))

    def test_takes_a_new_schedule_from_the_next_date_on(self):
        daemon = self.farm.serve()
        daemon.wait_for_log("next run at=2026-03-16T03:00:00+00:00")
        self.farm.settings["schedule"]["at"] = "01:00"
        self.farm.write_config()
        self.reload(daemon)
        daemon.wait_for_log("the configuration was read anew")
        # Today's time stays, and the past one starts nothing.
        daemon.wait_until(
            lambda: daemon.log_text().count(
                "next run at=2026-03-16T03:00:00+00:00") > 1,
            "it says again when it runs next")
        self.assertEqual("2026-03-16T03:00:00Z",
                         self.farm.json("status")["next"]["start"])
        self.assert_stops(daemon)
        self.assertEqual([], self.farm.json("runs"))

    def test_keeps_the_old_configuration_when_the_new_one_is_wrong(self):
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        self.farm.settings["schedule"]["timezone"] = "Europe/Helsinky"
        self.farm.write_config()
        self.reload(daemon)
        daemon.wait_for_log("keeping the old configuration")
        self.assertIn("Europe/Helsinky", daemon.log_text())
        self.assert_stops(daemon)

    def test_stops_at_an_interrupt_in_the_middle_of_a_run(self):
        farm = self.farm
        farm.database.unlink()
        farm.use_workload(8000, logs=8)
        kept = farm.jobs() - farm.expired_jobs()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)
        os.kill(daemon.pid, signal.SIGINT)
        self.assertEqual(0, daemon.wait())
        self.assertLess(kept, farm.jobs(), "stopped too late to tell")
        self.assertEqual("interrupted", farm.json("runs")[0]["outcome"])
        self.assert_database_is_sound()


if __name__ == "__main__":
    harness.main()
