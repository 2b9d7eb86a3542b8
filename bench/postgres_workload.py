"""The standard workload on PostgreSQL: a render manager's database, and its farm.

The layout is that of the application's own ORM. Jobs are spread evenly over the
last :days days before the slot, each with :logs log rows and two asset rows that
go with it by their foreign keys; ids are random. The reference size is 200000
jobs over 14 days with 10 log rows: half of it is expired, 1.3 million rows.
"""

import harness

SLOT = f"{harness.SLOT:%Y-%m-%d %H:%M:%S}"
CUTOFF = f"{harness.CUTOFF:%Y-%m-%d %H:%M:%S}"
EXPIRED = f""""createdAt" < '{CUTOFF}' AND "status" IN
              ('COMPLETED', 'FAILED', 'CANCELLED')"""

SCHEMA = """
CREATE TYPE "JobStatus" AS ENUM ('PENDING', 'VALIDATING', 'QUEUED',
  'RENDERING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TABLE "User" (id text PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE "Job" (
  id text NOT NULL,
  "userId" text NOT NULL,
  "projectPath" text NOT NULL,
  "outputPath" text NOT NULL,
  status "JobStatus" NOT NULL DEFAULT 'PENDING',
  priority int NOT NULL DEFAULT 0,
  "nexrenderConfig" jsonb NOT NULL,
  logs text,
  progress int NOT NULL DEFAULT 0,
  error text,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL,
  "completedAt" timestamp(3));
CREATE TABLE "JobLog" (
  id bigserial,
  "jobId" text NOT NULL,
  at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  level int NOT NULL,
  line text NOT NULL);
CREATE TABLE "JobAsset" (id bigserial, "jobId" text NOT NULL, src text NOT NULL);
"""

ROWS = """
INSERT INTO "User" SELECT 'u' || n, 'u' || n || '@example.com'
  FROM generate_series(0, 49) n;
INSERT INTO "Job" SELECT 'cl' || substr(md5(n::text), 1, 23), 'u' || n % 50,
  '/projects/p' || n % 977 || '.aep', '/renders/out' || n || '.mp4',
  (CASE WHEN n % 20 = 0 THEN 'FAILED' ELSE 'COMPLETED' END)::"JobStatus", n % 5,
  jsonb_build_object('uid', 'uid' || n, 'template', jsonb_build_object(
    'src', 'file:///p' || n || '.aep', 'composition', 'main')),
  repeat('render log line ', 20), 100, NULL,
  timestamp '{slot}' - interval '14 days' * (1 - n / {jobs}::float),
  timestamp '{slot}', timestamp '{slot}'
  FROM generate_series(1, {jobs}) n;
INSERT INTO "JobLog" ("jobId", at, level, line)
  SELECT id, "createdAt", 1, 'PROGRESS: 0:00:01:0' || n || repeat('x', 60)
  FROM "Job", generate_series(1, {logs}) n ORDER BY "createdAt";
INSERT INTO "JobAsset" ("jobId", src)
  SELECT id, 'file:///assets/' || n FROM "Job", generate_series(1, 2) n
  ORDER BY "createdAt";
ALTER TABLE "Job" ADD PRIMARY KEY (id);
ALTER TABLE "JobLog" ADD PRIMARY KEY (id);
ALTER TABLE "JobAsset" ADD PRIMARY KEY (id);
CREATE INDEX ON "Job" (status, priority);
CREATE INDEX ON "Job" ("projectPath");
CREATE INDEX "Job_createdAt_idx" ON "Job" ("createdAt");
CREATE INDEX ON "JobLog" ("jobId");
CREATE INDEX ON "JobAsset" ("jobId");
ALTER TABLE "Job" ADD FOREIGN KEY ("userId") REFERENCES "User" (id);
ALTER TABLE "JobLog" ADD FOREIGN KEY ("jobId") REFERENCES "Job" (id)
  ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "JobAsset" ADD FOREIGN KEY ("jobId") REFERENCES "Job" (id)
  ON DELETE CASCADE ON UPDATE CASCADE;
"""

# pgbench's script of the live farm: a job is submitted, the next one found, its
# progress reported and logged.
LIVE_WORK = f"""
\\set u random(0, 49)
INSERT INTO "Job" (id, "userId", "projectPath", "outputPath", status,
  "nexrenderConfig", "createdAt", "updatedAt")
  VALUES ('n' || gen_random_uuid(), 'u' || :u, '/projects/new.aep',
    '/renders/new.mp4', 'RENDERING', '{{}}', '{SLOT}', now());
SELECT id AS job FROM "Job" WHERE status = 'RENDERING'
  ORDER BY priority DESC LIMIT 1 \\gset
UPDATE "Job" SET progress = progress + 1, "updatedAt" = now() WHERE id = :job;
INSERT INTO "JobLog" ("jobId", level, line) VALUES (:job, 1, 'progress');
"""
LIVE_CLIENTS = 4
LIVE_PER_S = 150


def build(server, database, jobs, logs, created_index=True):
    server.psql("postgres", f"CREATE DATABASE {database}")
    server.psql(database, SCHEMA + ROWS.format(slot=SLOT, jobs=jobs, logs=logs))
    if not created_index:
        server.psql(database, 'DROP INDEX "Job_createdAt_idx"')
    server.psql(database, "VACUUM (ANALYZE)")
