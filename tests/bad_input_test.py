"""What cannot be right is refused: by name, and before anything is touched."""

import os
import sqlite3
import subprocess

import harness
import mounts
import trees


class BadInputTest(harness.FarmTest):

    def assert_refused(self, code, *named):
        """`plan` and `serve` exit with the code and name the thing."""
        before = trees.snapshot(self.farm.scratch)
        for command in ("plan", "serve"):
            done = self.farm.run(command)
            self.assertEqual(code, done.returncode,
                             f"{command}: {done.stdout}{done.stderr}")
            for name in named:
                self.assertIn(name, done.stderr, command)
            self.assertEqual("", done.stdout, command)
            self.assert_same_tree(before, trees.snapshot(self.farm.scratch))


class BadDatabaseTest(BadInputTest):

    def assert_database_refused(self, *named, code=harness.EX_CONFIG):
        self.assert_refused(code, str(self.farm.database), *named)

    def test_a_missing_database(self):
        self.assert_database_refused(code=harness.EX_UNAVAILABLE)
        self.assertFalse(self.farm.database.exists())

    def test_a_directory(self):
        self.farm.database.mkdir()
        self.assert_database_refused("directory")

    def test_a_text_file(self):
        self.farm.database.write_text("not a database\n" * 1000)
        self.assert_database_refused("is not an SQLite database")

    def test_an_encrypted_database(self):
        # To a program without the key it is noise from the first byte on.
        self.farm.database.write_bytes(os.urandom(64 * 1024))
        self.assert_database_refused("encrypted")

    def test_an_empty_file(self):
        self.farm.database.touch()
        self.assert_database_refused("Job")

    def test_a_database_without_the_job_table(self):
        database = sqlite3.connect(self.farm.database)
        database.execute("CREATE TABLE invoice (id INTEGER PRIMARY KEY)")
        database.close()
        self.assert_database_refused("Job", "invoice")

    def test_a_job_table_without_the_creation_time(self):
        database = sqlite3.connect(self.farm.database)
        database.execute(
            'CREATE TABLE "Job" (id TEXT PRIMARY KEY, made TEXT, status TEXT,'
            ' "outputPath" TEXT, "nexrenderConfig" TEXT)')
        database.close()
        self.assert_database_refused("createdAt", "made")

    @harness.needs_root
    def test_serve_names_a_database_that_it_may_not_write(self):
        farm = self.farm
        with mounts.tmpfs(farm.database.parent, "8m"):
            farm.use_fixture("render-manager-iso")
            mounts.make_read_only(farm.database.parent)
            done = farm.run("serve")
            self.assertEqual(harness.EX_NOPERM, done.returncode, done.stderr)
            self.assertIn(str(farm.database), done.stderr)
            # Reading needs no more than it has.
            plan = farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
            self.assertEqual(121, plan["jobs"]["to_delete"])


class BadConfigurationTest(BadInputTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files(most=5)

    def assert_setting_refused(self, section, key, value, *named):
        self.farm.settings.setdefault(section, {})[key] = value
        self.farm.write_config()
        self.assert_refused(harness.EX_CONFIG, key, *named)

    def test_an_unknown_key(self):
        self.assert_setting_refused("schedule", "tmezone", "UTC", "timezone",
                                    str(self.farm.config))

    def test_an_unknown_section(self):
        self.farm.settings["schedul"] = {"at": "03:00"}
        self.farm.write_config()
        self.assert_refused(harness.EX_CONFIG, "schedul", "schedule")

    def test_a_retention_period(self):
        self.assert_setting_refused("jobs", "retention_days", 30, "seven days")

    def test_a_number_for_a_text(self):
        self.assert_setting_refused("schedule", "at", 3)

    def test_a_text_for_a_list(self):
        self.assert_setting_refused("files", "temp_roots",
                                    str(self.farm.temp_root))

    def test_a_time_that_does_not_exist(self):
        self.assert_setting_refused("schedule", "at", "24:00", "24:00")

    def test_an_unknown_zone(self):
        self.assert_setting_refused("schedule", "timezone", "Europe/Helsinky",
                                    "Europe/Helsinky", "Europe/Helsinki")

    def test_broken_toml(self):
        self.farm.config.write_text("[schedule\n")
        self.assert_refused(harness.EX_CONFIG, str(self.farm.config))

    def test_a_configuration_that_is_not_there(self):
        self.farm.config.unlink()
        self.assert_refused(harness.EX_CONFIG, str(self.farm.config))


class BadRootTest(BadInputTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files(most=5)

    def assert_roots_refused(self, roots, *named):
        self.farm.settings["files"]["temp_roots"] = [str(r) for r in roots]
        self.farm.write_config()
        self.assert_refused(harness.EX_CONFIG, *named)

    def test_the_root_of_everything(self):
        self.assert_roots_refused(["/"], "/")

    def test_a_relative_path(self):
        self.assert_roots_refused(["nexrender"], "nexrender")

    def test_a_file(self):
        file = self.farm.scratch / "file"
        file.touch()
        self.assert_roots_refused([file], str(file))

    def test_a_symbolic_link(self):
        link = self.farm.scratch / "link"
        link.symlink_to(self.farm.temp_root)
        self.assert_roots_refused([link], str(link))

    def test_a_root_below_another(self):
        below = self.farm.temp_root / "below"
        below.mkdir()
        self.assert_roots_refused([self.farm.temp_root, below], str(below))

    def test_the_same_root_twice(self):
        self.assert_roots_refused([self.farm.temp_root, self.farm.temp_root],
                                  str(self.farm.temp_root))

    def test_a_missing_root_is_a_finding_and_no_refusal(self):
        missing = self.farm.scratch / "missing"
        self.farm.settings["files"]["temp_roots"] = [str(missing)]
        self.farm.write_config()
        self.farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        findings = self.farm.json("check")["findings"]
        self.assertEqual(
            ["root-missing"],
            [finding["code"] for finding in findings
             if str(missing) in finding["message"]])


class BadCommandLineTest(harness.FarmTest):

    def assert_usage(self, *arguments):
        before = trees.snapshot(self.farm.scratch)
        done = subprocess.run([harness.binary(), *arguments],
                              env=self.farm.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
        self.assertEqual(harness.EX_USAGE, done.returncode, done.stderr)
        self.assertEqual("", done.stdout)
        self.assertNotEqual("", done.stderr)
        self.assert_same_tree(before, trees.snapshot(self.farm.scratch))

    def test_no_command(self):
        self.assert_usage()

    def test_an_unknown_command(self):
        self.assert_usage("delete")

    def test_an_unknown_option(self):
        self.assert_usage("plan", "--days", "3")

    def test_a_time_that_is_none(self):
        self.farm.use_fixture("render-manager-iso")
        self.assert_usage("plan", "--at", "yesterday", "--config",
                          str(self.farm.config))

    def test_a_count_that_is_none(self):
        for count in ("0", "-1", "many"):
            with self.subTest(count):
                self.assert_usage("next", "--count", count, "--config",
                                  str(self.farm.config))


if __name__ == "__main__":
    harness.main()
