"""One process of `retentiond serve`, at a time of our choosing."""

import glob
import os
import pathlib
import signal
import subprocess
import threading
import time

# How long an event may take that should come at once: an instrumented binary
# on a machine that does other things. Nothing waits that long but a failure.
TIMEOUT_S = 90

# Between two looks at what no log line announces.
POLL_S = 0.05

# Between two reloads of a daemon that is to look again at once.
NUDGE_S = 0.3


class FakeClock:
    """The wall clock of the processes of one farm.

    It is always an offset from the true one, so that it goes on while no
    daemon runs: a daemon that starts again sees time pass, and no step.
    """

    def __init__(self, start):
        # Whole seconds are what libfaketime reads without a locale's comma.
        self.offset_s = int(start.timestamp() - time.time())
        self.synchronised = None  # what the kernel says; None: the truth
        self.file = None

    def now_s(self):
        """Seconds since 1970, by this clock."""
        return time.time() + self.offset_s

    def step(self, seconds):
        """Somebody sets the clock, also that of a daemon that runs."""
        self.offset_s += int(seconds)
        if self.file:
            self._write_file()

    def set(self, time_of_day):
        """Sets the clock to a datetime."""
        self.step(time_of_day.timestamp() - self.now_s())

    def follow_file(self, file):
        """Lets daemons that start from now on follow each step."""
        self.file = file
        self._write_file()

    def _write_file(self):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.offset_s:+d}\n")
        fresh.rename(self.file)

    def environment(self):
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
        environment = self._environment(library)
        if self.file:
            del environment["FAKETIME"]
            environment["FAKETIME_TIMESTAMP_FILE"] = str(self.file)
            environment["FAKETIME_NO_CACHE"] = "1"
        if self.synchronised is not None:
            environment["LD_PRELOAD"] = (
                f"{library} {os.environ['KERNEL_CLOCK_LIBRARY']}")
            environment["KERNEL_CLOCK"] = (
                "synchronised" if self.synchronised else "on its own")
        return environment

    def _environment(self, library):
        return {
            "LD_PRELOAD": library,
            "FAKETIME": f"{self.offset_s:+d}",
            # A faked monotonic clock would make waits take years: what waits
            # in libstdc++ and in the kernel goes by the true one.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


class Daemon:
    """A running `retentiond serve`."""

    def __init__(self, command, environment):
        # A session of its own: whatever it leaves behind has its group.
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self.log = []
        self._logged = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._logged:
                self.log.append(line.decode(errors="replace").rstrip())
                self._logged.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        with self._logged:
            return "\n".join(self.log)

    def wait_until(self, condition, what, timeout_s=TIMEOUT_S):
        """Waits until `condition()` is true, and returns what it returned.

        It is asked again after each line that the daemon logs.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            value = condition()
            if value:
                return value
            if self.process.poll() is not None:
                raise AssertionError(
                    f"retentiond exited with {self.process.returncode} before "
                    f"{what}:\n{self.log_text()}")
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not within {timeout_s} s: {what}\n{self.log_text()}")
            with self._logged:
                self._logged.wait(POLL_S)

    def wait_for_log(self, text):
        self.wait_until(lambda: text in self.log_text(),
                        f'it logs "{text}"')

    def wait_for_idle(self):
        """Waits until it has opened its database and knows the next night."""
        self.wait_for_log("next run at")

    def wait_awake(self, condition, what):
        """As wait_until, of a daemon that reloads meanwhile: it never sleeps
        for longer than from one reload to the next."""
        nudged_at = 0.0

        def nudged():
            nonlocal nudged_at
            if time.monotonic() - nudged_at >= NUDGE_S:
                self.process.send_signal(signal.SIGHUP)
                nudged_at = time.monotonic()
            return condition()
        self.wait_for_idle()
        return self.wait_until(nudged, what)

    def peak_memory_kb(self):
        """The most memory that the process has had resident so far."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines()
                    if line.startswith("VmHWM:"))
        return int(line.split()[1])

    def terminate(self, timeout_s=TIMEOUT_S):
        """Asks it to stop, as systemd does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self):
        """As a power cut does it."""
        self.process.kill()
        return self.wait()

    def wait(self, timeout_s=TIMEOUT_S):
        """Waits for its end, and returns its exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(timeout_s)
        self.process.stdout.close()
        # A killed process leaves libfaketime's shared memory behind.
        for shared in glob.glob(f"/dev/shm/*faketime_*_{self.pid}"):
            os.unlink(shared)
        return code

    def left_processes(self):
        """Whether the process, or one that it started, is still there."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True
