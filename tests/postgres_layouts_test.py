"""Databases of other people's making: `init` proposes, and a night cleans."""

import re

import harness
import postgres_farm

# Ten days of ten jobs each, up to the slot; of each day's the first is in work.
# 30 of the 100 are older than the cutoff, 3 of those are held.
JOBS = """
  SELECT n, timestamptz '{slot}' - n * interval '2.4 hours' AS created,
         CASE WHEN n % 10 = 0 THEN 'running' WHEN n % 10 = 1 THEN 'failed'
              ELSE 'succeeded' END AS state
  FROM generate_series(1, 100) n
"""

QUEUE = """
CREATE TABLE render_jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state text NOT NULL, created_at timestamptz NOT NULL, output_path text);
CREATE TABLE attempts (id bigserial PRIMARY KEY, render_job_id bigint NOT NULL
  REFERENCES render_jobs ON DELETE CASCADE);
CREATE TABLE attempt_logs (id bigserial PRIMARY KEY, attempt_id bigint NOT NULL
  REFERENCES attempts ON DELETE CASCADE);
CREATE TABLE artifacts (id bigserial PRIMARY KEY, log_id bigint NOT NULL
  REFERENCES attempt_logs ON DELETE CASCADE);
INSERT INTO render_jobs (state, created_at) SELECT state, created
  FROM ({jobs}) j ORDER BY n;
INSERT INTO attempts (render_job_id) SELECT id FROM render_jobs,
  generate_series(1, 2);
INSERT INTO attempt_logs (attempt_id) SELECT id FROM attempts,
  generate_series(1, 3);
INSERT INTO artifacts (log_id) SELECT id FROM attempt_logs;
"""

TENANTS = """
CREATE TABLE jobs (tenant_id int, id int, status text NOT NULL,
  created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE steps (tenant_id int, job_id int, step int,
  PRIMARY KEY (tenant_id, job_id, step),
  FOREIGN KEY (tenant_id, job_id) REFERENCES jobs ON DELETE CASCADE);
CREATE TABLE events (tenant_id int, job_id int, line text);
-- The same ids in two tenants, one of which submits nothing but new jobs.
INSERT INTO jobs SELECT 1, n, state, created FROM ({jobs}) j;
INSERT INTO jobs SELECT 2, n, state, '{slot}' FROM ({jobs}) j;
INSERT INTO steps SELECT tenant_id, id, s FROM jobs, generate_series(1, 2) s;
INSERT INTO events SELECT tenant_id, id, 'x' FROM jobs;
"""

UUIDS = """
CREATE SCHEMA farm;
CREATE TABLE farm.job (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  state text NOT NULL, inserted_at timestamptz NOT NULL);
CREATE TABLE farm.job_log (id bigserial PRIMARY KEY, job_id uuid, line text);
INSERT INTO farm.job (state, inserted_at) SELECT state, created
  FROM ({jobs}) j;
INSERT INTO farm.job_log (job_id) SELECT id FROM farm.job,
  generate_series(1, 3);
INSERT INTO farm.job_log (line) VALUES ('of no job');
"""

PARTITIONS = """
CREATE TABLE jobs (id bigint, state text NOT NULL,
  created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at))
  PARTITION BY RANGE (created_at);
CREATE TABLE job_logs (job_id bigint NOT NULL, created_at timestamptz NOT NULL,
  line text) PARTITION BY RANGE (created_at);
CREATE INDEX ON job_logs (job_id);
DO $$ DECLARE day date; BEGIN
  FOR day IN SELECT d::date FROM generate_series(date '2026-03-04',
      date '2026-03-17', interval '1 day') d LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF jobs FOR VALUES FROM (%L) '
      'TO (%L)', 'jobs_' || to_char(day, 'MMDD'), day, day + 1);
    EXECUTE format('CREATE TABLE %I PARTITION OF job_logs FOR VALUES FROM '
      '(%L) TO (%L)', 'job_logs_' || to_char(day, 'MMDD'), day, day + 1);
  END LOOP; END $$;
INSERT INTO jobs SELECT n, state, created FROM ({jobs}) j;
INSERT INTO job_logs SELECT id, created_at, 'x' FROM jobs,
  generate_series(1, 2);
"""

