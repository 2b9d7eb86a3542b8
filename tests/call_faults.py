"""The plan of a preloaded tests/preload/call_faults.cc, as seen by a test."""

import os
import struct

# call_faults.h, Kind.
WRITE, SYNC, NAME, SEND, RECEIVE, READ, OPEN, LOCK, CONNECT = (
    1 << bit for bit in range(9))
# What changes something: between two of these nothing does.
CHANGES = WRITE | SYNC | NAME | SEND


class CallFaults:
    """Which call of a process is hit, and how many there were.

    An `error` of 0 kills the process in the place of the call.
    """

    def __init__(self, farm, kinds, at=0, error=0, for_good=False):
        self._count = farm.scratch / "calls"
        self._count.write_bytes(bytes(8))
        self.trace = farm.scratch / "trace"
        self._plan = (f"{kinds}:{at}:{error}:{int(for_good)}:"
                      f"{farm.scratch}/")
        self._at = at
        self.environment = {
            "CALL_FAULTS": self._plan,
            "CALL_FAULTS_COUNT": str(self._count),
        }

    def preload(self, environment):
        """The environment of a process that is to be hit."""
        libraries = environment.get("LD_PRELOAD", "").split()
        return {**environment, **self.environment, "LD_PRELOAD": " ".join(
            [*libraries, os.environ["CALL_FAULTS_LIBRARY"]])}

    def count(self):
        """How many calls of these kinds there were so far."""
        return struct.unpack("q", self._count.read_bytes())[0]

    def was_reached(self):
        return 0 < self._at <= self.count()
