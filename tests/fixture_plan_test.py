"""What `plan` says of a render manager's real databases."""

import json

import harness
import trees


class FixturePlanTest(harness.FarmTest):

    def check_plan(self, fixture):
        farm = self.farm
        farm.use_fixture(fixture)
        farm.add_files()
        before = trees.snapshot(farm.scratch)

        plan = farm.json("plan", "--at", "2026-03-16T03:00:00Z")

        self.assert_same_tree(before, trees.snapshot(farm.scratch))
        self.assertEqual("2026-03-16", plan["slot"])
        self.assertEqual("2026-03-16T03:00:00Z", plan["start"])
        self.assertEqual("2026-03-09T03:00:00Z", plan["cutoff"])
        self.assertEqual("UTC", plan["timezone"])
        self.assertEqual({"total": 300, "expired": 121, "held": 1,
                          "undatable": 0, "to_delete": 121}, plan["jobs"])
        self.assertEqual([], plan["dependents"])

    def test_counts_jobs_with_times_as_text(self):
        self.check_plan("render-manager-iso")

    def test_counts_jobs_with_times_as_milliseconds(self):
        self.check_plan("render-manager-ms")

    def test_takes_the_first_slot_that_starts_at_or_after_the_time(self):
        self.farm.use_fixture("render-manager-iso")
        for at, slot in (("2026-03-16T02:59:59Z", "2026-03-16"),
                         ("2026-03-16T03:00:00Z", "2026-03-16"),
                         ("2026-03-16T03:00:01Z", "2026-03-17")):
            with self.subTest(at):
                self.assertEqual(slot, self.farm.json("plan", "--at",
                                                      at)["slot"])

    def test_needs_no_configuration_file_beside_the_render_manager(self):
        farm = self.farm
        farm.use_fixture("render-manager-iso")
        farm.config.unlink()
        environment = farm.environment() | {
            "DATABASE_URL": f"file:{farm.database}",
            "TEMP_DIR": str(farm.temp_root),
        }
        done = harness.run_to_end(
            [harness.binary(), "plan", "--at", "2026-03-16T03:00:00Z",
             "--json"], environment)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(121, json.loads(done.stdout)["jobs"]["to_delete"])


if __name__ == "__main__":
    harness.main()
