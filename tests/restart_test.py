"""Killed at any instant, the daemon finishes the rest at its next start."""

import harness

JOBS = 8000


class RestartTest(harness.FarmTest):

    def test_a_killed_run_is_finished_with_the_same_end_state(self):
        farm = self.farm
        farm.use_workload(JOBS, logs=8)
        farm.add_files()
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        self.assertEqual(JOBS // 2 - 1, len(expired))
        outside = farm.outside()
        farm.set_clock(harness.EVE)

        # Each start waits until the lease of the killed one has run out.
        for _ in range(2):
            daemon = farm.serve()
            farm.wait_for_first_batch(daemon)
            daemon.kill()
            self.assertLess(kept, farm.jobs(), "killed too late to tell")
            self.assert_database_is_sound()
        daemon = farm.serve()
        run = farm.wait_for_run(daemon)
        self.assert_stops(daemon)

        self.assertEqual(kept, farm.jobs())
        self.assertEqual("success", run["outcome"])
        self.assertEqual(len(expired), run["jobs_deleted"])
        self.assertEqual(1, len(farm.json("runs")))
        self.assert_database_is_sound()
        self.assert_same_tree(outside, farm.outside())
        self.assert_each_audited_once(expired)
        self.assertEqual(len(kept), len(farm.directories()))
        self.assert_no_files_left((), expired)

    def test_a_night_that_is_done_is_not_repeated(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        self.night()
        jobs, records = farm.jobs(), farm.audit_records()
        old = next(iter(jobs))
        with farm.connect() as connection:
            connection.execute(
                """UPDATE "Job" SET "createdAt" = '2026-01-01 00:00:00',
                   "status" = 'COMPLETED' WHERE "id" = ?""", (old,))

        daemon = farm.serve()
        daemon.wait_for_idle()
        self.assert_stops(daemon)

        self.assertEqual(jobs, farm.jobs())
        self.assertEqual(1, len(farm.json("runs")))
        self.assertEqual(len(records), len(farm.audit_records()))


if __name__ == "__main__":
    harness.main()
