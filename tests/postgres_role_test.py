"""A role with no more rights than docs/postgresql.md asks for."""

import harness
import postgres_farm
import postgres_load

JOBS = 600
LOGS = 3


class PostgresRoleTest(postgres_farm.PostgresTest):
    farm_type = postgres_load.LoadedFarm

    def setUp(self):
        super().setUp()
        farm = self.farm
        farm.use_load(JOBS, LOGS)
        # An outsider, which holds the job that it refers to.
        farm.sql("""CREATE TABLE "Invoice" ("jobId" text REFERENCES "Job");
            CREATE INDEX ON "Invoice" ("jobId");
            INSERT INTO "Invoice" SELECT id FROM "Job"
              WHERE status = 'COMPLETED' ORDER BY "createdAt" LIMIT 1""")
        self.role = f"r_{farm.name}"
        farm.sql(f"""CREATE ROLE {self.role} LOGIN;
            CREATE SCHEMA retentiond AUTHORIZATION {self.role};
            GRANT USAGE ON SCHEMA public TO {self.role};
            GRANT SELECT, DELETE ON "Job", "JobLog", "JobAsset"
              TO {self.role};
            GRANT SELECT ON "Invoice" TO {self.role}""")
        self.addCleanup(farm.server.psql, "postgres",
                        f"DROP ROLE {self.role}")
        self.addCleanup(farm.sql, f"DROP OWNED BY {self.role} CASCADE")
        url = farm.server.url(farm.name).replace("postgres@", f"{self.role}@")
        farm.settings["database"]["url"] = url
        farm.write_config()
        self.invoiced, = farm.sql('SELECT "jobId" FROM "Invoice"')[0]

    def lives_through_the_night(self):
        farm = self.farm
        expired = farm.expired_jobs() - {self.invoiced}
        kept = farm.jobs() - expired
        self.assertEqual(0, farm.run("check").returncode)
        plan = farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual(len(expired), plan["jobs"]["to_delete"])
        run = self.night()
        self.assertEqual("success", run["outcome"], run["errors"])
        self.assertEqual(kept, farm.jobs())
        self.assertEqual(
            {"Job": len(expired), "JobLog": LOGS * len(expired),
             "JobAsset": 2 * len(expired)}, run["rows_deleted"])
        self.assert_each_audited_once(expired)
        self.assertIn("Invoice", farm.run("why", self.invoiced).stdout)
        # VACUUM is the owner's, was left to the server, and that is said.
        self.assertEqual(
            {table: "skipped: the role does not own the table"
             for table in ("Job", "JobLog", "JobAsset")},
            {each["table"]: each["vacuum"] for each in run["tables"]})
        self.assertEqual(run["tables"], self.told_in_the_audit())
        log = farm.daemons[-1].log_text()
        self.assertRegex(log, 'table name="Job" .* vacuum="skipped: the role '
                              'does not own the table"')
        self.assertEqual([["0"]], farm.sql(
            "SELECT sum(vacuum_count) FROM pg_stat_user_tables "
            "WHERE schemaname = 'public'"))

    def told_in_the_audit(self):
        record, = self.farm.audit_records("run-end")
        return record["facts"]["tables"]

    def test_cleans_without_row_locks(self):
        self.lives_through_the_night()

    def test_cleans_with_row_locks(self):
        self.farm.sql(f'GRANT UPDATE (id) ON "Job" TO {self.role}')
        self.lives_through_the_night()

    def test_may_make_no_index_and_says_so(self):
        self.farm.sql('DROP INDEX "JobLog_jobId_idx"')
        done = self.farm.run("check", "--fix")
        self.assertEqual(harness.EX_NOPERM, done.returncode, done.stderr)
        self.assertIn("must be owner of table JobLog", done.stderr)

    def test_the_grant_that_is_missing_is_named(self):
        self.farm.sql(f'REVOKE DELETE ON "JobLog" FROM {self.role}')
        done = self.farm.run("check")
        self.assertEqual(1, done.returncode)
        self.assertIn(f'GRANT DELETE ON "public"."JobLog" TO {self.role}',
                      done.stdout)
        before = self.farm.jobs()
        run = self.night()
        self.assertEqual("failed", run["outcome"])
        self.assertEqual(before, self.farm.jobs())


if __name__ == "__main__":
    harness.main()
