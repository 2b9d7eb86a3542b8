#!/usr/bin/env python3
"""Every message to the server and from it is lost, one after the other, until
a night passes untouched."""

import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import postgres_failing_calls_test  # noqa: E402


class PostgresFailingCalls(
        postgres_failing_calls_test.PostgresFailingCallsTest):

    def points(self, count):
        return itertools.count(1)


if __name__ == "__main__":
    harness.main()
