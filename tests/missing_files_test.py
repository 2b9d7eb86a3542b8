"""Files that are already gone hold no row, and a missing root holds none."""

import shutil

import harness


class MissingFilesTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.expired = self.farm.expired_jobs()

    def test_rows_go_where_no_job_has_any_file(self):
        run = self.night()
        self.assertEqual("success", run["outcome"])
        self.assertEqual(121, run["jobs_deleted"])
        self.assertEqual(0, run["files_deleted"])
        self.assertEqual([], run["errors"])

    def test_the_files_that_are_there_go(self):
        farm = self.farm
        farm.add_files()
        shutil.rmtree(farm.temp_root / "uid290")
        shutil.rmtree(farm.temp_root / "uid291" / "frames")
        (farm.log_root / f"{min(self.expired)}.log").unlink()

        run = self.night()

        self.assertEqual("success", run["outcome"])
        self.assertEqual([], run["errors"])
        # Three files of each job, less the four that were gone.
        self.assertEqual(3 * 121 - 4, run["files_deleted"])
        self.assert_no_files_left({"uid290", "uid291"}, self.expired)

    def test_rows_go_where_the_root_is_missing(self):
        farm = self.farm
        farm.temp_root.rmdir()

        run = self.night()

        self.assertEqual(121, run["jobs_deleted"])
        self.assertFalse(farm.temp_root.exists())
        self.assert_each_audited_once(self.expired)


if __name__ == "__main__":
    harness.main()
