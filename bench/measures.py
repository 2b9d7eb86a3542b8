"""What the benchmarks measure with: a live farm's latencies, a file's growth."""

import contextlib
import multiprocessing
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time

import postgres

# A farm that submits, reports and logs (the standard workload's rate).
LIVE_PER_S = 100
WAL_SAMPLE_S = 0.01
# A night that gives way to others may take as long as its window.
LONGEST_NIGHT_S = 3 * 3600


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency_figures(samples):
    """p50, p99 and the longest of a list of latencies in milliseconds."""
    if not samples:
        return {}
    return {"p50_ms": percentile(samples, 0.50),
            "p99_ms": percentile(samples, 0.99),
            "max_ms": max(samples), "transactions": len(samples)}


class SqliteLiveFarm:
    """A process that commits small transactions at a steady rate.

    A latency counts from the moment at which the transaction was due, so that
    one long wait shows in all that queued up behind it.
    """

    def __init__(self, database, created_ms):
        self._ended = multiprocessing.Event()
        self._ready = multiprocessing.Event()
        self._answers, answer = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(
            target=self._live, args=(str(database), created_ms, answer))

    def __enter__(self):
        self._process.start()
        self._ready.wait()
        return self

    def __exit__(self, *_):
        if self._process.is_alive():
            self.stop()

    def stop(self):
        """Ends it; the latencies in milliseconds."""
        self._ended.set()
        samples = self._answers.recv()
        self._process.join()
        return samples

    def _live(self, database, created_ms, answer):
        connection = sqlite3.connect(database, timeout=60,
                                     isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        samples = []
        begun = time.monotonic()
        self._ready.set()
        number = 0
        while not self._ended.is_set():
            due = begun + number / LIVE_PER_S
            time.sleep(max(0.0, due - time.monotonic()))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                """INSERT INTO "Job" ("id", "userId", "projectPath",
                     "outputPath", "status", "nexrenderConfig", "createdAt",
                     "updatedAt")
                   VALUES (?, 'u1', '/projects/new.aep', '/renders/new.mp4',
                           'RENDERING', '{}', ?, ?)""",
                (f"live{number}", created_ms, created_ms))
            connection.execute(
                """INSERT INTO "JobLog" ("jobId", "at", "level", "line")
                   VALUES (?, ?, 1, 'progress')""",
                (f"live{number}", created_ms))
            connection.execute("COMMIT")
            samples.append((time.monotonic() - due) * 1000)
            number += 1
        connection.close()
        answer.send(samples)


class PostgresLiveFarm:
    """pgbench at a steady rate; latencies count from when each was due."""

    # pgbench writes its log through a buffer; what is in it at the end is lost.
    GOES_ON_S = 2

    def __init__(self, farm, work, clients, per_second):
        self._directory = farm.scratch / "live"
        self._directory.mkdir()
        script = self._directory / "work.sql"
        script.write_text(work)
        self._command = [
            str(postgres.programs() / "pgbench"), "-n", "-M", "prepared",
            "-h", str(farm.server.directory), "-p", str(farm.server.port),
            "-U", "postgres", "-c", str(clients), "-j", "1",
            "-R", str(per_second), "-T", "36000", "-l", "--log-prefix", "live",
            "-f", str(script), farm.name]
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command, cwd=self._directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self._lines():
            if self._process.poll() is not None:
                raise RuntimeError("pgbench does not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        time.sleep(self.GOES_ON_S)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def latencies(self, began, ended):
        """Of the transactions that ended in between, in milliseconds."""
        # client, transaction, latency, script, seconds, microseconds, ...
        rows = [line.split() for line in self._lines()]
        return [int(row[2]) / 1000 for row in rows
                if began <= int(row[4]) + int(row[5]) / 1e6 <= ended]

    def _lines(self):
        return [line for log in self._directory.glob("live.*")
                for line in log.read_text().splitlines()
                if len(line.split()) >= 7]


class LargestSize:
    """The largest size that a file had, looked at a hundred times a second."""

    def __init__(self, file):
        self._file = pathlib.Path(file)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while not self._ended.wait(WAL_SAMPLE_S):
            try:
                self.bytes = max(self.bytes, self._file.stat().st_size)
            except FileNotFoundError:
                continue


def in_process(work):
    """Runs `work` in a process of its own: wall and CPU seconds, peak memory."""
    started = time.monotonic()
    process = multiprocessing.Process(target=work)
    process.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    if status != 0:
        raise RuntimeError(f"the contender ended with status {status}")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_kb": usage.ru_maxrss}


def stat_of(pid):
    """The fields of /proc/PID/stat from the third on."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def family_cpu_s(pid):
    """CPU seconds of a process and its children, those that ended included."""
    ticks = sum(int(field) for field in stat_of(pid)[11:15])
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = stat_of(directory.name)
            if int(fields[1]) == pid:
                ticks += sum(int(field) for field in fields[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for_end_of_run(daemon):
    """Asking for its record all the time would take a core from it."""
    daemon.wait_until(lambda: "run ended" in daemon.log_text(), "the run ends",
                      LONGEST_NIGHT_S)


def process_figures(pid):
    """CPU seconds and peak memory of a process that still runs."""
    ticks = sum(int(field) for field in stat_of(pid)[11:13])
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines()
                if line.startswith("VmHWM:"))
    return {"cpu_s": ticks / os.sysconf("SC_CLK_TCK"),
            "peak_kb": int(peak.split()[1])}
