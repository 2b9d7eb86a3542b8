"""One night beside a render manager's real databases, from start to audit."""

import sqlite3

import harness
import trees

# Jobs whose output lies in their own temporary directory; they are deleted.
OUTPUTS_IN_TEMP = ("uid207", "uid247", "uid287")


class FixtureNightTest(harness.FarmTest):

    def live_through_the_night(self, fixture):
        farm = self.farm
        farm.use_fixture(fixture)
        farm.add_files()
        expired = farm.expired_jobs()
        self.assertEqual(121, len(expired))
        kept = farm.jobs() - expired
        expired_uids = {uid for uid, in farm.query(
            f"""SELECT json_extract("nexrenderConfig", '$.uid') FROM "Job"
                WHERE "id" IN ({','.join('?' * len(expired))})""", *expired)}
        users = farm.query('SELECT * FROM "User"')
        outside = farm.outside()
        outputs = {uid: trees.describe(farm.temp_root / uid / "result.mp4")
                   for uid in OUTPUTS_IN_TEMP}

        run = self.night()

        self.assertEqual(kept, farm.jobs())
        self.assertEqual(179, len(kept))
        self.assertEqual(users, farm.query('SELECT * FROM "User"'))
        self.assert_database_is_sound()
        self.assert_same_tree(outside, farm.outside())
        self.assert_no_files_left(expired_uids - set(OUTPUTS_IN_TEMP), expired)
        for uid in OUTPUTS_IN_TEMP:
            directory = farm.temp_root / uid
            self.assertEqual(["result.mp4"],
                             [path.name for path in directory.iterdir()])
            self.assertEqual(outputs[uid],
                             trees.describe(directory / "result.mp4"))
        self.check_run(run, expired)

    def check_run(self, run, expired):
        runs = self.farm.json("runs")
        self.assertEqual([run], runs)
        self.assertEqual("2026-03-16", run["slot"])
        self.assertEqual("2026-03-09T03:00:00Z", run["cutoff"])
        self.assertEqual("success", run["outcome"])
        self.assertFalse(run["late"])
        self.assertEqual(121, run["jobs_deleted"])
        self.assertEqual({"Job": 121}, run["rows_deleted"])
        self.assertEqual(1, run["held"])
        self.assertEqual(0, run["undatable"])
        self.assertEqual([], run["errors"])
        # Two files of each job's directory, and its log file.
        self.assertEqual(3 * 121, run["files_deleted"])
        self.assert_each_audited_once(expired)

    def test_deletes_expired_jobs_with_times_as_text(self):
        self.live_through_the_night("render-manager-iso")

    def test_deletes_expired_jobs_with_times_as_milliseconds(self):
        self.live_through_the_night("render-manager-ms")

    def test_waits_for_three_o_clock(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        run = self.night()
        # The times may carry a fraction, which sorts before the "Z".
        self.assertGreaterEqual(run["started"], "2026-03-16T03:00:00")
        self.assertLess(run["started"], "2026-03-16T03:01:00")

    def test_an_edited_audit_record_is_found(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        self.night()
        self.assertTrue(farm.json("audit", "verify")["ok"])

        edited = self.edit_one_byte_of_a_batch_record()

        done = farm.run("audit", "verify", "--json")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn('"ok":false', done.stdout.replace(" ", ""))
        self.assertIn(str(edited), done.stdout)

    def edit_one_byte_of_a_batch_record(self):
        """Returns the record's sequence number."""
        table = self.audit_table()
        with self.farm.connect() as connection:
            seq, facts = connection.execute(
                f"SELECT seq, facts FROM {table} WHERE event = 'batch' "
                "ORDER BY seq LIMIT 1").fetchone()
            edited = bytearray(facts)
            place = facts.index(b'"jobs":["') + len(b'"jobs":["')
            edited[place] ^= 1
            connection.execute(
                f"UPDATE {table} SET facts = ? WHERE seq = ?",
                (bytes(edited), seq))
        return seq

    def audit_table(self):
        for table, in self.farm.query(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND name LIKE 'retentiond_%'"):
            try:
                self.farm.query(f"SELECT seq, facts, hash FROM {table}")
                return table
            except sqlite3.OperationalError:
                continue
        self.fail("no table of audit records")


if __name__ == "__main__":
    harness.main()
