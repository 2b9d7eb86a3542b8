"""A render manager's PostgreSQL database under work: rows, and a live farm."""

import signal
import subprocess
import threading
import time

import harness
import postgres
import postgres_farm
import trees

# Jobs that are evenly old, up to the slot; :logs log rows and two assets each.
# Of the expired ones every fiftieth is still in work, and held.
SCHEMA = """
CREATE TYPE "JobStatus" AS ENUM ('PENDING', 'VALIDATING', 'QUEUED',
  'RENDERING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TABLE "User" (id text PRIMARY KEY);
INSERT INTO "User" SELECT 'u' || n FROM generate_series(0, 49) n;
CREATE TABLE "Job" (
  id text PRIMARY KEY,
  "userId" text NOT NULL REFERENCES "User",
  "projectPath" text NOT NULL,
  "outputPath" text NOT NULL,
  status "JobStatus" NOT NULL DEFAULT 'PENDING',
  priority int NOT NULL DEFAULT 0,
  "nexrenderConfig" jsonb NOT NULL,
  progress int NOT NULL DEFAULT 0,
  "createdAt" timestamp(3) NOT NULL,
  "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "JobLog" (
  id bigserial PRIMARY KEY,
  "jobId" text NOT NULL REFERENCES "Job" ON DELETE CASCADE ON UPDATE CASCADE,
  line text NOT NULL);
CREATE TABLE "JobAsset" (
  id bigserial PRIMARY KEY,
  "jobId" text NOT NULL REFERENCES "Job" ON DELETE CASCADE ON UPDATE CASCADE,
  src text NOT NULL);
"""

ROWS = """
INSERT INTO "Job" SELECT
  'c' || substr(md5(n::text), 1, 24), 'u' || n % 50, '/projects/p.aep',
  '{outputs}/out' || n || '.mp4',
  (CASE WHEN n % 50 = 0 THEN 'QUEUED' WHEN n % 20 = 1 THEN 'FAILED'
        ELSE 'COMPLETED' END)::"JobStatus",
  -1, jsonb_build_object('uid', 'uid' || n), 100,
  timestamp '{slot}' - interval '14 days' * (1 - n / {jobs}::float),
  timestamp '{slot}'
  FROM generate_series(1, {jobs}) n;
INSERT INTO "JobLog" ("jobId", line)
  SELECT id, repeat('x', 60) FROM "Job", generate_series(1, {logs});
INSERT INTO "JobAsset" ("jobId", src)
  SELECT id, '/assets/a' FROM "Job", generate_series(1, 2);
CREATE INDEX ON "Job" (status, priority);
CREATE INDEX ON "JobLog" ("jobId");
CREATE INDEX ON "JobAsset" ("jobId");
ANALYZE;
"""

# A job is submitted, the next one found, its progress reported and logged.
LIVE_WORK = """
\\set u random(0, 49)
INSERT INTO "Job" (id, "userId", "projectPath", "outputPath", status,
  "nexrenderConfig", "createdAt", "updatedAt")
  VALUES ('n' || gen_random_uuid(), 'u' || :u, '/projects/new.aep',
    '/renders/new.mp4', 'RENDERING', '{{}}', '{slot}', now());
SELECT id AS job FROM "Job" WHERE status = 'RENDERING'
  ORDER BY priority DESC LIMIT 1 \\gset
UPDATE "Job" SET progress = progress + 1, "updatedAt" = now() WHERE id = :job;
INSERT INTO "JobLog" ("jobId", line) VALUES (:job, 'progress');
"""

CLIENTS = 4


class LoadedFarm(postgres_farm.PostgresFarm):
    """A farm whose rows are made here, on a server of its own."""

    def use_load(self, jobs, logs):
        self.logs = logs
        self.sql(SCHEMA + ROWS.format(
            outputs=self.outputs, slot=f"{harness.SLOT:%Y-%m-%d %H:%M:%S}",
            jobs=jobs, logs=logs))

    def add_directories(self):
        """Gives every other job a directory and a log file."""
        for job, uid in self.sql(
                """SELECT id, "nexrenderConfig"->>'uid' FROM "Job"
                   WHERE id < 'c8'"""):
            trees.write(self.temp_root / uid / "frame.png", b"frame")
            trees.write(self.log_root / f"{job}.log", b"render log\n")

    def count_jobs(self):
        """How many of the jobs made here are left."""
        return int(self.sql(
            """SELECT count(*) FROM "Job" WHERE id LIKE 'c%'""")[0][0])

    def orphan_rows(self):
        return [self.sql(f"""SELECT count(*) FROM "{table}" d WHERE NOT EXISTS
                    (SELECT 1 FROM "Job" j WHERE j.id = d."jobId")""")[0][0]
                for table in ("JobLog", "JobAsset")]


class LiveFarm:
    """Small transactions at a given rate, by pgbench, for as long as it lives.

    Where the server goes away it goes on when the server is back, as the
    processes of a farm do.
    """

    def __init__(self, farm, per_second):
        self.farm = farm
        script = farm.scratch / "live.sql"
        script.write_text(
            LIVE_WORK.format(slot=f"{harness.SLOT:%Y-%m-%d %H:%M:%S}"))
        self.command = [
            str(postgres.programs() / "pgbench"), "-n", "-h",
            str(farm.server.directory), "-p", str(postgres.PORT), "-U",
            "postgres", "-M", "prepared", "-c", str(CLIENTS), "-R",
            str(per_second), "-T", "600", "-f", str(script), farm.name]
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._process = None
        self.starts = 0
        self._thread = threading.Thread(target=self._live)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with self._lock:
            self._ended.set()
            if self._process:
                self._process.send_signal(signal.SIGKILL)
        self._thread.join()

    def _live(self):
        while True:
            with self._lock:
                if self._ended.is_set():
                    return
                self._process = subprocess.Popen(
                    self.command, cwd=self.farm.scratch,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
            began = time.monotonic()
            self._process.wait()
            self.starts += 1
            # Not in a circle where the server is not there.
            self._ended.wait(max(0, 0.2 - (time.monotonic() - began)))
