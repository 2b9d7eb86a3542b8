"""A render farm in a scratch directory, and the base of every scenario.

A scenario is one file `*_test.py`: it makes a farm, runs the real binary
($RETENTIOND) beside it at a time of its choosing, and looks at what is left.
"""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import trees
from daemon import TIMEOUT_S, Daemon, FakeClock

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS.parent / "bench"))
import sqlite_workload  # noqa: E402: found by the line above

# The night of the fixtures: 122 of their 300 jobs are older than its cutoff.
SLOT = datetime.datetime(2026, 3, 16, 3, tzinfo=datetime.timezone.utc)
CUTOFF = SLOT - datetime.timedelta(days=7)
# Time to start in before the slot begins.
EVE = SLOT - datetime.timedelta(seconds=5)

# Exit codes of sysexits.h.
EX_USAGE = 64
EX_UNAVAILABLE = 69
EX_TEMPFAIL = 75
EX_NOPERM = 77
EX_CONFIG = 78


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def binary():
    return os.environ["RETENTIOND"]


def run_to_end(command, environment):
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def needs_root(test):
    """For scenarios that mount: told loudly where they cannot run."""
    return unittest.skipUnless(os.geteuid() == 0, "NEEDS ROOT")(test)


class Farm:
    """A database, roots with the files of its jobs, outputs, a clock."""

    def __init__(self):
        self.scratch = pathlib.Path(
            tempfile.mkdtemp(prefix="retentiond-test.")).resolve()
        self.database = self.scratch / "database" / "farm.db"
        self.temp_root = self.scratch / "temp"
        self.log_root = self.scratch / "logs"
        self.outputs = self.scratch / "outputs"
        self.state = self.scratch / "state"
        self.config = self.scratch / "retentiond.toml"
        for directory in (self.database.parent, self.temp_root, self.log_root,
                          self.outputs, self.state):
            directory.mkdir()
        self.settings = {
            "database": {"url": f"file:{self.database}"},
            "files": {"temp_roots": [str(self.temp_root)],
                      "log_roots": [str(self.log_root)]},
            "schedule": {"timezone": "UTC"},
            # Every scenario that asks over HTTP names a place of its own.
            "http": {"listen": "off"},
        }
        self.write_config()
        self.clock = None
        self.extra_environment = {}
        self.daemons = []

    def write_config(self):
        # A JSON string, number or list of them is one of TOML as well.
        self.config.write_text("\n".join(
            f"[{section}]\n" + "".join(
                f"{key} = {json.dumps(value)}\n"
                for key, value in values.items())
            for section, values in self.settings.items()))

    # --- its database and files

    @contextlib.contextmanager
    def connect(self):
        """A connection of the farm's own, as the render manager has one."""
        connection = sqlite3.connect(self.database, timeout=TIMEOUT_S,
                                     isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        try:
            yield connection
        finally:
            connection.close()

    def query(self, sql, *parameters):
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()

    def use_fixture(self, name):
        """Copies a database of tests/data; outputs lie in the scratch."""
        shutil.copy(TESTS / "data" / f"{name}.db", self.database)
        self._move_outputs("/tmp/nexrender/", "/srv/dropbox/out/")

    def use_workload(self, jobs, days=14, logs=2):
        """Builds the standard workload, its newest job created at the slot."""
        sqlite_workload.build(self.database, jobs, days, logs,
                              now_ms=int(SLOT.timestamp() * 1000))
        self._move_outputs("/tmp/nexrender/", "/renders/")

    def _move_outputs(self, temporary, elsewhere):
        with self.connect() as connection:
            connection.execute(
                'UPDATE "Job" SET "outputPath" = '
                'replace(replace("outputPath", ?, ?), ?, ?)',
                (temporary, f"{self.temp_root}/",
                 elsewhere, f"{self.outputs}/"))

    def add_files(self, most=-1):
        """Gives each job its directory, its log file and its output.

        With `most`, only that many jobs, of the oldest, get them.
        """
        for job, uid, output in self.query(
                """SELECT "id", json_extract("nexrenderConfig", '$.uid'),
                          "outputPath" FROM "Job" ORDER BY "createdAt"
                   LIMIT ?""", most):
            directory = self.temp_root / str(uid)
            trees.write(directory / "project.aep", str(uid).encode() * 100)
            trees.write(directory / "frames" / "f00001.png", b"frame" * 200)
            trees.write(self.log_root / f"{job}.log", b"render log\n")
            trees.write(pathlib.Path(output), f"output of {job}".encode())

    def jobs(self):
        """The ids of the jobs in the database."""
        return {job for job, in self.query('SELECT "id" FROM "Job"')}

    def expired_jobs(self):
        """The ids of those that the slot of the fixtures deletes.

        Written in SQL, so that it shares no mistake with the daemon.
        """
        return {job for job, in self.query(
            """SELECT "id" FROM "Job" WHERE "status" IN
                 ('COMPLETED', 'FAILED', 'CANCELLED')
               AND CASE typeof("createdAt") WHEN 'integer'
                     THEN "createdAt" / 1000.0
                     ELSE (julianday("createdAt") - 2440587.5) * 86400 END
                   < ? - 0.0005""", CUTOFF.timestamp())}

    def directories(self):
        """The names in the temporary root, but the daemon's own."""
        return {path.name for path in self.temp_root.iterdir()
                if path.name != ".retentiond-trash"}

    def outside(self):
        """A snapshot of all that no daemon may ever touch."""
        return trees.snapshot(self.scratch, but=(
            self.temp_root, self.log_root, self.database.parent, self.state))

    # --- the binary beside it

    def set_clock(self, start):
        self.clock = FakeClock(start)

    def environment(self):
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.scratch),
            "STATE_DIRECTORY": str(self.state),
            "TZ": "UTC",
            **self.extra_environment,
        }
        if self.clock:
            environment.update(self.clock.environment())
        return environment

    def change_clock_notes(self, change):
        """Gives each reading that the guard has kept, as a dict, to `change`.

        They are the anchor and the stretches of seen time, in the database and
        in the state directory.
        """
        with self.connect() as connection:
            for kind, wall, boot in connection.execute(
                    "SELECT kind, wall_us, boot_id FROM retentiond_clock"
                    ).fetchall():
                reading = {"wall_us": wall, "boot_id": boot}
                change(reading)
                connection.execute(
                    "UPDATE retentiond_clock SET wall_us = ?, boot_id = ? "
                    "WHERE kind = ?",
                    (reading["wall_us"], reading["boot_id"], kind))
            note, = connection.execute(
                "SELECT value FROM retentiond_meta "
                "WHERE key = 'note:seen-time'").fetchone()
            connection.execute(
                "UPDATE retentiond_meta SET value = ? "
                "WHERE key = 'note:seen-time'",
                (json.dumps(self._changed(json.loads(note), change)),))
        for file in self.state.glob("*/*.json"):
            file.write_text(json.dumps(
                self._changed(json.loads(file.read_text()), change)))

    @staticmethod
    def _changed(note, change):
        for reading in (note, *note.get("stretches", ())):
            change(reading)
        return note

    def move_clock_notes(self, by_us):
        """Lets all that the guard knows have been so much later."""
        def move(reading):
            for key in ("wall_us", "since_us", "begin_us", "end_us"):
                if key in reading:
                    reading[key] += by_us
        self.change_clock_notes(move)

    def pretend_a_reboot(self):
        """Lets all that the guard knows have been under an earlier boot."""
        def forget_boot(reading):
            if "boot_id" in reading:
                reading["boot_id"] = "an earlier boot"
        self.change_clock_notes(forget_boot)

    def command_line(self, *arguments):
        return [binary(), *arguments, "--config", str(self.config)]

    def run(self, *arguments):
        """Runs a command to its end; it fails by its exit code alone."""
        return run_to_end(self.command_line(*arguments), self.environment())

    def json(self, *arguments):
        """The JSON that a command which must succeed prints."""
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise AssertionError(
                f"{' '.join(arguments)} exited with {done.returncode}: "
                f"{done.stderr}")
        return json.loads(done.stdout)

    def serve(self):
        daemon = Daemon(self.command_line("serve"), self.environment())
        self.daemons.append(daemon)
        return daemon

    def wait_for_run(self, daemon):
        """Waits until the night's run is closed, and returns it."""
        def closed():
            runs = self.json("runs")
            return runs[0] if runs and runs[0]["finished"] else None
        return daemon.wait_until(closed, "the run is closed")

    def wait_for_slot(self, daemon, date):
        """Waits until the run of that date is closed, and returns it."""
        def closed():
            return next((run for run in self.json("runs")
                         if run["slot"] == date and run["finished"]), None)
        return daemon.wait_until(closed, f"the run of {date} is closed")

    def wait_for_first_batch(self, daemon):
        """Waits until a run has deleted some of its jobs, and not all."""
        before = len(self.jobs())
        daemon.wait_until(lambda: len(self.jobs()) < before,
                          "a batch is deleted")

    def audit_records(self, event=None):
        """The audit records, of one event or of all."""
        done = self.run("audit", "list")
        if done.returncode != 0:
            raise AssertionError(f"audit list: {done.stderr}")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        return [record for record in records
                if event is None or record["event"] == event]

    def audited_jobs(self):
        """The ids that the batches' records name, each as often as there."""
        return [job for record in self.audit_records("batch")
                for job in record["facts"]["jobs"]]

    def close(self):
        """Ends what still runs, and removes the scratch directory."""
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.kill()
        shutil.rmtree(self.scratch)


