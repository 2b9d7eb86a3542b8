"""One night of a small farm whose daemon is hit by a fault."""

import concurrent.futures
import itertools
import subprocess
import sys
import time

import call_faults
import daemon
import night_farm

# Most of a night is waiting for its slot.
AT_ONCE = 8

THE_NEXT_NIGHT = "next run at=2040-03-17"


class Night:
    """One night of one farm, which goes with it."""

    def __init__(self, make_farm):
        self.farm = make_farm()
        self.farm.set_clock(night_farm.EVE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.farm.close()

    def serve(self, faults=None):
        environment = self.farm.environment()
        if faults:
            environment = faults.preload(environment)
        process = daemon.Daemon(self.farm.command_line("serve"), environment)
        self.farm.daemons.append(process)
        return process

    def live_through(self, faults=None, enough=()):
        """Until it waits for the next night, logs what is enough, or is dead;
        then it is."""
        process = self.serve(faults)
        deadline = time.monotonic() + daemon.TIMEOUT_S
        while not any(text in process.log_text()
                      for text in (THE_NEXT_NIGHT, *enough)):
            try:
                process.process.wait(daemon.POLL_S)
                process.wait()
                return process
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    break
        process.terminate()
        return process

    def live_on(self, before):
        """Starts again after a process that ended in the middle."""
        if "run begins" not in before.log_text():
            # Started after its slot, it would settle for ten minutes.
            self.farm.set_clock(night_farm.EVE)
        return self.live_through()

    def problems(self, expected, process, what):
        """What is wrong now that `process` is done, with what it said."""
        return [f"{what}: {problem}\n{process.log_text()}"
                for problem in problems_of(self.farm, expected)]


def problems_of(farm, expected):
    """How the end of a farm differs from that of an untouched one."""
    end = farm.end()
    found = [f"{part}: {expected[part]}\nbecame {end[part]}"
             for part in expected if end[part] != expected[part]]
    found += farm.audit_problems()
    events = [record[3] for record in farm.audit()]
    for event in ("run-begin", "run-end"):
        if events.count(event) != 1:
            found.append(f"{events.count(event)} records {event}")
    if not farm.is_sound():
        found.append("the database is not sound")
    return found


def untouched(test, make_farm, kinds, error=0):
    """The end of a night without a fault, and its number of calls."""
    with Night(make_farm) as night:
        farm = night.farm
        faults = call_faults.CallFaults(farm, kinds, error=error)
        process = night.live_through(faults)
        test.assertEqual(0, process.process.returncode, process.log_text())
        end = farm.end()
        test.assertEqual(
            set(night_farm.JOBS) - set(night_farm.EXPIRED),
            {row[0] for row in end["Job"]}, process.log_text())
        test.assertEqual([], end["pending"])
        test.assertEqual([], list(farm.audit_problems()))
        return end, faults.count()


def hit_each(test, what, points, hit):
    """Calls `hit(point)` for each of the points, some at once, until there is
    no such point any more: it returns whether there was, and what is wrong.
    """
    points = iter(points)
    tried = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            some = list(itertools.islice(points, 4 * AT_ONCE))
            for reached, found in pool.map(hit, some):
                tried += reached
                test.assertEqual([], found)
                if not reached:
                    some = []
            if not some:
                break
    print(f"{what}: {tried} points", file=sys.stderr)
    test.assertGreater(tried, 0)


def sample(count, size):
    """So many points of 1 to `count`, evenly apart."""
    step = max(count // size, 1)
    return range(1 + step // 2, count + 1, step)
