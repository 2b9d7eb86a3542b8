"""What is wrong with a PostgreSQL database is told, with what mends it."""

import harness
import postgres_farm

CANARY = "c4n4ry-s3cr3t"


class PostgresErrorsTest(postgres_farm.PostgresTest):

    def refused(self, code, *named, command="plan"):
        done = self.farm.run(command)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        for name in named:
            self.assertIn(name, done.stderr)
        self.assertNotIn(CANARY, done.stdout + done.stderr)

    def use_url(self, url, **settings):
        self.farm.settings["database"] = {"url": url, **settings}
        self.farm.write_config()

    def url(self, database, user=f"postgres:{CANARY}"):
        return self.farm.server.url(database).replace("postgres@",
                                                      f"{user}@")

    def test_an_unknown_database(self):
        self.use_url(self.url("no_such_farm"))
        self.refused(harness.EX_UNAVAILABLE, "no_such_farm", "psql -l")

    def test_an_unknown_role(self):
        self.use_url(self.url(self.farm.name, f"stranger:{CANARY}"))
        self.refused(harness.EX_NOPERM, "stranger", "CREATE ROLE")

    def test_a_server_that_is_not_there(self):
        self.use_url(f"postgresql://u:{CANARY}@127.0.0.1:1/farm")
        self.refused(harness.EX_UNAVAILABLE, "127.0.0.1")

    def test_a_database_without_the_job_table(self):
        self.use_url(self.url(self.farm.name))
        self.farm.sql("CREATE TABLE invoice (id int)")
        self.refused(harness.EX_CONFIG, "Job", "invoice")

    def test_a_malformed_url(self):
        self.use_url(f"postgresql://u:{CANARY}%@h/farm")
        self.refused(harness.EX_CONFIG, "%XX")

    def test_a_role_without_rights(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        role = f"r_{farm.name}"
        farm.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{CANARY}'")
        self.addCleanup(farm.server.psql, "postgres", f"DROP ROLE {role}")
        self.use_url(self.url(farm.name, f"{role}:{CANARY}"))
        self.refused(harness.EX_NOPERM, "permission denied")

    def test_a_password_from_a_file_is_used_and_never_shown(self):
        farm = self.farm
        farm.use_fixture("render-manager")
        secret = farm.scratch / "password"
        secret.write_text(CANARY + "\n")
        self.use_url(farm.server.url(farm.name), password_file=str(secret))
        for arguments in (("plan",), ("check",), ("init",), ("status",),
                          ("plan", "--json")):
            done = farm.run(*arguments)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertNotIn(CANARY, done.stdout + done.stderr)
        self.use_url(farm.server.url(farm.name), password_file="/no/file")
        self.refused(harness.EX_CONFIG, "/no/file")


if __name__ == "__main__":
    harness.main()
