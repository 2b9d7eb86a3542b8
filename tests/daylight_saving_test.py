"""In Helsinki 03:00 is skipped on one night of the year and comes twice on
another: each has one run."""

import datetime

import harness

UTC = datetime.timezone.utc


class DaylightSavingTest(harness.FarmTest):

    def start_at(self, time):
        """A farm of that night, with a job of the day before."""
        self.farm.use_fixture("render-manager-iso")
        with self.farm.connect() as connection:
            connection.execute(
                """UPDATE "Job" SET "createdAt" = ? WHERE "id" =
                   (SELECT max("id") FROM "Job")""",
                (harness.rfc3339(time - datetime.timedelta(days=1)),))
        self.farm.settings["schedule"]["timezone"] = "Europe/Helsinki"
        self.farm.write_config()
        self.farm.set_clock(time)
        return self.farm.serve()

    def assert_starts_within_16_s_of(self, start, run):
        started = datetime.datetime.fromisoformat(
            run["started"].replace("Z", "+00:00"))
        self.assertLessEqual(start, started)
        self.assertLessEqual(started, start + datetime.timedelta(seconds=16))

    def test_the_night_without_three_o_clock_runs_after_the_gap(self):
        start = datetime.datetime(2026, 3, 29, 1, tzinfo=UTC)
        daemon = self.start_at(start - datetime.timedelta(seconds=5))
        run = self.farm.wait_for_run(daemon)
        daemon.wait_for_log("next run at=2026-03-30T03:00:00+03:00")
        self.assert_stops(daemon)
        self.assertEqual("2026-03-29", run["slot"])
        self.assertEqual("2026-03-22T01:00:00Z", run["cutoff"])
        self.assertEqual("success", run["outcome"])
        self.assertFalse(run["late"])
        self.assert_starts_within_16_s_of(start, run)

    def test_the_night_with_two_runs_at_the_first_alone(self):
        start = datetime.datetime(2026, 10, 25, 0, tzinfo=UTC)
        daemon = self.start_at(start - datetime.timedelta(seconds=5))
        run = self.farm.wait_for_run(daemon)
        daemon.wait_for_log("next run at=2026-10-26T03:00:00+02:00")
        self.assert_stops(daemon)
        self.assertEqual("2026-10-25", run["slot"])
        self.assertEqual("2026-10-18T00:00:00Z", run["cutoff"])
        self.assert_starts_within_16_s_of(start, run)

        # An hour later it is 03:00 again. The clock's own notes are moved
        # along, so that nothing but the date keeps it from running.
        hour_us = 3600 * 10**6
        self.farm.move_clock_notes(hour_us)
        self.farm.set_clock(start + datetime.timedelta(hours=1, seconds=1))
        daemon = self.farm.serve()
        daemon.wait_for_log("next run at=2026-10-26T03:00:00+02:00")
        self.assert_stops(daemon)
        self.assertEqual([run["id"]],
                         [known["id"] for known in self.farm.json("runs")])
        self.assertEqual(1, len(self.farm.audit_records("run-begin")))


if __name__ == "__main__":
    harness.main()
