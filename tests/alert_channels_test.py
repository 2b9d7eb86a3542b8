"""Mail, Alertmanager, a dead man's switch and a command, each with a real
receiver."""

import email
import email.policy
import json

import harness
from receivers import Alertmanager, Certificate, HttpReceiver, SmtpReceiver

PASSWORD = "canary-password"
KINDS = 16  # of alerts


class AlertChannelsTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")

    def use(self, alerts=None, **channels):
        """Configures these channels and no others."""
        for section in [name for name in self.farm.settings
                        if name.startswith("alerts")]:
            del self.farm.settings[section]
        self.farm.settings["alerts"] = alerts or {}
        for name, settings in channels.items():
            self.farm.settings[f"alerts.{name}"] = settings
        self.farm.write_config()

    def opened(self, receiver):
        self.addCleanup(receiver.close)
        return receiver

    def try_channels(self, *arguments, code=0):
        done = self.farm.run("alert", "test", "--json", *arguments)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("canary", done.stdout + done.stderr)
        return json.loads(done.stdout)

    # --- e-mail

    def mail_settings(self, server, **more):
        return {"server": server.url, "from": "farm@example.com",
                "to": ["a@example.com", "b@example.com"], **more}

    def test_mails_after_starttls_and_a_login(self):
        certificate = Certificate(self.farm.scratch)
        server = self.opened(
            SmtpReceiver(certificate, login=("farm", PASSWORD)))
        password = self.farm.scratch / "password"
        password.write_text(f"{PASSWORD}\n")
        settings = self.mail_settings(server, user="farm",
                                      password_file=str(password))
        self.use({"ca_file": str(certificate.pem)}, email=settings)
        self.assertEqual({"email": "delivered"}, self.try_channels())
        self.assertEqual([("farm", PASSWORD)], server.logins)
        (sender, recipients, text), = server.mails
        self.assertEqual("farm@example.com", sender)
        self.assertEqual(["a@example.com", "b@example.com"], recipients)
        mail = email.message_from_string(text, policy=email.policy.default)
        self.assertEqual("a@example.com, b@example.com", mail["To"])
        self.assertIn("A test of the alerts", mail["Subject"])
        self.assertEqual("auto-generated", mail["Auto-Submitted"])
        self.assertIn("They do.", mail.get_body().get_content())
        # Nothing is said in the clear, nor to a server that is another.
        password.write_text("wrong\n")
        self.assertIn("SMTP 535", self.try_channels(code=1)["email"])
        self.use(email=settings)
        self.assertIn("SSL", self.try_channels(code=1)["email"])
        self.assertEqual(1, len(server.mails))

    def test_mails_each_kind_once_and_its_end(self):
        server = self.opened(SmtpReceiver())
        self.use(email=self.mail_settings(server, tls="none"))
        self.try_channels("--kind", "all")
        subjects = [email.message_from_string(text)["Subject"]
                    for _, _, text in server.mails]
        self.assertEqual(len(subjects), len(set(subjects)))
        self.assertEqual(KINDS, sum(subject.startswith("Resolved: ")
                                    for subject in subjects))
        self.assertEqual(2 * KINDS, len(subjects))

    def test_says_what_the_mail_server_says(self):
        server = self.opened(SmtpReceiver(refuse=True))
        self.use(email=self.mail_settings(server, tls="none"))
        self.assertIn("SMTP 550", self.try_channels(code=1)["email"])
        self.use(email=self.mail_settings(server))
        self.assertIn("SSL", self.try_channels(code=1)["email"])
        self.assertEqual([], server.mails)

    # --- Alertmanager

    def test_alertmanager_has_each_kind_until_it_ends(self):
        manager = self.opened(Alertmanager(self.farm.scratch))
        self.use(alertmanager={"url": manager.url})
        self.assertEqual({"alertmanager": "delivered"}, self.try_channels())
        alert, = manager.alerts()
        self.assertEqual("RetentiondTest", alert["labels"]["alertname"])
        self.assertEqual("active", alert["status"]["state"])
        self.assertEqual(str(self.farm.database), alert["labels"]["database"])
        # All kinds begin and end: none of them stands, and none was refused.
        self.try_channels("--kind", "all")
        self.assertEqual(["RetentiondTest"], [
            alert["labels"]["alertname"] for alert in manager.alerts()])
        self.assertEqual({"firing": 1 + KINDS, "resolved": KINDS},
                         manager.received())

    def test_alertmanager_is_told_of_what_stands(self):
        receiver = self.opened(HttpReceiver())
        self.use(alertmanager={"url": receiver.url + "/"})
        self.try_channels("--kind", "run-failed")
        self.assertEqual(["/api/v2/alerts"] * 2,
                         [path for path, _, _ in receiver.requests])
        (raised,), (resolved,) = receiver.bodies()
        self.assertEqual("RetentiondRunFailed", raised["labels"]["alertname"])
        self.assertEqual(raised["labels"], resolved["labels"])
        self.assertLess(resolved["endsAt"], raised["endsAt"])

    # --- a dead man's switch, and a command

    def test_pings_how_a_night_begins_and_ends(self):
        receiver = self.opened(HttpReceiver())
        log = self.farm.state / "messages"
        program = self.farm.scratch / "page"
        program.write_text(f"#!/bin/sh\ncat >> {log}\n")
        program.chmod(0o755)
        self.use(ping={"url": receiver.url + "/uuid"},
                 command={"argv": [str(program)]})
        expired = len(self.farm.expired_jobs())
        self.farm.set_clock(harness.EVE)
        daemon = self.farm.serve()
        daemon.wait_until(lambda: len(receiver.requests) == 2 and
                          log.exists() and log.read_text().endswith("\n"),
                          "the night is told")
        self.assert_stops(daemon)
        start, success = receiver.requests
        self.assertEqual("/uuid/start", start[0])
        self.assertEqual("/uuid", success[0])
        self.assertIn(f": {expired} jobs and ", success[2])
        self.assertIn("Audit head: ", success[2])
        message = json.loads(log.read_text())
        self.assertEqual("run-success", message["data"]["key"])

    def test_pings_what_failed(self):
        receiver = self.opened(HttpReceiver())
        self.use(ping={"url": receiver.url})
        self.try_channels("--kind", "run-failed")
        self.assertEqual({"ping": "takes no such message"},
                         self.try_channels("--kind", "slow"))
        self.assertEqual(["/fail"], [path for path, _, _ in receiver.requests])
        self.try_channels()
        self.assertEqual("/", receiver.requests[-1][0])

    def test_says_how_a_command_failed(self):
        self.use(command={"argv": ["/bin/sh", "-c", "exit 3"]})
        self.assertEqual({"command": "it exited with 3"},
                         self.try_channels(code=1))
        self.use(command={"argv": ["/nonexistent"]})
        self.assertIn("No such file", self.try_channels(code=1)["command"])


if __name__ == "__main__":
    harness.main()
