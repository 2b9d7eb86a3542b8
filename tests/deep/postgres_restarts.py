#!/usr/bin/env python3
"""The server is restarted under a run ten times as large as `make test` has."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import postgres_restart_test  # noqa: E402: found by the line above


class PostgresRestartsTest(postgres_restart_test.PostgresRestartTest):
    jobs = 20_000
    logs = 10
    # Beside a farm that writes all the time it gives way: some 500 rows a
    # second, of the 130,000 that are to go.
    patience_s = 900


if __name__ == "__main__":
    harness.main()
