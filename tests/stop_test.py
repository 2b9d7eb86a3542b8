"""SIGTERM during a run finishes the batch, and the next start the run."""

import harness


class StopTest(harness.FarmTest):

    def test_finishes_the_batch_and_exits_with_success(self):
        farm = self.farm
        farm.use_workload(8000, logs=8)
        farm.add_files()
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_first_batch(daemon)

        self.assert_stops(daemon)

        left = farm.jobs()
        self.assertLess(kept, left, "stopped too late to tell")
        self.assert_database_is_sound()
        self.assert_each_audited_once(expired - left)

        daemon = farm.serve()
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)
        self.assertEqual(len(kept), len(farm.directories()))

    def test_stops_while_it_waits_for_the_night(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        farm.set_clock(harness.SLOT.replace(hour=12))
        daemon = farm.serve()
        daemon.wait_for_idle()
        self.assert_stops(daemon)
        self.assertEqual(300, len(farm.jobs()))


if __name__ == "__main__":
    harness.main()
