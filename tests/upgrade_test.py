"""The state of every version that there was, under today's daemon."""

import json
import re

import harness
import postgres_farm

STATES = harness.TESTS / "data" / "states"
NEXT_NIGHT = "2026-03-17"


def versions(kind):
    return sorted(int(re.search(r"-v(\d+)", file.name)[1])
                  for file in STATES.glob(f"{kind}-v*.sql"))


class UpgradeScenario:
    """What holds on either database."""

    kind = None
    fixture = None

    def load(self, sql):
        raise NotImplementedError

    def set_version(self, version):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def everything(self):
        """All that is in the database, to see that nothing changed."""
        raise NotImplementedError

    def test_every_state_moves_forward_and_keeps_what_it_knows(self):
        for version in versions(self.kind):
            with self.subTest(f"version {version}"):
                self.farm = self.fresh_farm()
                self.farm.use_fixture(self.fixture)
                self.load((STATES / f"{self.kind}-v{version}.sql").read_text())
                self.assertEqual(version, self.version())
                self.moves_forward()

    def moves_forward(self):
        farm = self.farm
        newest = self.version() == versions(self.kind)[-1]
        farm.set_clock(harness.EVE + harness.datetime.timedelta(days=1))
        if not newest:
            # Nobody but the daemon changes it.
            done = farm.run("runs")
            self.assertNotEqual(0, done.returncode)
            self.assertIn("start the daemon once", done.stderr)
        daemon = farm.serve()
        daemon.wait_until(
            lambda: self.version() == versions(self.kind)[-1],
            "the state is up to date")
        run = farm.wait_for_slot(daemon, NEXT_NIGHT)
        self.assert_stops(daemon)
        self.assertEqual(versions(self.kind)[-1], self.version())
        self.assertIn(run["outcome"], ("success", "partial"))
        nights = farm.json("runs")
        self.assertEqual([NEXT_NIGHT, "2026-03-16"],
                         [each["slot"] for each in nights])
        kept = nights[1]
        self.assertEqual(("success", 121, 1),
                         (kept["outcome"], kept["jobs_deleted"], kept["held"]))
        self.assertTrue(farm.json("audit", "verify")["ok"])
        # The old night's record of its batch is still found.
        deleted = farm.audit_records("batch")[0]["facts"]["jobs"][0]
        self.assertEqual("deleted",
                         farm.json("why", deleted)["verdict"])

    def test_a_newer_state_is_refused_and_left_as_it_is(self):
        self.farm.use_fixture(self.fixture)
        self.night()
        known = self.version()
        self.assertEqual(list(range(1, known + 1)), versions(self.kind),
                         "run tests/state_dumps.py")
        self.set_version(known + 1)
        before = self.everything()
        for command in (("serve",), ("runs",), ("plan",), ("status",),
                        ("check", "--fix")):
            with self.subTest(command):
                done = self.farm.run(*command)
                self.assertEqual(harness.EX_UNAVAILABLE, done.returncode,
                                 done.stderr)
                self.assertIn(str(known + 1), done.stderr)
                self.assertIn(str(known), done.stderr)
        self.assertEqual(before, self.everything())


class SqliteUpgradeTest(UpgradeScenario, harness.FarmTest):
    kind = "sqlite"
    fixture = "render-manager-iso"

    def fresh_farm(self):
        farm = harness.Farm()
        self.addCleanup(farm.close)
        return farm

    def load(self, sql):
        with self.farm.connect() as connection:
            connection.executescript(sql)

    def set_version(self, version):
        with self.farm.connect() as connection:
            connection.execute("UPDATE retentiond_meta SET value = ? "
                               "WHERE key = 'schema_version'", (str(version),))

    def version(self):
        return int(self.farm.query("SELECT value FROM retentiond_meta "
                                   "WHERE key = 'schema_version'")[0][0])

    def everything(self):
        with self.farm.connect() as connection:
            return list(connection.iterdump())


class PostgresUpgradeTest(UpgradeScenario, postgres_farm.PostgresTest):
    kind = "postgres"
    fixture = "render-manager"

    def fresh_farm(self):
        farm = self.farm_type(self.farm.server, self.port)
        self.addCleanup(farm.close)
        return farm

    def load(self, sql):
        self.farm.sql(sql)

    def set_version(self, version):
        self.farm.sql(f"UPDATE retentiond.meta SET value = '{version}' "
                      "WHERE key = 'schema_version'")

    def version(self):
        return int(self.farm.sql("SELECT value FROM retentiond.meta "
                                 "WHERE key = 'schema_version'")[0][0])

    def everything(self):
        tables = [table for table, in self.farm.sql(
            "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables "
            "WHERE schemaname IN ('public', 'retentiond') ORDER BY 1")]
        return json.dumps({table: self.farm.sql(
            f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables})


if __name__ == "__main__":
    harness.main()
