"""The operator's page in a browser: docs/http.md.

The pictures lie in build/screenshots afterwards.
"""

import datetime
import re
import sqlite3

import harness
from browser import Browser
from http_client import free_port


class PageTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.listen(free_port())

    def listen(self, port, address="127.0.0.1", **more):
        self.url = f"http://127.0.0.1:{port}/"
        self.farm.settings["http"] = {"listen": f"{address}:{port}", **more}
        self.farm.write_config()

    def assert_sound(self):
        """Nothing that a screen reader or a keyboard stumbles over, nothing
        wider than the window, nothing on the console."""
        self.assertEqual([], self.browser.violations())
        self.assertLessEqual(self.browser.overflow(), 0)
        self.assertEqual([], self.browser.errors())

    def after_the_night(self):
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files()
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        self.farm.wait_for_run(daemon)
        return daemon

    # --- what there is to see

    def test_shows_what_matters_without_scrolling(self):
        daemon = self.after_the_night()
        self.browser.look(self.url, 1280, 800)
        self.browser.settled()
        for part in (".verdict", ".next", "#charts", ".state"):
            self.assertLess(self.browser.bottom(part), 800, part)
        self.assertRegex(self.browser.text("#verdict"),
                         "Last night at 03:00:0.: 121 jobs, .* nothing failed")
        self.assertRegex(self.browser.text("#next"), r"in 23 h \d\d min")
        self.assertIn("Tue 17 Mar, 03:00, UTC",
                      self.browser.text("#next"))
        self.assert_sound()
        self.assert_stops(daemon)

    def test_follows_a_run(self):
        farm = self.farm
        farm.use_workload(6000, logs=8)
        farm.add_files(300)
        expired = f"{len(farm.expired_jobs()):,}"
        farm.set_clock(harness.SLOT - datetime.timedelta(seconds=20))
        daemon = farm.serve()
        daemon.wait_for_idle()
        self.browser.look(self.url)
        self.browser.settled()
        self.browser.wait("#verdict", "No night yet")
        self.browser.wait("#live dl", rf"[1-9][\d,]* of {expired}")
        self.browser.wait("#live dl", "full speed|farm|pauses|night")
        self.browser.picture("run-1280-light")
        self.assertEqual("a run is going on", self.browser.text("#state"))
        self.browser.gone("#live")
        self.browser.wait("#verdict", f"Last night at 03:00:..: {expired} jobs")
        farm.wait_for_run(daemon)
        self.browser.settled()
        self.assert_sound()
        self.assert_stops(daemon)

    def test_shows_sixty_nights_with_those_that_failed(self):
        daemon = self.after_the_night()
        self.invent_nights()
        for dark in (False, True):
            self.browser.look(self.url, 1280, 800, dark)
            self.browser.settled()
            self.browser.picture(f"nights-1280-{'dark' if dark else 'light'}")
            self.assert_sound()
        self.assertEqual(60, self.browser.count("#night-table tbody tr"))
        legend = self.browser.text("#legend")
        for word in ("blocked", "missed", "failed", "left"):
            self.assertIn(word, legend)
        self.browser.press("#charts", "End")
        self.assertIn("Mon 16 Mar: success", self.browser.text("#night"))
        self.browser.press("#charts", *["ArrowLeft"] * 8)
        self.assertIn("Sun 8 Mar: missed", self.browser.text("#night"))
        self.assert_stops(daemon)

    def invent_nights(self):
        """Gives the farm a past: copies of the night that was, but for some."""
        with self.farm.connect() as connection:
            connection.row_factory = sqlite3.Row
            last = dict(connection.execute(
                "SELECT * FROM retentiond_run").fetchone())
            connection.execute("DELETE FROM retentiond_run")
            for back in range(70, -1, -1):
                if back in (8, 9):
                    continue  # missed
                night = dict(last, id=100 - back)
                shift = back * 86_400_000_000
                for key in ("slot_start_us", "cutoff_us", "started_us",
                            "finished_us"):
                    night[key] -= shift
                date = harness.SLOT - datetime.timedelta(days=back)
                night["slot"] = f"{date:%Y-%m-%d}"
                size = 1 + 0.35 * ((back * 7) % 5 - 2) / 2
                for key in ("jobs_deleted", "files_deleted", "bytes_freed"):
                    night[key] = int(night[key] * size * (back > 0) + last[key]
                                     * (back == 0))
                night["finished_us"] += int(back % 4 * 1e6)
                if back == 20:
                    night.update(outcome="blocked", jobs_deleted=0,
                                 bytes_freed=0, files_deleted=0,
                                 blocked='["behind-anchor"]')
                elif back == 31:
                    night.update(outcome="failed", errors='["disk full"]')
                elif back in (40, 41):
                    night.update(outcome="partial",
                                 errors='["logs: permission denied"]')
                connection.execute(
                    f"INSERT INTO retentiond_run ({', '.join(night)}) VALUES "
                    f"({', '.join('?' * len(night))})", list(night.values()))
                connection.execute(
                    "INSERT OR IGNORE INTO retentiond_run_table "
                    "SELECT ?, table_name, CAST(rows * ? AS INTEGER) "
                    "FROM retentiond_run_table WHERE run = ?",
                    (night["id"], night["jobs_deleted"] / last["jobs_deleted"],
                     last["id"]))

    def test_shows_a_night_that_was_blocked(self):
        farm = self.farm
        # As in clock_faults_test: no clock before the build is trusted.
        farm.use_fixture("render-manager-iso")
        farm.query("""UPDATE "Job" SET "createdAt" =
                      '2036' || substr("createdAt", 5)""")
        farm.set_clock(harness.EVE.replace(year=2036))
        farm.clock.synchronised = False
        farm.clock.follow_file(farm.scratch / "clock")
        daemon = farm.serve()
        farm.wait_for_run(daemon)
        self.browser.look(self.url)
        self.browser.wait("#verdict", "nothing failed")
        farm.clock.step(86400)
        self.browser.wait("#state", "blocked by the clock guard")
        self.browser.wait("#verdict", "Blocked")
        self.browser.wait("#verdict", "nothing was deleted")
        self.browser.settled()
        self.browser.picture("blocked-1280-light")
        self.assertIn("blocked", self.browser.text("#legend"))
        self.assert_sound()
        self.assert_stops(daemon)

    # --- what it says when it cannot say anything

    def test_says_that_the_daemon_is_gone_and_that_it_is_back(self):
        daemon = self.after_the_night()
        self.browser.look(self.url)
        self.browser.settled()
        self.assertEqual(0, self.browser.count(".banner:not([hidden])"))
        self.assert_sound()
        self.assert_stops(daemon)
        self.browser.wait(
            "#banner", r"does not answer since \d\d:\d\d:\d\d; showing what "
                       "was known then")
        self.assertEqual("no answer", self.browser.text("#state"))
        self.assertIn("121 jobs", self.browser.text("#verdict"))
        self.assertEqual([], self.browser.violations())
        self.browser.picture("gone-1280-light")
        daemon = self.farm.serve()
        self.browser.gone("#banner")
        self.browser.wait("#state", "waiting for the next run")
        self.assert_stops(daemon)

    def test_says_what_is_wrong_with_the_database(self):
        daemon = self.after_the_night()
        self.farm.database.rename(self.farm.database.with_suffix(".away"))
        self.browser.look(self.url)
        self.browser.wait("#banner", "cannot say how things are: .*farm.db")
        self.assertEqual([], self.browser.violations())
        self.farm.database.with_suffix(".away").rename(self.farm.database)
        self.browser.gone("#banner")
        self.browser.wait("#verdict", "121 jobs")
        self.assert_stops(daemon)

    def test_asks_for_the_token_where_there_is_one(self):
        token = self.farm.scratch / "token"
        token.write_text("canary-f3c1-not-to-be-seen\n")
        self.listen(free_port(), "0.0.0.0", token_file=str(token))
        daemon = self.after_the_night()
        with self.assertRaisesRegex(AssertionError,
                                    "ERR_INVALID_AUTH_CREDENTIALS"):
            self.browser.look(self.url)
        self.assertEqual(200, self.browser.look(
            self.url, password="canary-f3c1-not-to-be-seen"))
        self.browser.settled()
        self.browser.wait("#verdict", "121 jobs")
        self.browser.wait("#state", "waiting")
        self.assert_sound()
        self.assert_stops(daemon)

    # --- what a person can do

    def test_searches_the_audit(self):
        daemon = self.after_the_night()
        records = self.farm.audit_records()
        job = self.farm.audited_jobs()[-1]
        self.browser.look(self.url)
        self.browser.settled()
        self.browser.wait("#chain", rf"Unbroken\s+{len(records)} records")
        self.assertEqual(min(50, len(records)),
                         self.browser.count("#records tbody tr"))
        self.browser.type("#words", f"{job} batch")
        self.browser.wait("#found", "^1 record found")
        self.assertRegex(self.browser.text("#records tbody"), "jobs? and")
        self.browser.click("#records summary")
        self.browser.wait("#records pre", re.escape(job))
        self.assert_sound()
        self.browser.type("#words", "nothing-has-that")
        self.browser.wait("#records", "No record has that")
        self.assert_stops(daemon)

    def test_gives_what_mends_a_finding_to_copy(self):
        self.farm.use_fixture("render-manager-iso")
        self.farm.query('DROP INDEX IF EXISTS "JobLog_jobId_idx"')
        daemon_clock = harness.SLOT.replace(hour=12)
        self.farm.set_clock(daemon_clock)
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        self.browser.look(self.url)
        self.browser.settled()
        findings = self.farm.json("check")["findings"]
        self.assertEqual(len(findings), self.browser.count("#findings li"))
        fixes = [one["fix"] for one in findings if one["fix"]]
        self.assertTrue(fixes)
        self.assertEqual(fixes[0], self.browser.text(".fix code"))
        self.browser.click(".fix button")
        self.browser.wait(".fix button", "Copied|Selected")
        self.assert_sound()
        self.assert_stops(daemon)

    def test_can_be_used_by_keys_alone(self):
        daemon = self.after_the_night()
        self.browser.look(self.url)
        self.browser.settled()
        reached = []
        for _ in range(12):
            self.browser.tab()
            reached.append(self.browser.focused())
        for place in ("charts", "words"):
            self.assertIn(place, reached)
        self.assert_stops(daemon)


if __name__ == "__main__":
    harness.main()
