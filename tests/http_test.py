"""The answers over HTTP: the same as the commands', within limits."""

import datetime
import http.client
import json
import os
import signal
import stat
import threading
import time

import harness
import hostile_requests
import openapi
from http_client import Client, free_port

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class HttpTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        # Where a daemon may leave what it likes.
        self.socket = self.farm.state / "http.sock"
        self.client = Client(self.socket)
        self.listen(f"unix:{self.socket}")

    def listen(self, place, **more):
        self.farm.settings["http"] = {"listen": place, **more}
        self.farm.write_config()

    def after_the_night(self):
        """A daemon that has cleaned up the fixtures, and is idle again."""
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files()
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        self.farm.wait_for_run(daemon)
        tomorrow = harness.SLOT.timestamp() + 86400
        daemon.wait_until(
            lambda: self.client.metrics().get(
                "retentiond_next_run_timestamp_seconds") == tomorrow,
            "it waits for the next night")
        return daemon

    def test_answers_what_the_commands_answer(self):
        daemon = self.after_the_night()
        farm = self.farm
        for path, command in (("status", ["status"]), ("runs", ["runs"]),
                              ("plan", ["plan"]), ("checks", ["check"]),
                              ("audit/verify", ["audit", "verify"])):
            with self.subTest(path):
                said = farm.json(*command)
                answered = self.client.json(f"/api/v1/{path}")
                if path == "status":
                    # The one thing that is another with each question.
                    self.assertLessEqual(said.pop("now"), answered.pop("now"))
                self.assertEqual(said, answered)
        self.assertEqual(1, len(self.client.json("/api/v1/runs?limit=1")))
        records = self.client.ask("/api/v1/audit?from=2&limit=1000").text
        self.assertEqual(farm.audit_records()[1:],
                         [json.loads(line) for line in records.splitlines()])
        newest = self.client.ask("/api/v1/audit?last=2").text
        self.assertEqual(farm.audit_records()[-2:],
                         [json.loads(line) for line in newest.splitlines()])
        self.assertEqual({"ok": True}, self.client.json("/healthz"))
        self.assertEqual({"ok": True}, self.client.json("/readyz"))
        self.assert_stops(daemon)
        self.assertFalse(self.socket.exists())

    def test_answers_what_its_document_says(self):
        daemon = self.after_the_night()
        for path, operations in openapi.DOCUMENT["paths"].items():
            described = operations["get"]["responses"]["200"]["content"]
            if "text/event-stream" in described:
                continue  # it does not end: the next scenario follows it
            response = self.client.ask(path)
            self.assertEqual(200, response.status, path)
            kind, = described
            self.assertEqual(
                kind, response.getheader("Content-Type").split(";")[0])
            if kind in ("text/plain", "text/html"):
                continue
            lines = (response.text.splitlines() if kind.endswith("ndjson")
                     else [response.text])
            for line in lines:
                self.assertEqual([], list(openapi.problems(
                    json.loads(line), described[kind]["schema"], path)))
        self.assert_stops(daemon)

    def test_tells_what_a_run_does_while_it_does_it(self):
        self.farm.use_workload(2000, logs=8)
        self.farm.set_clock(harness.SLOT - datetime.timedelta(seconds=10))
        expired = len(self.farm.expired_jobs())
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        schema = openapi.DOCUMENT["paths"]["/api/v1/events"]["get"][
            "responses"]["200"]["content"]["text/event-stream"]["schema"]
        states, most = [], 0
        for event in self.client.events():
            self.assertEqual([], list(openapi.problems(event, schema)))
            if not states or states[-1] != event["state"]:
                states.append(event["state"])
            if event["progress"]:
                self.assertLessEqual(most, event["progress"]["jobs_deleted"])
                most = event["progress"]["jobs_deleted"]
            if states[-2:] == ["running", "idle"]:
                break
        self.assertEqual("idle", states[0])
        # The last state before the end may have been passed over.
        self.assertTrue(0 < most <= expired, most)
        self.assert_stops(daemon)

    def test_ends_its_streams_when_it_stops_and_when_it_reloads(self):
        daemon = self.after_the_night()
        events = self.client.events()
        self.assertEqual("idle", next(events)["state"])
        other = self.farm.scratch / "other.sock"
        self.listen(f"unix:{other}")
        os.kill(daemon.pid, signal.SIGHUP)
        self.assertEqual([], list(events))
        daemon.wait_for_log(f"over HTTP at unix:{other}")
        events = Client(other).events()
        self.assertEqual("idle", next(events)["state"])
        self.assert_stops(daemon)
        self.assertEqual([], list(events))

    def test_measures_the_night(self):
        daemon = self.after_the_night()
        run = self.farm.json("runs")[0]
        measured = self.client.metrics()
        self.assertEqual(
            run["jobs_deleted"],
            measured['retentiond_deleted_total{kind="job"}'])
        self.assertEqual(
            sum(run["rows_deleted"].values()),
            measured['retentiond_deleted_total{kind="row"}'])
        self.assertEqual(
            run["files_deleted"],
            measured['retentiond_deleted_total{kind="file"}'])
        self.assertEqual(run["bytes_freed"],
                         measured["retentiond_freed_bytes_total"])
        self.assertEqual(run["held"], measured["retentiond_held_jobs"])
        self.assertEqual(0, measured["retentiond_expired_jobs"])
        self.assertEqual(len(self.farm.jobs()), measured["retentiond_jobs"])
        self.assertEqual(self.farm.audit_records()[-1]["seq"],
                         measured["retentiond_audit_sequence"])
        self.assertLess(0, measured["retentiond_batch_lock_held_seconds_count"])
        self.assert_stops(daemon)

        # A restart never looks like "no run yet".
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        again = self.client.metrics()
        for name in ("retentiond_last_success_timestamp_seconds",
                     "retentiond_last_run_timestamp_seconds",
                     "retentiond_last_run_duration_seconds",
                     "retentiond_jobs", "retentiond_held_jobs",
                     'retentiond_last_run_outcome{outcome="success"}'):
            self.assertEqual(measured[name], again[name], name)
        self.assert_stops(daemon)

    def test_gives_every_answer_the_same_limits(self):
        daemon = self.after_the_night()
        for target, status in (("/metrics", 200), ("/none", 404),
                               ("/api/v1/runs?limit=x", 400)):
            response = self.client.ask(target)
            self.assertEqual(status, response.status)
            for name, value in HEADERS.items():
                self.assertEqual(value, response.getheader(name))
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            response = self.client.ask("/api/v1/plan", method)
            self.assertEqual(405, response.status)
            self.assertEqual("GET, HEAD", response.getheader("Allow"))
        self.assertEqual(0o660, stat.S_IMODE(self.socket.stat().st_mode))
        self.assert_stops(daemon)

    def test_changes_nothing(self):
        daemon = self.after_the_night()
        self.client.json("/api/v1/status")
        with self.farm.connect() as connection:
            def version():
                return connection.execute("PRAGMA data_version").fetchone()
            before = version()
            jobs = self.farm.jobs()
            directories = self.farm.directories()
            for path in ("status", "runs", "plan", "audit", "audit/verify",
                         "checks"):
                self.assertEqual(
                    200, self.client.ask(f"/api/v1/{path}").status, path)
            self.assertEqual(before, version())
        self.assertEqual(jobs, self.farm.jobs())
        self.assertEqual(directories, self.farm.directories())
        self.assert_stops(daemon)

    def test_answers_other_machines_only_for_the_token(self):
        token = self.farm.scratch / "token"
        token.write_text("canary-f3c1-not-to-be-seen\n")
        port = free_port()
        self.listen(f"0.0.0.0:{port}", token_file=str(token))
        self.farm.use_fixture("render-manager-iso")
        self.farm.set_clock(harness.SLOT.replace(hour=12))
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        client = Client(("127.0.0.1", port))
        for target in ("/healthz", "/readyz", "/metrics", "/api/v1/status",
                       "/none"):
            self.assertEqual(401, client.ask(target).status, target)
        good = {"Authorization": "Bearer canary-f3c1-not-to-be-seen"}
        self.assertEqual(200, client.ask("/metrics", headers=good).status)
        self.assert_stops(daemon)
        self.assertNotIn("canary", daemon.log_text())

    def test_answers_no_page_that_was_led_here_by_a_name(self):
        port = free_port()
        self.listen(f"127.0.0.1:{port}")
        self.farm.use_fixture("render-manager-iso")
        self.farm.set_clock(harness.SLOT.replace(hour=12))
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        client = Client(("127.0.0.1", port))
        self.assertEqual(200, client.ask("/metrics").status)
        self.assertEqual(421, client.ask(
            "/metrics", headers={"Host": f"evil.example:{port}"}).status)
        self.assert_stops(daemon)

    def test_cleans_up_though_its_port_is_taken(self):
        first = self.after_the_night()
        other = harness.Farm()
        self.addCleanup(other.close)
        other.settings["http"] = self.farm.settings["http"]
        other.write_config()
        other.use_fixture("render-manager-iso")
        other.set_clock(harness.EVE)
        second = other.serve()
        second.wait_for_log("another process listens there, cleaning without")
        self.assertEqual("success", other.wait_for_run(second)["outcome"])
        self.assertEqual(200, self.client.ask("/healthz").status)
        self.assert_stops(second)
        self.assert_stops(first)

    def test_is_not_ready_while_the_database_is_away(self):
        daemon = self.after_the_night()
        away = self.farm.database.with_suffix(".away")
        for suffix in ("", "-wal", "-shm"):
            file = self.farm.database.with_name(
                self.farm.database.name + suffix)
            if file.exists():
                file.rename(away.with_name(away.name + suffix))
        daemon.wait_until(lambda: self.client.ask("/readyz").status == 503,
                          "it is not ready")
        self.assertEqual(200, self.client.ask("/healthz").status)
        self.assertEqual(200, self.client.ask("/metrics").status)
        self.assert_stops(daemon)

    def test_survives_hostile_requests_during_a_run(self):
        farm = self.farm
        farm.use_workload(4000, logs=8)
        farm.add_files(200)
        expired = farm.expired_jobs()
        kept = farm.jobs() - expired
        outside = farm.outside()
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        daemon.wait_for_idle()
        ended = threading.Event()

        def attack(seed):
            while not ended.is_set():
                for request in hostile_requests.shapes().values():
                    self.client.send(request)
                for request in hostile_requests.random_requests(20, seed):
                    self.client.send(request, answer=False)

        threads = [threading.Thread(target=attack, args=(seed,))
                   for seed in range(3)]
        slow = [self.client.connect() for _ in range(20)]
        for thread in threads:
            thread.start()
        try:
            run = farm.wait_for_run(daemon)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            for connection in slow:
                connection.close()
        self.assertEqual("success", run["outcome"])
        self.assertEqual(kept, farm.jobs())
        self.assert_each_audited_once(expired)
        self.assert_same_tree(outside, farm.outside())
        daemon.wait_until(self.serves, "it serves again")
        self.assertLess(daemon.peak_memory_kb(), 200 * 1024)
        self.assert_stops(daemon)

    def serves(self):
        try:
            return self.client.ask("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def test_lets_a_newcomer_in_where_others_are_slow(self):
        self.farm.use_fixture("render-manager-iso")
        self.farm.set_clock(harness.SLOT.replace(hour=12))
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        slow = [self.client.connect() for _ in range(32)]
        stop = threading.Event()

        def dribble():
            while not stop.wait(0.5):
                for connection in slow:
                    try:
                        connection.send(b"a")
                    except OSError:
                        pass

        thread = threading.Thread(target=dribble)
        thread.start()
        begun = time.monotonic()
        try:
            daemon.wait_until(self.serves, "it serves again")
        finally:
            stop.set()
            thread.join()
            for connection in slow:
                connection.close()
        self.assertLess(time.monotonic() - begun, 60)
        self.assert_stops(daemon)

    def test_follows_a_reload(self):
        daemon = self.after_the_night()
        other = self.farm.scratch / "other.sock"
        self.listen(f"unix:{other}")
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait_for_log(f"over HTTP at unix:{other}")
        self.assertEqual(200, Client(other).ask("/healthz").status)
        self.assertFalse(self.socket.exists())
        self.assert_stops(daemon)


if __name__ == "__main__":
    harness.main()
