"""One night beside a render manager's PostgreSQL database."""

import harness
import postgres
import postgres_farm

OUTPUTS_IN_TEMP = ("uid207", "uid247", "uid287")


class PostgresNightTest(postgres_farm.PostgresTest):

    def test_deletes_expired_jobs_and_their_files(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        farm.add_files()
        expired = farm.expired_jobs()
        self.assertEqual(121, len(expired))
        kept = farm.jobs() - expired
        expired_uids = {uid for job, uid in farm.sql(
            """SELECT id, "nexrenderConfig"->>'uid' FROM "Job" """)
            if job in expired}
        users = farm.sql('SELECT * FROM "User"')
        outside = farm.outside()
        plan = farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual(
            {"total": 300, "expired": 121, "held": 1, "undatable": 0,
             "to_delete": 121}, plan["jobs"])
        # Looking leaves no trace.
        self.assertEqual([], farm.sql(
            "SELECT 1 FROM pg_namespace WHERE nspname = 'retentiond'"))

        run = self.night()

        self.assertEqual(kept, farm.jobs())
        self.assertEqual(179, len(kept))
        self.assertEqual(users, farm.sql('SELECT * FROM "User"'))
        self.assert_same_tree(outside, farm.outside())
        self.assert_no_files_left(expired_uids - set(OUTPUTS_IN_TEMP), expired)
        for uid in OUTPUTS_IN_TEMP:
            self.assertEqual(["result.mp4"], [
                path.name for path in (farm.temp_root / uid).iterdir()])
        self.check_run(run, expired)
        self.check_commands(expired, kept)

    def check_run(self, run, expired):
        self.assertEqual("2026-03-16", run["slot"])
        self.assertEqual("success", run["outcome"])
        self.assertEqual({"Job": 121}, run["rows_deleted"])
        self.assertEqual(1, run["held"])
        self.assertEqual([], run["errors"])
        self.assertEqual(3 * 121, run["files_deleted"])
        table, = run["tables"]
        self.assertEqual(("Job", "done", 0), (
            table["table"], table["vacuum"], table["dead_rows_after"]))
        self.assertGreater(table["bytes_before"], 0)
        self.assertGreater(table["bytes_after"], 0)
        self.assert_each_audited_once(expired)

    def check_commands(self, expired, kept):
        farm = self.farm
        self.assertEqual("postgresql",
                         farm.json("status")["database"]["kind"])
        self.assertIn("2026-03-16", farm.run("why", min(expired)).stdout)
        self.assertEqual(0, farm.run("why", min(kept)).returncode)
        self.assertEqual(0, farm.run("check").returncode)
        self.assertIn("render manager's layout", farm.run("init").stdout)

    def test_an_edited_audit_record_is_found(self):
        self.farm.use_fixture("render-manager")
        self.night()
        self.farm.sql("""UPDATE retentiond.audit SET facts = set_byte(facts,
            position('"jobs":["'::bytea in facts) + 8, 64)
            WHERE event = 'batch'""")
        self.assertEqual(1, self.farm.run("audit", "verify").returncode)


class PostgresPooledNightTest(PostgresNightTest):
    """The same through PgBouncer in transaction mode."""

    port = postgres.POOLER_PORT


if __name__ == "__main__":
    harness.main()
