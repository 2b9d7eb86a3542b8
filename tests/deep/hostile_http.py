#!/usr/bin/env python3
"""10,000 hostile requests over HTTP leave the daemon serving, its memory small,
and the night that goes on meanwhile undisturbed.

Takes long, so that `make check-deep` runs it and `make test` does not.
"""

import http.client
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402: found by the line above
import hostile_requests  # noqa: E402
from http_client import Client  # noqa: E402

REQUESTS = 10_000
ATTACKERS = 8
# Connections that say nothing, or a byte now and then.
SLOW = 40
JOBS = 50_000
# The whole daemon, of any farm (DESIGN's figure).
MOST_KB = 64 * 1024


class HostileHttpTest(harness.FarmTest):

    def test_outlives_10000_hostile_requests_during_a_night(self):
        farm = self.farm
        socket = farm.state / "http.sock"
        farm.settings["http"] = {"listen": f"unix:{socket}"}
        farm.write_config()
        farm.use_workload(JOBS, logs=8)
        farm.add_files(2_000)
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        outside = farm.outside()
        self.client = Client(socket)
        self.sent = 0
        self.lock = threading.Lock()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        daemon.wait_for_idle()

        over = threading.Event()
        threads = [threading.Thread(target=self.attack, args=(number,))
                   for number in range(ATTACKERS)]
        threads.append(threading.Thread(target=self.dribble, args=(over,)))
        for thread in threads:
            thread.start()
        try:
            run = farm.wait_for_run(daemon)
            for thread in threads[:-1]:
                thread.join()
        finally:
            over.set()
            threads[-1].join()

        self.assertGreaterEqual(self.sent, REQUESTS)
        daemon.wait_until(self.serves, "it serves again")
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)
        self.assert_same_tree(outside, farm.outside())
        print(f"{self.sent} requests, {daemon.peak_memory_kb()} kB at most, "
              f"the night took {run['duration_s']:.1f} s", file=sys.stderr)
        self.assertLess(daemon.peak_memory_kb(), MOST_KB)
        self.assert_stops(daemon)

    def attack(self, number):
        shapes = list(hostile_requests.shapes().values())
        mine = REQUESTS // ATTACKERS + 1
        for count, request in enumerate(
                hostile_requests.random_requests(mine, number)):
            # One in ten as it is, at its full length.
            if count % 10 == 0:
                request = shapes[count // 10 % len(shapes)]
            self.client.send(request, answer=count % 3 == 0)
            with self.lock:
                self.sent += 1

    def dribble(self, over):
        slow = []
        while not over.wait(1):
            for _ in range(SLOW - len(slow)):
                try:
                    slow.append(self.client.connect())
                except OSError:
                    break
            for connection in list(slow):
                try:
                    connection.send(b"G")
                except OSError:
                    slow.remove(connection)
                    connection.close()
        for connection in slow:
            connection.close()

    def serves(self):
        try:
            return self.client.ask("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    harness.main()
