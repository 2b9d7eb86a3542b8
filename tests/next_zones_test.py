"""`next` agrees with Python's own reading of every zone of the zone data."""

import concurrent.futures
import datetime
import json
import pathlib
import unittest
import zoneinfo

import harness

COUNT = 400
FROM = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
ZONES = pathlib.Path("/usr/share/zoneinfo")
SECOND = datetime.timedelta(seconds=1)
DAY = datetime.timedelta(days=1)


def names():
    """As the installed zone data has them, without its private parts."""
    return sorted(
        str(file.relative_to(ZONES)) for file in ZONES.rglob("*")
        if file.is_file() and file.relative_to(ZONES).parts[0][0].isupper()
        and file.read_bytes()[:4] == b"TZif")


def exists(date, zone):
    """Whether the zone's calendar has that date at all."""
    noon = datetime.datetime.combine(date, datetime.time(12), zone)
    back = noon.astimezone(datetime.timezone.utc).astimezone(zone)
    return back.date() == date


def start_of(date, zone):
    """The first instant at which the wall clock reads 03:00 or later."""
    wall = datetime.datetime.combine(date, datetime.time(3))
    first = wall.replace(tzinfo=zone, fold=0)
    utc = first.astimezone(datetime.timezone.utc)
    if utc.astimezone(zone).replace(tzinfo=None) == wall:
        return utc  # the only one, or the first of two
    # In a gap: its end lies where the offset changes, found by halving.
    low, high = utc - DAY, utc + DAY
    before = low.astimezone(zone).utcoffset()
    while high - low > SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def expected(name):
    zone = zoneinfo.ZoneInfo(name)
    date = FROM.astimezone(zone).date() - 2 * DAY
    slots = []
    while len(slots) < COUNT:
        start = start_of(date, zone)
        if exists(date, zone) and start >= FROM:
            cutoff = min(start_of(date - 7 * DAY, zone),
                         start - datetime.timedelta(hours=165))
            slots.append({"slot": date.isoformat(),
                          "start": harness.rfc3339(start),
                          "cutoff": harness.rfc3339(cutoff)})
        date += DAY
    return slots


def printed(name):
    done = harness.run_to_end(
        [harness.binary(), "next", "--timezone", name, "--from",
         harness.rfc3339(FROM), "--count", str(COUNT), "--json"],
        {"PATH": "/usr/bin:/bin"})
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


class NextZonesTest(unittest.TestCase):

    def test_every_zone_agrees_for_four_hundred_nights(self):
        zones = names()
        self.assertGreater(len(zones), 400)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for name, slots in zip(zones, pool.map(printed, zones)):
                with self.subTest(zone=name):
                    self.assertEqual(expected(name), slots)


if __name__ == "__main__":
    harness.main()
