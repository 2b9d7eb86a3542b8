"""The alert rules and the dashboard ask what the daemon answers.

The rules fire when they should, as Prometheus itself tries them.
"""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness
from http_client import Client

MONITORING = pathlib.Path(__file__).resolve().parent.parent / "monitoring"
RULES = MONITORING / "retentiond.rules.yml"


def promtool(*arguments, standard_input=None):
    return subprocess.run(
        ["promtool", *arguments], cwd=MONITORING, input=standard_input,
        capture_output=True, text=True, timeout=120, check=False)


class AlertRulesTest(unittest.TestCase):

    def test_are_valid(self):
        done = promtool("check", "rules", str(RULES))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_fire_when_they_should(self):
        done = promtool("test", "rules", "retentiond.rules_test.yml")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_each_has_a_test(self):
        tested = (MONITORING / "retentiond.rules_test.yml").read_text()
        for alert in re.findall(r"alert: (\w+)", RULES.read_text()):
            self.assertIn(alert, tested)


class DashboardTest(unittest.TestCase):

    def test_asks_what_prometheus_understands(self):
        rules = [{"record": f"panel:{number}", "expr": query.replace(
                     "$job", "retentiond")}
                 for number, query in enumerate(queries())]
        self.assertGreater(len(rules), 15)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            # JSON is YAML.
            json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_asks_what_is_described(self):
        described = (MONITORING.parent / "docs" / "metrics.md").read_text()
        for query in queries():
            for name in re.findall(r"\bretentiond_(\w+)", query):
                self.assertRegex(
                    described, rf"\| `{name.removesuffix('_bucket')}[`{{]")


class ScrapeTest(harness.FarmTest):

    def test_asks_only_what_the_daemon_answers(self):
        farm = self.farm
        socket = farm.scratch / "http.sock"
        farm.settings["http"] = {"listen": f"unix:{socket}"}
        farm.write_config()
        farm.use_fixture("render-manager-iso")
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        farm.wait_for_run(daemon)
        daemon.wait_until(
            lambda: "retentiond_last_run_mark" in text(socket), "it is measured")
        measured = text(socket)
        self.assert_stops(daemon)

        done = promtool("check", "metrics", standard_input=measured)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        # The witness of the clock's skew is a server that this farm has not.
        for name in re.findall(r"\b(retentiond_\w+)", RULES.read_text()):
            if name != "retentiond_clock_skew_seconds":
                self.assertIn(f"# TYPE {name} ", measured)

    def test_each_metric_is_described(self):
        described = (MONITORING.parent / "docs" / "metrics.md").read_text()
        source = (MONITORING.parent / "src" / "observe" / "metrics.cc"
                  ).read_text()
        names = re.findall(r'registry,\s*"(\w+)"', source)
        self.assertGreater(len(names), 25)
        for name in names:
            self.assertRegex(described, rf"\| `{name}[`{{]")


def queries():
    """What the panels of the dashboard ask."""
    dashboard = json.loads(
        (MONITORING / "retentiond.dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"]
            for target in panel["targets"]]


def text(socket):
    return Client(socket).ask("/metrics").text


if __name__ == "__main__":
    harness.main()
