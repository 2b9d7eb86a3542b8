"""`demo --serve`: ten nights on the page, at every width, light and dark.

The pictures lie in build/screenshots afterwards; docs/page.png is one of them.
"""

import signal

import harness
from browser import Browser
from daemon import Daemon
from http_client import free_port

WIDTHS = {390: 844, 1280: 800, 1920: 1080}

# Ten nights by an instrumented binary, on a machine that does other things.
PATIENCE_S = 240


class DemoPageTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.browser = Browser()
        self.addCleanup(self.browser.close)

    def serve_demo(self, port):
        demo = Daemon([harness.binary(), "demo", f"--serve={port}"],
                      {**self.farm.environment(),
                       "TMPDIR": str(self.farm.scratch)})
        self.farm.daemons.append(demo)
        demo.wait_until(
            lambda: f"http://127.0.0.1:{port}" in demo.log_text(),
            "it serves its page", PATIENCE_S)
        return demo

    def test_shows_ten_nights_and_lives_through_the_eleventh(self):
        port = free_port()
        demo = self.serve_demo(port)
        url = f"http://127.0.0.1:{port}/"
        browser = self.browser
        for dark in (False, True):
            for width, height in WIDTHS.items():
                name = f"demo-{width}-{'dark' if dark else 'light'}"
                with self.subTest(name):
                    browser.look(url, width, height, dark)
                    browser.settled()
                    browser.wait("#verdict", r"[\d,]+ jobs, [\d,]+ rows")
                    browser.picture(name)
                    self.assertEqual([], browser.violations())
                    self.assertLessEqual(browser.overflow(), 0)
                    self.assertEqual([], browser.errors())
        self.assertIn("still RENDERING", browser.text("#held"))
        browser.wait("#nights-title", "last 11 nights", PATIENCE_S * 1000)
        browser.wait("#state", "waiting for the next run")
        self.assertEqual(11, browser.count("#night-table tbody tr"))
        # A look that a run has ended is told of by the browser, too.
        self.assertEqual([], [error for error in browser.errors()
                              if "503" not in error])
        demo.process.send_signal(signal.SIGINT)
        self.assertEqual(0, demo.wait(), demo.log_text())
        self.assertEqual([], list(self.farm.scratch.glob("retentiond-demo*")))

    def test_says_that_the_port_is_taken(self):
        self.farm.settings["http"] = {"listen": f"127.0.0.1:{free_port()}"}
        self.farm.write_config()
        port = int(self.farm.settings["http"]["listen"].rsplit(":", 1)[1])
        self.farm.use_fixture("render-manager-iso")
        self.farm.set_clock(harness.SLOT.replace(hour=12))
        daemon = self.farm.serve()
        daemon.wait_for_idle()
        done = self.farm.run("demo", f"--serve={port}")
        self.assertEqual(harness.EX_UNAVAILABLE, done.returncode)
        self.assertIn("--serve=PORT takes another port", done.stderr)
        self.assertEqual("", done.stdout)
        self.assert_stops(daemon)


if __name__ == "__main__":
    harness.main()
