#!/usr/bin/env python3
"""Makes the standard workload: a render manager's SQLite database.

    sqlite_workload.py FILE JOBS DAYS LOGS [random|ordered]

JOBS jobs, spread evenly over the last DAYS days, each with LOGS log rows and
two asset rows that go with it by their foreign keys. The layout is that of the
application's own ORM. Ids are "random", as cuid2 and UUIDv4 are, or "ordered"
by time, as cuid, UUIDv7 and ULID are. The reference size is 200000 jobs over
14 days with 10 log rows: half of it is expired, 1.3 million rows.
"""

import hashlib
import sqlite3
import sys
import time

SCHEMA = """
CREATE TABLE "User" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "email" TEXT NOT NULL UNIQUE
);
CREATE TABLE "Job" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "userId" TEXT NOT NULL,
  "projectPath" TEXT NOT NULL,
  "outputPath" TEXT NOT NULL,
  "status" TEXT NOT NULL DEFAULT 'PENDING',
  "priority" INTEGER NOT NULL DEFAULT 0,
  "nexrenderConfig" JSONB NOT NULL,
  "logs" TEXT,
  "progress" INTEGER NOT NULL DEFAULT 0,
  "error" TEXT,
  "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" DATETIME NOT NULL,
  "completedAt" DATETIME,
  CONSTRAINT "Job_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
    ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE "JobLog" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "jobId" TEXT NOT NULL,
  "at" DATETIME,
  "level" INTEGER NOT NULL,
  "line" TEXT NOT NULL,
  CONSTRAINT "JobLog_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job" ("id")
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE "JobAsset" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "jobId" TEXT NOT NULL,
  "src" TEXT NOT NULL,
  CONSTRAINT "JobAsset_jobId_fkey" FOREIGN KEY ("jobId")
    REFERENCES "Job" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "Job_status_priority_idx" ON "Job" ("status", "priority");
CREATE INDEX "Job_projectPath_idx" ON "Job" ("projectPath");
CREATE INDEX "Job_createdAt_idx" ON "Job" ("createdAt");
CREATE INDEX "JobLog_jobId_idx" ON "JobLog" ("jobId");
CREATE INDEX "JobAsset_jobId_idx" ON "JobAsset" ("jobId");
"""

USERS = 50
DAY_MS = 86_400_000


def job_id(number, ordered):
    """The id of a job: 25 characters, as the ORM's are."""
    digest = hashlib.md5(str(number).encode()).hexdigest()
    return f"cm{number:09d}{digest[:14]}" if ordered else f"cl{digest[:23]}"


def job_rows(jobs, days, now_ms, ordered):
    """The rows of "Job", oldest first; the last is created now."""
    for number in range(1, jobs + 1):
        created_ms = now_ms - int(days * DAY_MS * (1 - number / jobs))
        config = ('{"uid":"uid%d","template":{"src":"file:///p%d.aep",'
                  '"composition":"main"}}' % (number, number))
        yield (job_id(number, ordered), f"u{number % USERS}",
               f"/projects/p{number % 977}.aep", f"/renders/out{number}.mp4",
               "FAILED" if number % 20 == 0 else "COMPLETED", number % 5,
               config, "render log line " * 20, 100, None,
               created_ms, created_ms, created_ms)


def build(path, jobs, days, logs, ordered=False, now_ms=None):
    """Makes the database at `path`, which must not exist."""
    if now_ms is None:
        now_ms = int(time.time() * 1000)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    # A crash while building is no loss: it is built again.
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(SCHEMA)
    database.executemany(
        'INSERT INTO "User" VALUES (?, ?)',
        ((f"u{user}", f"u{user}@example.com") for user in range(USERS)))
    database.executemany(
        f'INSERT INTO "Job" VALUES ({", ".join("?" * 13)})',
        job_rows(jobs, days, now_ms, ordered))
    # Rows of dependents in the order in which the farm would have written
    # them, so that those of one job lie beside each other.
    database.execute(
        """WITH RECURSIVE line(n) AS (
             SELECT 1 WHERE ?1 > 0 UNION ALL SELECT n + 1 FROM line WHERE n < ?1)
           INSERT INTO "JobLog" ("jobId", "at", "level", "line")
           SELECT "id", "createdAt", 1,
                  'PROGRESS: 0:00:01:0' || n || printf(' %.*c', 60, 'x')
           FROM "Job", line ORDER BY "createdAt" """, (logs,))
    database.execute(
        """INSERT INTO "JobAsset" ("jobId", "src")
           SELECT "id", 'file:///assets/' || n
           FROM "Job", (SELECT 1 AS n UNION ALL SELECT 2)
           ORDER BY "createdAt" """)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("ANALYZE")
    database.commit()
    database.close()


def main(arguments):
    if len(arguments) not in (4, 5) or arguments[4:] not in (
            [], ["random"], ["ordered"]):
        print(__doc__, file=sys.stderr)
        return 64
    path, jobs, days, logs = arguments[:4]
    build(path, int(jobs), float(days), int(logs),
          ordered=arguments[4:] == ["ordered"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
