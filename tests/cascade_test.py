"""A cascade is given to the table that the administrator names, and no other."""

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
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("ON DELETE CASCADE", done.stdout)
        self.assertNotIn("done:", done.stdout)
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


def farm_rows(rows):
    return {row[0]: tuple(row[1:]) for row in rows}


if __name__ == "__main__":
    harness.main()
