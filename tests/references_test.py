"""What refers to a job goes with it, stays without it, or holds it."""

import harness

# An invoice holds its job, a review outlives it, a note goes with it.
REFERENCES = """
CREATE TABLE "Invoice" (
  "id" INTEGER PRIMARY KEY,
  "jobId" TEXT NOT NULL REFERENCES "Job" ("id") ON DELETE RESTRICT
);
CREATE TABLE "Review" (
  "id" INTEGER PRIMARY KEY,
  "jobId" TEXT REFERENCES "Job" ("id") ON DELETE SET NULL
);
CREATE TABLE "Note" (
  "id" INTEGER PRIMARY KEY,
  "logId" INTEGER NOT NULL REFERENCES "JobLog" ("id") ON DELETE CASCADE
);
CREATE INDEX "Invoice_jobId_idx" ON "Invoice" ("jobId");
CREATE INDEX "Review_jobId_idx" ON "Review" ("jobId");
CREATE INDEX "Note_logId_idx" ON "Note" ("logId");
"""


class ReferencesTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        farm = self.farm
        farm.use_workload(200, logs=3)
        self.expired = sorted(farm.expired_jobs())
        self.assertEqual(99, len(self.expired))
        self.held, self.reviewed = self.expired[0], self.expired[1]
        with farm.connect() as connection:
            connection.executescript(REFERENCES)
            connection.execute('INSERT INTO "Invoice" VALUES (1, ?)',
                               (self.held,))
            connection.execute('INSERT INTO "Review" VALUES (1, ?)',
                               (self.reviewed,))
            connection.execute(
                'INSERT INTO "Note" SELECT NULL, "id" FROM "JobLog"')
        farm.add_files()

    def test_the_plan_names_what_the_night_does(self):
        plan = self.farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual(98, plan["jobs"]["to_delete"])
        self.assertEqual(1, plan["jobs"]["held"])
        rows = {table["table"]: table["rows"] for table in plan["dependents"]
                if table["on_delete"].upper() == "CASCADE"}
        self.assertEqual({"JobLog": 98 * 3, "JobAsset": 98 * 2,
                          "Note": 98 * 3}, rows)

    def test_the_night_leaves_no_dependent_and_takes_no_outsider(self):
        farm = self.farm
        run = self.night()

        self.assertEqual(98, run["jobs_deleted"])
        self.assertEqual(1, run["held"])
        self.assertEqual({"Job": 98, "JobLog": 98 * 3, "JobAsset": 98 * 2,
                          "Note": 98 * 3}, run["rows_deleted"])
        self.assertIn(self.held, farm.jobs())
        self.assertEqual([(1, self.held)],
                         farm.query('SELECT * FROM "Invoice"'))
        self.assertEqual([(1, None)], farm.query('SELECT * FROM "Review"'))
        self.assertEqual([(102 * 3,)],
                         farm.query('SELECT count(*) FROM "Note"'))
        self.assert_database_is_sound()
        self.assert_each_audited_once(self.expired[1:])
        self.assertTrue((farm.log_root / f"{self.held}.log").exists())


if __name__ == "__main__":
    harness.main()
