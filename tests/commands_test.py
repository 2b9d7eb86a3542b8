"""What the commands say to scripts and to people, before and after a night."""

import json
import os
import pty
import signal
import subprocess

import harness

SLOT_KEYS = {"slot", "start", "cutoff"}
PLAN_KEYS = {"slot", "start", "cutoff", "timezone", "jobs", "dependents",
             "files", "blocked"}
RUN_KEYS = {"id", "slot", "started", "finished", "outcome", "late", "cutoff",
            "jobs_deleted", "rows_deleted", "files_deleted", "bytes_freed",
            "held", "undatable", "errors", "duration_s"}
STATUS_KEYS = {"state", "reason", "next", "last_run", "lease", "progress",
               "database"}
FINDING_KEYS = {"level", "code", "table", "column", "message", "fix"}


class CommandsTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files()
        self.farm.set_clock(harness.EVE)

    def assert_keys(self, expected, value):
        self.assertEqual(set(), expected - set(value))

    def text(self, *arguments):
        """What a command that must succeed prints for people."""
        done = self.farm.run(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn("\x1b", done.stdout, "colours off a terminal")
        return done.stdout

    def why(self, subject):
        """The verdict on a job or a path, and the facts with it."""
        answer = self.farm.json("why", str(subject))
        self.assertEqual(str(subject), answer["subject"])
        # Both forms say the same.
        self.assertEqual(answer["sentence"] + "\n",
                         self.text("why", str(subject)))
        return answer

    def job_of(self, uid):
        (job,), = self.farm.query(
            """SELECT "id" FROM "Job"
               WHERE json_extract("nexrenderConfig", '$.uid') = ?""", uid)
        return job


class BeforeTheFirstNightTest(CommandsTest):

    def test_the_plan_has_the_keys_of_the_contract(self):
        plan = self.farm.json("plan")
        self.assert_keys(PLAN_KEYS, plan)
        self.assertEqual(
            {"total", "expired", "held", "undatable", "to_delete"},
            set(plan["jobs"]))
        self.assertEqual(
            {"job_directories", "orphans", "files", "bytes", "shielded"},
            set(plan["files"]))
        self.assertEqual([], plan["blocked"])
        # A directory and a log file of two and one files.
        self.assertEqual(121, plan["files"]["job_directories"])
        self.assertEqual(3 * 121, plan["files"]["files"])

    def test_the_plan_tells_people_the_same(self):
        plan = self.text("plan")
        self.assertIn("121 jobs of 300 go", plan)
        self.assertIn("363 files in 121 job directories go", plan)
        self.assertIn("1 held", plan)

    def test_nothing_has_happened_yet(self):
        self.assertEqual([], self.farm.json("runs"))
        self.assertEqual("No run yet.\n", self.text("runs"))
        self.assertEqual("", self.text("audit", "list"))
        self.assertEqual(
            {"ok": True, "records": 0, "head": None, "head_checked": False,
             "problem": None}, self.farm.json("audit", "verify"))
        status = self.farm.json("status")
        self.assert_keys(STATUS_KEYS, status)
        self.assertEqual("idle", status["state"])
        self.assertIsNone(status["last_run"])

    def test_next_lists_the_coming_slots(self):
        slots = self.farm.json("next", "--count", "2")
        self.assertEqual(["2026-03-16", "2026-03-17"],
                         [slot["slot"] for slot in slots])
        for slot in slots:
            self.assertEqual(SLOT_KEYS, set(slot))
        self.assertIn("2026-03-20", self.text("next"))

    def test_next_follows_the_summer_time_of_a_zone(self):
        before, gap, after = self.farm.json(
            "next", "--count", "3", "--timezone", "Europe/Helsinki",
            "--from", "2026-03-28T00:00:00Z")
        # At 03:00 of the 29th it is 04:00 there.
        self.assertEqual("2026-03-28T01:00:00Z", before["start"])
        self.assertEqual("2026-03-29T01:00:00Z", gap["start"])
        self.assertEqual("2026-03-30T00:00:00Z", after["start"])

    def test_init_prints_a_configuration_that_works(self):
        done = self.farm.run("init")
        self.assertEqual(0, done.returncode, done.stderr)
        told = self.farm.json("init")
        self.assertEqual(done.stdout.removesuffix("\n"),
                         told["configuration"])
        self.assertIn("ReadWritePaths=", told["drop_in"])
        before = self.farm.json("plan")
        self.farm.config.write_text(done.stdout)
        self.assertEqual(before, self.farm.json("plan"))

    def test_check_says_that_nothing_stands_in_the_way(self):
        check = self.farm.json("check")
        self.assertTrue(check["ok"])
        for finding in check["findings"]:
            self.assertEqual(FINDING_KEYS, set(finding))
            self.assertNotEqual("error", finding["level"])
        self.assertTrue(self.text("check").endswith("ready\n"))


class AfterANightTest(CommandsTest):

    def setUp(self):
        super().setUp()
        self.deleted = min(self.farm.expired_jobs())
        self.night()

    def test_runs_and_status_have_the_keys_of_the_contract(self):
        run, = self.farm.json("runs")
        self.assert_keys(RUN_KEYS, run)
        status = self.farm.json("status")
        self.assert_keys(STATUS_KEYS, status)
        self.assertEqual(run, status["last_run"])
        self.assertEqual(SLOT_KEYS, set(status["next"]))
        self.assertEqual("2026-03-17", status["next"]["slot"])
        self.assertIsNone(status["progress"])
        self.assertEqual({"kind", "size_bytes", "reclaimable_bytes"},
                         set(status["database"]))
        self.assertIn("121 jobs and 363 files deleted", self.text("status"))
        self.assertIn("success", self.text("runs"))

    def test_why_finds_the_record_of_a_deleted_job(self):
        answer = self.why(self.deleted)
        self.assertEqual("deleted", answer["verdict"])
        record, = [record for record in self.farm.audit_records("batch")
                   if str(record["seq"]) == answer["record"]]
        self.assertIn(self.deleted, record["facts"]["jobs"])
        self.assertEqual(str(record["run"]), answer["run"])

    def test_why_tells_what_keeps_a_job(self):
        held = self.why(self.job_of("uid250"))
        self.assertEqual(("held", "RENDERING"),
                         (held["verdict"], held["state"]))
        young = self.why(self.job_of("uid0"))
        self.assertEqual(("too-young", "2026-03-24T03:00:00Z"),
                         (young["verdict"], young["until"]))
        self.assertEqual("unknown", self.why("nobody")["verdict"])

    def test_why_tells_what_keeps_a_path(self):
        farm = self.farm
        (farm.temp_root / "stray").mkdir()
        (farm.log_root / "stray.log").touch()
        for path, verdict in (
                (farm.temp_root / "uid207" / "result.mp4", "shielded"),
                (farm.temp_root / "uid207", "shielded"),
                (farm.temp_root / "uid0" / "frames", "too-young"),
                (farm.temp_root / "uid250", "held"),
                (farm.temp_root / "uid290", "absent"),
                (farm.temp_root / "stray", "orphan"),
                (farm.log_root / "stray.log", "unknown"),
                (farm.log_root / f"{self.deleted}.log", "absent"),
                (farm.temp_root, "root"),
                (farm.temp_root / ".retentiond-trash", "own"),
                (farm.outputs / "any.mp4", "outside-roots")):
            with self.subTest(path):
                self.assertEqual(verdict, self.why(path)["verdict"])

    def test_the_audit_verifies_against_a_head_from_outside(self):
        verdict = self.farm.json("audit", "verify")
        self.assertEqual(len(self.farm.audit_records()), verdict["records"])
        seq, digest = verdict["head"]["seq"], verdict["head"]["hash"]
        self.assertTrue(self.farm.json("audit", "verify", "--head",
                                       f"{seq}:{digest}")["head_checked"])
        for head in (f"{seq + 1}:{digest}", f"{seq}:{'0' * 64}"):
            with self.subTest(head):
                done = self.farm.run("audit", "verify", "--head", head,
                                     "--json")
                self.assertEqual(1, done.returncode, done.stderr)
                problem = json.loads(done.stdout)
                self.assertFalse(problem["ok"])
                self.assertTrue(problem["problem"])

    def test_the_audit_lists_from_a_record_on(self):
        done = self.farm.run("audit", "list", "--from", "2")
        self.assertEqual(
            [2, 3], [json.loads(line)["seq"]
                     for line in done.stdout.splitlines()[:2]])


class DuringARunTest(harness.FarmTest):

    def test_status_shows_the_progress(self):
        farm = self.farm
        farm.use_workload(8000, logs=8)
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)
        status = farm.json("status")
        self.assert_stops(daemon)
        self.assertEqual("running", status["state"])
        self.assertTrue(status["lease"]["holder"])
        self.assertEqual("2026-03-16", status["progress"]["slot"])
        self.assertEqual(3999, status["progress"]["expired"])

    def test_status_shows_a_run_again_and_again_on_a_terminal(self):
        farm = self.farm
        farm.use_workload(8000, logs=8)
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)
        keyboard, screen = pty.openpty()
        self.addCleanup(os.close, keyboard)
        watcher = subprocess.Popen(
            farm.command_line("status", "--watch"), stdin=screen, stdout=screen,
            stderr=screen, env={**farm.environment(), "TERM": "xterm"})
        os.close(screen)
        shown = b""
        # Home, the way to write over what is there.
        while shown.count(b"\033[H") < 3:
            shown += os.read(keyboard, 4096)
        watcher.send_signal(signal.SIGINT)
        self.assertEqual(-signal.SIGINT, watcher.wait(harness.TIMEOUT_S))
        self.assert_stops(daemon)
        self.assertRegex(
            shown.decode(),
            r"progress +batches: [\d,]+ of 3,999 jobs, \d+ %, .* freed, for \d")