EXPIRED = 27
HELD = 3


class PostgresLayoutsTest(postgres_farm.PostgresTest):

    def use_proposal(self, ids_are_unique=False):
        """What `init` prints is the configuration, from here on.

        With what it leaves to a person who knows that no two jobs share an id.
        """
        farm = self.farm
        farm.settings = {"database": farm.settings["database"],
                         "files": {"temp_roots": [str(farm.temp_root)],
                                   "log_roots": [str(farm.log_root)]},
                         "schedule": {"timezone": "UTC"}}
        farm.write_config()
        done = farm.run("init")
        self.assertEqual(0, done.returncode, done.stderr)
        proposal = done.stdout
        if ids_are_unique:
            proposal = re.sub(r"^# (\[\[dependents\]\]|table =|columns =)",
                              r"\1", proposal, flags=re.MULTILINE)
            self.assertNotEqual(done.stdout, proposal)
        farm.config.write_text(proposal)
        return proposal

    def make(self, schema):
        slot = f"{harness.SLOT:%Y-%m-%d %H:%M:%S}+00"
        self.farm.sql(schema.format(slot=slot, jobs=JOBS.format(slot=slot)))

    def counts(self, *tables):
        return {table: int(self.farm.sql(f"SELECT count(*) FROM {table}")[0][0])
                for table in tables}

    def cleans(self, before, deleted, ids_are_unique=False):
        """By the proposal, a night deletes exactly these rows."""
        farm = self.farm
        counts = self.counts(*before)
        self.assertEqual(before, counts)
        proposal = self.use_proposal(ids_are_unique)
        plan = farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual((EXPIRED, HELD), (
            plan["jobs"]["to_delete"], plan["jobs"]["held"]), proposal)
        run = self.night()
        self.assertEqual("success", run["outcome"], run["errors"])
        self.assertEqual(deleted, run["rows_deleted"])
        self.assertEqual({table: before[table] - deleted[table]
                          for table in before}, self.counts(*before))
        self.assertEqual(EXPIRED, len(set(farm.audited_jobs())))
        self.assertEqual(EXPIRED, len(farm.audited_jobs()))
        self.assertTrue(farm.json("audit", "verify")["ok"])
        return proposal

    def test_the_render_managers(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        expired = farm.expired_jobs()
        self.use_proposal()
        self.night()
        self.assertEqual(set(), farm.jobs() & expired)
        self.assertEqual(179, len(farm.jobs()))
        self.assert_each_audited_once(expired)

    def test_a_queue_with_attempts_logs_and_artifacts(self):
        self.make(QUEUE)
        self.cleans({"render_jobs": 100, "attempts": 200, "attempt_logs": 600,
                     "artifacts": 600},
                    {"render_jobs": 27, "attempts": 54, "attempt_logs": 162,
                     "artifacts": 162})

    def test_tenants_with_a_composite_key(self):
        self.make(TENANTS)
        self.cleans({"jobs": 200, "steps": 400, "events": 200},
                    {"jobs": 27, "steps": 54, "events": 27})
        self.assertEqual([["100"]], self.farm.sql(
            "SELECT count(*) FROM events WHERE tenant_id = 2"))

    def test_uuids_and_a_log_table_without_a_foreign_key(self):
        self.make(UUIDS)
        self.cleans({"farm.job": 100, "farm.job_log": 301},
                    {"farm.job": 27, "farm.job_log": 81})

    def test_a_table_partitioned_by_day(self):
        self.make(PARTITIONS)
        proposal = self.cleans({"jobs": 100, "job_logs": 200},
                               {"jobs": 27, "job_logs": 54},
                               ids_are_unique=True)
        # The partitions are no tables of their own.
        self.assertEqual(1, proposal.count("[[dependents]]"), proposal)

    def test_a_queue_that_has_no_job_yet(self):
        self.farm.sql("CREATE TABLE jobs (id int PRIMARY KEY, state text, "
                      "created_at timestamptz NOT NULL)")
        self.use_proposal()
        plan = self.farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual(0, plan["jobs"]["total"])


if __name__ == "__main__":
    harness.main()
