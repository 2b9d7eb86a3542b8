"""The real daemon under clocks that are wrong.

Every rule of the guard has its test beside the code; here the important ones
meet the real clocks, processes and files.
"""

import datetime
import time

import harness

DAY_S = 24 * 3600
TEN_YEARS_S = 3653 * DAY_S
DAY = datetime.timedelta(days=1)
# Ten years after the fixtures' own night: a clock that is before the date of the
# program's build is never trusted, and no anchor is set.
SLOT = harness.SLOT.replace(year=2036)
EVE = harness.EVE.replace(year=2036)


class ClockFaultsTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        with self.farm.connect() as connection:
            connection.execute("""UPDATE "Job" SET "createdAt" =
                               '2036' || substr("createdAt", 5)""")
        self.farm.set_clock(EVE)
        self.farm.clock.synchronised = False
        self.farm.clock.follow_file(self.farm.scratch / "clock")

    def serve_until_the_night_is_over(self):
        daemon = self.farm.serve()
        run = self.farm.wait_for_run(daemon)
        self.assertEqual("success", run["outcome"])
        self.left = self.farm.jobs()
        self.assertEqual(179, len(self.left))
        return daemon

    def wait_for_block(self, daemon, *facts):
        def blocked():
            runs = self.farm.json("runs")
            return (runs[0] if runs and runs[0]["outcome"] == "blocked"
                    else None)
        run = daemon.wait_until(blocked, "the run is blocked")
        self.assertEqual(sorted(facts), sorted(run["blocked"]))
        return run

    def assert_nothing_is_deleted(self):
        self.assertEqual(self.left, self.farm.jobs())

    def test_ten_years_ahead_while_it_runs(self):
        farm = self.farm
        daemon = self.serve_until_the_night_is_over()
        farm.clock.step(TEN_YEARS_S)
        self.wait_for_block(daemon, "stepped")
        self.assert_nothing_is_deleted()
        self.assertEqual(["stepped"], farm.audit_records("run-blocked")[0]
                         ["facts"]["blocked"])
        # Set right again, it is trusted at once.
        farm.clock.step(-TEN_YEARS_S)
        self.assert_stops(daemon)
        daemon = farm.serve()
        daemon.wait_for_log("next run at=2036-03-17T03:00:00+00:00")
        self.assert_stops(daemon)
        self.assertEqual(1, len(farm.audit_records("clock-cleared")))
        self.assert_nothing_is_deleted()

    def test_one_day_ahead_while_it_runs(self):
        daemon = self.serve_until_the_night_is_over()
        self.farm.clock.step(DAY_S)
        self.wait_for_block(daemon, "stepped")
        self.assert_stops(daemon)
        self.assert_nothing_is_deleted()

    def test_a_day_behind(self):
        farm = self.farm
        daemon = self.serve_until_the_night_is_over()
        farm.clock.step(-DAY_S)
        self.assert_stops(daemon)
        daemon = farm.serve()
        daemon.wait_for_log("next run at=2036-03-17T03:00:00+00:00")
        self.assert_stops(daemon)
        self.assertEqual(1, len(farm.json("runs")))
        self.assert_nothing_is_deleted()

    def test_a_step_in_the_middle_of_a_run(self):
        farm = self.farm
        farm.database.unlink()
        farm.use_workload(8000, logs=8)
        farm.clock.set(harness.EVE)
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)
        farm.clock.step(TEN_YEARS_S)
        daemon.wait_for_log("run blocked")
        left = farm.jobs()
        self.assertLess(kept, left, "stepped too late to tell")
        self.assert_stops(daemon)
        self.assertEqual(left, farm.jobs())
        # The night is finished, by its own cutoff, when the clock is right.
        farm.clock.step(-TEN_YEARS_S)
        daemon = farm.serve()
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("2026-03-09T03:00:00Z", run["cutoff"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)

    def first_start_ten_years_ahead(self):
        self.farm.clock.step(TEN_YEARS_S)
        self.left = self.farm.jobs()
        return self.farm.serve()

    def test_a_first_start_ten_years_ahead(self):
        daemon = self.first_start_ten_years_ahead()
        self.wait_for_block(daemon, "would-delete-all")
        self.assert_stops(daemon)
        self.assert_nothing_is_deleted()

    def test_a_first_start_after_ten_idle_years_with_a_time_service(self):
        # The same rows and times: only the guard kept them.
        self.farm.clock.synchronised = True
        daemon = self.first_start_ten_years_ahead()
        run = self.farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        self.assertLess(len(self.farm.jobs()), 179)

    def live_through_a_reboot(self, then):
        """A night, then another boot; returns what of the time is unseen."""
        farm = self.farm
        daemon = self.serve_until_the_night_is_over()
        self.assert_stops(daemon)
        farm.pretend_a_reboot()
        farm.clock.set(then)
        (last_us,), = farm.query(
            "SELECT wall_us FROM retentiond_clock WHERE kind = 'anchor'")
        gained = farm.clock.now_s() - last_us / 1e6
        # The machine's own uptime was seen, unless it is more than that.
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        return datetime.timedelta(
            seconds=gained - uptime if uptime <= gained else gained)

    def test_ten_years_ahead_after_a_reboot_with_one_job_stamped_then(self):
        with self.farm.connect() as connection:
            connection.execute(
                """UPDATE "Job" SET "createdAt" = '2046-03-15T12:00:00.000Z'
                   WHERE "id" = (SELECT max("id") FROM "Job"
                                 WHERE "createdAt" > '2036-03-10')""")
        self.live_through_a_reboot(EVE + 3653 * DAY)
        for day in range(2):
            # A day later, by all that the guard knows of the time since.
            self.farm.move_clock_notes(day * DAY_S * 10**6)
            self.farm.clock.set(EVE + (3653 + day) * DAY)
            daemon = self.farm.serve()
            daemon.wait_for_log("run blocked")
            self.wait_for_block(daemon, "unseen-time-too-long")
            self.assert_stops(daemon)
            self.assert_nothing_is_deleted()

    def five_days_off(self):
        unseen = self.live_through_a_reboot(EVE + 5 * DAY)
        daemon = self.farm.serve()
        run = self.farm.wait_for_slot(daemon, "2036-03-21")
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        cutoff = datetime.datetime.fromisoformat(
            run["cutoff"].replace("Z", "+00:00"))
        return unseen, cutoff

    def test_five_days_off_without_a_time_service(self):
        unseen, cutoff = self.five_days_off()
        expected = SLOT + 5 * DAY - 7 * DAY - unseen
        self.assertLess(abs(cutoff - expected),
                        datetime.timedelta(minutes=2))
        too_young = {job for job, in self.farm.query(
            """SELECT "id" FROM "Job" WHERE julianday("createdAt") >=
               julianday(?)""", harness.rfc3339(cutoff))}
        self.assertLessEqual(too_young, self.farm.jobs())

    def test_five_days_off_with_a_time_service(self):
        self.farm.clock.synchronised = True
        _, cutoff = self.five_days_off()
        self.assertEqual(SLOT - 2 * DAY, cutoff)
        self.assertLess(len(self.farm.jobs()), len(self.left))


if __name__ == "__main__":
    harness.main()