class CheckFixTest(harness.FarmTest):

    def test_creates_the_missing_index_and_changes_no_job(self):
        farm = self.farm
        farm.use_workload(200, logs=3)
        with farm.connect() as connection:
            for index, in connection.execute(
                    """SELECT "name" FROM sqlite_master WHERE "sql" LIKE
                       'CREATE INDEX%JobLog%'""").fetchall():
                connection.execute(f'DROP INDEX "{index}"')
        jobs = farm.jobs()
        self.assertEqual([("JobLog", "jobId")], self.missing_indexes("check"))

        fixed = farm.json("check", "--fix")

        self.assertEqual(1, len(fixed["done"]))
        self.assertIn("CREATE INDEX", fixed["done"][0])
        self.assertEqual([], self.missing_indexes("check"))
        self.assertEqual(jobs, farm.jobs())

    def missing_indexes(self, *command):
        return [(finding["table"], finding["column"])
                for finding in self.farm.json(*command)["findings"]
                if finding["code"] == "missing-index"]


class HelpTest(harness.FarmTest):

    COMMANDS = ("serve", "plan", "next", "status", "runs", "why", "audit",
                "check", "init", "demo")

    def run_binary(self, *arguments):
        return subprocess.run([harness.binary(), *arguments], text=True,
                              env=self.farm.environment(), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)

    def test_names_every_command_and_each_has_an_example(self):
        whole = self.run_binary("--help").stdout
        for command in self.COMMANDS:
            with self.subTest(command):
                self.assertIn(f"\n  {command} ", whole)
                done = self.run_binary(command, "--help")
                self.assertEqual(0, done.returncode)
                self.assertIn("Example", done.stdout)

    def test_a_mistyped_command_is_named_with_what_was_meant(self):
        done = self.run_binary("verifi", "--json")
        self.assertEqual(harness.EX_USAGE, done.returncode)
        self.assertIn('"verifi"', done.stderr)
        done = self.run_binary("stauts")
        self.assertIn('did you mean "status"?', done.stderr)

    def test_wrong_values_are_usage_errors(self):
        for arguments in (("why",), ("why", ""), ("audit",),
                          ("next", "--timezone", "Nowhere"),
                          ("audit", "verify", "--head", "junk"),
                          ("runs", "--limit", "0")):
            with self.subTest(arguments):
                done = self.run_binary(*arguments)
                self.assertEqual(harness.EX_USAGE, done.returncode,
                                 done.stderr)
                self.assertTrue(done.stderr.startswith("retentiond: "))


if __name__ == "__main__":
    harness.main()
