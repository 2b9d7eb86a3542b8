#!/usr/bin/env python3
"""Killed at every point of a night, until a night passes untouched."""

import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import crash_points_test  # noqa: E402: found by the line above
import harness  # noqa: E402


class CrashPoints(crash_points_test.CrashPointsTest):

    def points(self, count):
        return itertools.count(1)


if __name__ == "__main__":
    harness.main()
