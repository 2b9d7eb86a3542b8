"""A cascade is given to the table that the administrator names, and no other."""

import json

import harness
import postgres_farm


class SqliteCascadeTest(harness.FarmTest):

    def test_prints_what_to_do_and_changes_nothing(self):
        farm = self.farm
        farm.use_workload(20)
        with farm.connect() as connection:
            connection.execute(
                'CREATE TABLE "Invoice" ("id" INTEGER PRIMARY KEY, "jobId" '
                'TEXT REFERENCES "Job" ("id"))')
        schema = farm.query("SELECT * FROM sqlite_master")
        done = farm.run("check", "--fix", "--cascade", "Invoice")
        # What was asked for is not done.
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("ON DELETE CASCADE", done.stdout)
        self.assertNotIn("done:", done.stdout)
        told = farm.run("check", "--fix", "--cascade", "Invoice", "--json")
        self.assertEqual(1, told.returncode, told.stderr)
        report = json.loads(told.stdout)
        self.assertIs(False, report["ok"])
        finding, = report["findings"]
        self.assertEqual(("missing-cascade", "Invoice", "jobId"), (
            finding["code"], finding["table"], finding["column"]))
        self.assertIn("SQLite cannot alter a constraint", finding["fix"])
        self.assertNotIn("done", report)
        self.assertEqual(schema, farm.query("SELECT * FROM sqlite_master"))


class PostgresCascadeTest(postgres_farm.PostgresTest):

    def constraints(self):
        return farm_rows(self.farm.sql(
            "SELECT conrelid::regclass::text, confdeltype, convalidated FROM "
            "pg_constraint WHERE contype = 'f' AND confrelid = "
            "'\"Job\"'::regclass ORDER BY 1"))

    def test_gives_it_to_the_named_table_alone(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        farm.sql('CREATE TABLE note (job text REFERENCES "Job")')
        farm.sql('CREATE TABLE invoice (job text REFERENCES "Job")')
        before = self.constraints()
        missing = farm.run("check", "--fix", "--cascade", "nothing")
        self.assertNotEqual(0, missing.returncode)
        self.assertEqual(before, self.constraints())
        done = farm.run("check", "--fix", "--cascade", "note")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(2, done.stdout.count("done: "))
        after = self.constraints()
        self.assertEqual("c", after["note"][0])
        del before["note"], after["note"]
        self.assertEqual(before, after)

    def test_finishes_what_was_interrupted(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        farm.sql("""CREATE TABLE note (job text);
            ALTER TABLE note ADD CONSTRAINT note_job FOREIGN KEY (job)
              REFERENCES "Job" ON DELETE CASCADE NOT VALID""")
        self.assertEqual(("c", "f"), self.constraints()["note"])
        self.assertIn("cascade-not-validated", farm.run("check").stdout)
        done = farm.run("check", "--fix", "--cascade", "note", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual({"ok": True, "findings": [], "done": [
            'ALTER TABLE "public"."note" VALIDATE CONSTRAINT note_job']},
            report)
        self.assertEqual(("c", "t"), self.constraints()["note"])


def farm_rows(rows):
    return {row[0]: tuple(row[1:]) for row in rows}


if __name__ == "__main__":
    harness.main()
