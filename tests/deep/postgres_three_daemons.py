#!/usr/bin/env python3
"""Three daemons beside one server, and 50 kills, pauses, freezes and cuts."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import postgres_three_daemons_test  # noqa: E402: found by the line above


class PostgresFiftyDisturbancesTest(
        postgres_three_daemons_test.PostgresThreeDaemonsTest):
    jobs = 6000
    disturbances = 50
    outlasting = 6


if __name__ == "__main__":
    harness.main()
