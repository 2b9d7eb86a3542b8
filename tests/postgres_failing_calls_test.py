"""The connection is lost at any one call, before the server had what was sent
or after it; or the server refuses a transaction. The night ends the same.

`make test` takes a sample, tests/deep/postgres_failing_calls.py all.
"""

import errno

import call_faults
import harness
import night
import night_farm
import postgres

SAMPLE = 6
# Two tries, and the server is still away.
GIVES_UP = "trying again in 2 s"

# Raises an error at the n-th row that is deleted, once.
TRIGGER = """
CREATE SEQUENCE turn;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('turn') = {turn} THEN
    RAISE EXCEPTION 'somebody else was faster' USING ERRCODE = '{state}';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER refuses BEFORE DELETE ON "JobLog" FOR EACH ROW
  EXECUTE FUNCTION refuse();
"""


def fail_at(make_farm, kinds, point, for_good, expected):
    """(whether the point was reached, what is wrong at the end)."""
    with night.Night(make_farm) as one:
        faults = call_faults.CallFaults(one.farm, kinds, point,
                                        errno.ECONNRESET, for_good)
        process = one.live_through(
            faults, (GIVES_UP,) if for_good else ())
        reached = faults.was_reached()
        if for_good and reached:
            if "error " not in process.log_text():
                return True, [f"point {point}: no word of it"]
            process = one.live_on(process)
        return reached, one.problems(expected, process, f"point {point}")


class PostgresFailingCallsTest(harness.unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = postgres.SharedServer()
        self.addCleanup(self.server.remove)

    def make_farm(self):
        return night_farm.PostgresNightFarm(self.server)

    def points(self, count):
        """Those that are tried, of about so many."""
        return night.sample(count, SAMPLE)

    def fail_everywhere(self, what, kinds):
        expected, count = night.untouched(self, self.make_farm, kinds,
                                          errno.ECONNRESET)
        for for_good in (False, True):
            night.hit_each(
                self, f"{what}, {'for good' if for_good else 'once'}, "
                f"of {count}", self.points(count),
                lambda point, good=for_good: fail_at(
                    self.make_farm, kinds, point, good, expected))

    def test_what_is_sent_is_lost(self):
        self.fail_everywhere("lost before the server had it",
                             call_faults.SEND)

    def test_what_is_answered_is_lost(self):
        self.fail_everywhere("lost after the server had it",
                             call_faults.RECEIVE)

    def test_the_server_takes_no_connection(self):
        self.fail_everywhere("no connection", call_faults.CONNECT)

    def test_transactions_that_others_make_fail(self):
        expected, _ = night.untouched(self, self.make_farm, call_faults.SEND)
        cases = [(state, turn) for state in ("40001", "40P01")
                 for turn in (1, 30, 101)]

        def refuse(case):
            state, turn = case
            with night.Night(self.make_farm) as one:
                one.farm.execute(TRIGGER.format(turn=turn, state=state))
                process = one.live_through()
                return True, one.problems(expected, process, f"{case}")

        night.hit_each(self, "refused by the server", cases, refuse)


if __name__ == "__main__":
    harness.main()
