"""A job table whose creation times are text, in forms that differ."""

import harness
import postgres_farm

OLD = "2026-03-09"  # the cutoff is 03:00 UTC of that day

# Text, and whether it is older than the cutoff: to the second where it matters.
TIMES = {
    f"{OLD}T02:59:59Z": True,
    f"{OLD}T03:00:00Z": False,
    f"{OLD}T02:59:59.999Z": True,
    f"{OLD}T04:59:59+02:00": True,
    f"{OLD}T05:00:00+02:00": False,
    f"{OLD}T02:30:00-02:00": False,
    f"{OLD} 02:59:59": True,
    f"{OLD} 03:00:00": False,
    "2026-03-08": True,  # counts to its end
    "2026-03-09": False,
    "1773025199": True,
    "1773025200": False,
    "1773025199999": True,
}
UNDATABLE = ["", "yesterday", "09.03.2026", "0", "0001-01-01T00:00:00Z",
             "1970-01-01 00:00:00"]


class PostgresTextTimesTest(postgres_farm.PostgresTest):

    def setUp(self):
        super().setUp()
        self.farm.sql("""CREATE TABLE "Job" (id text PRIMARY KEY,
            "createdAt" text, status text NOT NULL, "outputPath" text,
            "nexrenderConfig" jsonb)""")
        for number, text in enumerate([*TIMES, *UNDATABLE]):
            self.farm.sql(f"""INSERT INTO "Job" VALUES
                ('{number}', '{text}', 'COMPLETED')""")
        self.farm.sql("""INSERT INTO "Job" VALUES
            ('null', NULL, 'COMPLETED')""")

    def test_deletes_by_instants_and_keeps_what_it_cannot_read(self):
        farm = self.farm
        expired = {str(number) for number, text in enumerate(TIMES)
                   if TIMES[text]}
        undatable = len(UNDATABLE) + 1
        kept = farm.jobs() - expired
        run = self.night()
        self.assertEqual("success", run["outcome"], run["errors"])
        self.assertEqual(undatable, run["undatable"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)

    def test_check_says_which_cannot_be_read_and_how_to_mend_it(self):
        finding = next(each for each in self.farm.json("check")["findings"]
                       if each["code"] == "undatable-rows")
        self.assertEqual("createdAt", finding["column"])
        self.assertIn(str(len(UNDATABLE) + 1), finding["message"])
        self.assertIn("like 2026-03-16T03:00:00Z", finding["message"])


if __name__ == "__main__":
    harness.main()
