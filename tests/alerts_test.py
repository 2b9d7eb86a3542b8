"""Alerts reach the receivers that are configured, and no secret goes astray."""

import base64
import datetime
import hashlib
import hmac
import json

import harness
from receivers import Certificate, HttpReceiver

CANARY = "canary"  # in every secret
KEY = base64.b64encode(b"canary-signing-key").decode()
KINDS = ["run-failed", "run-partial", "blocked", "late", "missed", "slow",
         "window-cut", "falling-behind", "large-run", "held-growing", "held-long", "undatable-rows",
         "chain-broken", "database-trouble", "trouble", "channel-failing"]


class AlertsTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.slack = self.receiver()
        self.webhook = self.receiver()
        self.secrets = self.farm.scratch / "secrets"
        self.secrets.mkdir()
        self.use({"slack_webhook_file":
                  self.secret("slack", f"{self.slack.url}/{CANARY}")},
                 webhook=self.webhook_settings(self.webhook))

    def tearDown(self):
        super().tearDown()
        for daemon in self.farm.daemons:
            self.assertNotIn(CANARY, daemon.log_text())
        for directory in (self.farm.state, self.farm.database.parent):
            for file in directory.rglob("*"):
                if file.is_file():
                    self.assertNotIn(CANARY.encode(), file.read_bytes(), file)

    def receiver(self, certificate=None):
        receiver = HttpReceiver(certificate)
        self.addCleanup(receiver.close)
        return receiver

    def secret(self, name, text):
        file = self.secrets / name
        file.write_text(f"{text}\n")
        return str(file)

    def webhook_settings(self, receiver):
        return {"url_file": self.secret("url", f"{receiver.url}/{CANARY}"),
                "secret_file": self.secret("key", f"whsec_{KEY}")}

    def use(self, alerts, **channels):
        """Configures these channels and no others."""
        for section in [name for name in self.farm.settings
                        if name.startswith("alerts")]:
            del self.farm.settings[section]
        self.farm.settings["alerts"] = alerts
        for name, settings in channels.items():
            self.farm.settings[f"alerts.{name}"] = settings
        self.farm.write_config()

    def try_channels(self, *arguments, code=0):
        """What `alert test` says of each channel."""
        done = self.farm.run("alert", "test", "--json", *arguments)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        self.assertNotIn(CANARY, done.stdout + done.stderr)
        return json.loads(done.stdout)

    @staticmethod
    def told(receiver):
        """ "raised slow", ... as the generic webhook was told. """
        return [f"{body['data']['event']} {body['data']['key']}"
                for body in receiver.bodies()]

    def wait_for(self, daemon, event):
        daemon.wait_until(lambda: event in self.told(self.webhook),
                          f"the webhook has {event}")

    @staticmethod
    def wait_for_log(daemon, text):
        daemon.wait_awake(lambda: text in daemon.log_text(),
                          f'it logs "{text}"')

    # --- alert test

    def test_tries_each_channel(self):
        self.assertEqual({"slack": "delivered", "webhook": "delivered"},
                         self.try_channels())
        (path, _, body), = self.slack.requests
        self.assertEqual(f"/{CANARY}", path)
        self.assertIn("A test of the alerts", json.loads(body)["text"])
        self.assertEqual(["test test"], self.told(self.webhook))
        self.assertIn("delivered", self.farm.run("alert", "test").stdout)

    def test_signs_what_it_sends(self):
        self.try_channels()
        (_, headers, body), = self.webhook.requests
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
        expected = base64.b64encode(hmac.new(
            b"canary-signing-key", signed.encode(), hashlib.sha256).digest())
        self.assertEqual("v1," + expected.decode(),
                         headers["webhook-signature"])
        self.use({}, webhook={"url": self.webhook.url})
        self.try_channels()
        self.assertNotIn("webhook-signature", self.webhook.requests[-1][1])

    def test_sends_each_kind_once_and_its_end(self):
        self.try_channels("--kind", "all")
        self.assertEqual(
            [f"{event} {kind}" for kind in KINDS
             for event in ("raised", "resolved")], self.told(self.webhook))
        self.assertEqual(2 * len(KINDS), len(self.slack.requests))
        done = self.farm.run("alert", "test", "--kind", "sloww")
        self.assertEqual(harness.EX_USAGE, done.returncode)
        self.assertIn('did you mean "slow"?', done.stderr)

    def test_says_what_came_of_it(self):
        elsewhere = self.receiver()
        for answer, problem in (
                (500, "it answered HTTP 500"),
                ((429, {"Retry-After": "7"}, ""), "it answered HTTP 429"),
                ((302, {"Location": elsewhere.url}, ""),
                 "it answered HTTP 302: redirects are not followed, please "
                 "configure the URL that it leads to"),
                ("end", "Server returned nothing (no headers, no data)")):
            with self.subTest(problem):
                self.webhook.answers = [answer]
                self.assertEqual({"slack": "delivered", "webhook": problem},
                                 self.try_channels(code=1))
        self.assertEqual([], elsewhere.requests)
        self.use({"slack_webhook_file": str(self.secrets / "none")})
        self.assertIn("cannot be read", self.try_channels(code=1)["slack"])
        self.use({}, webhook={"url": self.webhook.url, "secret_file":
                              self.secret("bad", f"whsec_{CANARY}!")})
        self.assertEqual(
            'the signing key: expected base64 after "whsec_"',
            self.try_channels(code=1)["webhook"])
        self.assertIn("failed", self.farm.run("alert", "test").stdout)

    def test_checks_the_certificate(self):
        certificate = Certificate(self.secrets)
        receiver = self.receiver(certificate)
        self.use({}, webhook=self.webhook_settings(receiver))
        self.assertIn("SSL", self.try_channels(code=1)["webhook"])
        self.assertEqual([], receiver.requests)
        self.use({"ca_file": str(certificate.pem)},
                 webhook=self.webhook_settings(receiver))
        self.try_channels()
        self.assertEqual(["test test"], self.told(receiver))
        receiver.answers = ["reset"]
        self.assertNotEqual("delivered", self.try_channels(code=1)["webhook"])

    def test_needs_a_channel(self):
        self.use({})
        done = self.farm.run("alert", "test")
        self.assertEqual(harness.EX_CONFIG, done.returncode)
        self.assertIn("no channel is configured", done.stderr)

    def test_posts_as_the_render_managers_bot(self):
        self.farm.extra_environment.update(
            SLACK_BOT_TOKEN=f"xoxb-{CANARY}", SLACK_ADMIN_CHANNEL="#admins")
        self.use({"slack_api_url": f"{self.slack.url}/api/chat.postMessage"})
        self.slack.answers = [
            (200, {}, '{"ok":true}'),
            (200, {}, '{"ok":false,"error":"channel_not_found"}'),
            (200, {}, f'{{"ok":false,"error":"<{CANARY}>"}}'),
            (200, {}, CANARY)]
        self.assertEqual({"slack": "delivered"}, self.try_channels())
        path, headers, body = self.slack.requests[0]
        self.assertEqual("/api/chat.postMessage", path)
        self.assertEqual(f"Bearer xoxb-{CANARY}", headers["Authorization"])
        self.assertEqual("#admins", json.loads(body)["channel"])
        for problem in ("Slack refused the message: channel_not_found",
                        "Slack refused the message: an unknown error",
                        "it answered something else than Slack does"):
            self.assertEqual({"slack": problem}, self.try_channels(code=1))

    # --- the daemon

    def test_tells_of_a_good_night_with_the_audit_head(self):
        expired = len(self.farm.expired_jobs())
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        for channel in ("slack", "webhook"):
            self.wait_for_log(daemon, f"alert delivered channel={channel}")
        self.assert_stops(daemon)
        self.assertEqual(["notice run-success"], self.told(self.webhook))
        data = self.webhook.bodies()[0]["data"]
        self.assertIn(f"The cleanup of 2026-03-16: {expired} jobs and ",
                      data["text"])
        self.assertEqual(str(self.farm.database), data["database"])
        verdict = self.farm.run("audit", "verify", "--head",
                                data["audit_head"])
        self.assertEqual(0, verdict.returncode, verdict.stdout)
        self.assertIn("The cleanup is done",
                      self.slack.bodies()[0]["text"])
        self.assertEqual({"standing": [], "pending": 0, "dropped": 0},
                         self.farm.json("status")["alerts"])

    def test_tells_what_stands_and_when_it_is_over(self):
        kept = min(self.farm.jobs() - self.farm.expired_jobs())
        created = self.farm.query(
            'SELECT "createdAt" FROM "Job" WHERE "id" = ?', kept)[0][0]
        self.farm.query('UPDATE "Job" SET "createdAt" = \'?\' WHERE "id" = ?',
                        kept)
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        self.wait_for(daemon, "raised undatable-rows")
        self.assert_stops(daemon)
        standing, = self.farm.json("status")["alerts"]["standing"]
        self.assertEqual("undatable-rows", standing["key"])
        self.assertIn("undatable-rows", self.farm.run("status").stdout)
        self.farm.query('UPDATE "Job" SET "createdAt" = ? WHERE "id" = ?',
                        created, kept)
        self.farm.set_clock(harness.EVE.replace(day=17))
        self.farm.move_clock_notes(86_400_000_000)
        daemon = self.farm.serve()
        self.wait_for(daemon, "resolved undatable-rows")
        self.assert_stops(daemon)
        self.assertEqual(1, self.told(self.webhook).count(
            "raised undatable-rows"))

    def test_says_ahead_what_the_first_night_will_delete(self):
        self.farm.add_files(20)
        plan = self.farm.json("plan", "--at", "2026-03-16T00:00:00Z")
        self.farm.set_clock(harness.SLOT - datetime.timedelta(hours=11))
        daemon = self.farm.serve()
        self.wait_for_log(daemon, "alert delivered channel=webhook")
        self.assertEqual(["raised large-run"], self.told(self.webhook))
        text = self.webhook.bodies()[0]["data"]["text"]
        self.assertIn(
            "The cleanup of 2026-03-16, at 2026-03-16T03:00:00Z, is the first "
            f"on this database: {plan['jobs']['to_delete']} of "
            f"{plan['jobs']['total']} jobs, ", text)
        self.assertIn(f"{plan['files']['files']} files in "
                      f"{plan['files']['job_directories']} directories", text)
        self.assertIn(f"The largest:\n{self.farm.temp_root}/", text)
        self.assert_stops(daemon)
        # It is not said again, and is over with the night.
        self.farm.set_clock(harness.EVE)
        self.farm.move_clock_notes(11 * 3_600_000_000)
        daemon = self.farm.serve()
        self.wait_for(daemon, "resolved large-run")
        self.assert_stops(daemon)
        self.assertEqual(1, self.told(self.webhook).count("raised large-run"))

    def test_tries_again_and_says_so(self):
        self.webhook.answers = [500, 500, (429, {"Retry-After": "200"}, "")]
        self.farm.set_clock(harness.EVE)
        self.farm.clock.follow_file(self.farm.scratch / "clock")
        daemon = self.farm.serve()
        for failures, pause_s in ((1, 70), (2, 130), (3, 250)):
            daemon.wait_awake(
                lambda: daemon.log_text().count(
                    "alert not delivered channel=webhook") == failures,
                f"it has failed {failures} times")
            self.farm.clock.step(pause_s)
        # Meanwhile the other channel is told.
        self.wait_for_log(daemon, "alert delivered channel=webhook")
        daemon.wait_awake(lambda: len(self.slack.requests) == 3,
                          "the other channel has all")
        self.assert_stops(daemon)
        self.assertEqual(["notice run-success"] * 4, self.told(self.webhook))
        self.assertEqual(1, len({headers["webhook-id"] for _, headers, _
                                 in self.webhook.requests}))
        night, failing, over = [body["text"] for body in self.slack.bodies()]
        self.assertIn("The cleanup is done", night)
        self.assertIn("The channel webhook has failed 3 times in a row: it "
                      "answered HTTP 429", failing)
        self.assertTrue(over.startswith("*Resolved: A channel takes no"), over)

    def test_is_not_held_up_by_a_receiver_that_hangs(self):
        self.slack.answers = ["hang"]
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        # The other channel does not wait for it, nor does the end.
        self.wait_for(daemon, "notice run-success")
        daemon.wait_until(lambda: self.slack.requests, "Slack is asked")
        self.assertEqual(0, daemon.terminate(timeout_s=20))
        self.assertEqual(1, self.farm.json("status")["alerts"]["pending"])
        self.farm.clock.step(300)
        daemon = self.farm.serve()
        self.wait_for_log(daemon, "alert delivered channel=slack")
        self.assert_stops(daemon)
        self.assertEqual(0, self.farm.json("status")["alerts"]["pending"])

    def test_tells_from_memory_when_the_database_is_broken(self):
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        self.farm.database.write_bytes(b"no database " * 1000)
        self.wait_for(daemon, "raised database-trouble")
        self.assertEqual(0, daemon.terminate())
        self.assertEqual(1, len(self.slack.requests))


if __name__ == "__main__":
    harness.main()
