"""Two daemons beside one database run one cleanup."""

import harness


class TwoDaemonsTest(harness.FarmTest):

    def test_one_night_has_one_run(self):
        farm = self.farm
        farm.use_workload(4000, logs=4)
        farm.add_files()
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        farm.set_clock(harness.EVE)
        daemons = [farm.serve(), farm.serve()]

        farm.wait_for_run(daemons[0])
        # Both have seen that the night is done and wait for the next.
        for daemon in daemons:
            daemon.wait_for_log("2026-03-17")
            self.assert_stops(daemon)

        run, = farm.json("runs")
        self.assertEqual("success", run["outcome"])
        self.assertEqual(len(expired), run["jobs_deleted"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)
        self.assertEqual(len(kept), len(farm.directories()))


if __name__ == "__main__":
    harness.main()