class FarmTest(unittest.TestCase):
    """A scenario. It gets a farm of its own, and leaves nothing behind."""

    maxDiff = None

    def setUp(self):
        self.farm = Farm()
        self.addCleanup(self.farm.close)

    def tearDown(self):
        for daemon in self.farm.daemons:
            self.assertIsNotNone(daemon.process.poll(),
                                 "the scenario left its daemon running")
            self.assertFalse(daemon.left_processes(),
                             "the daemon left a process behind")

    def assert_same_tree(self, before, after):
        self.assertEqual([], trees.differences(before, after))

    def assert_stops(self, daemon):
        """SIGTERM ends a daemon in good order."""
        self.assertEqual(0, daemon.terminate(), daemon.log_text())

    def assert_database_is_sound(self):
        self.assertEqual([("ok",)], self.farm.query("PRAGMA integrity_check"))
        self.assertEqual([], self.farm.query("PRAGMA foreign_key_check"))

    def assert_each_audited_once(self, jobs):
        """Exactly these jobs stand in the audit records, each once."""
        self.assertEqual(sorted(jobs), sorted(self.farm.audited_jobs()))
        self.assertTrue(self.farm.json("audit", "verify")["ok"])

    def assert_no_files_left(self, names, logs):
        """Neither a job's directory nor its log file is there any more."""
        self.assertEqual(set(), self.farm.directories() & set(names))
        self.assertEqual([], [job for job in logs if
                              (self.farm.log_root / f"{job}.log").exists()])

    def night(self):
        """Lives through the night of the fixtures; returns its run."""
        self.farm.set_clock(EVE)
        daemon = self.farm.serve()
        run = self.farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        return run


def main():
    # SIGTERM from ctest's timeout must run the cleanups as ^C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main(verbosity=2)
