"""A Chromium that looks at the page: tests/browser/driver.mjs does the work."""

import json
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SHOTS = HERE.parent / "build" / "screenshots"


class Browser:
    """One window at a time. Each method waits for what it asks."""

    def __init__(self):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [shutil.which("node"), HERE / "browser" / "driver.mjs"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __getattr__(self, name):
        def command(*arguments):
            self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the browser ended at {name}")
            answer = json.loads(line)
            if "error" in answer:
                raise AssertionError(
                    f"{name} {arguments}: {answer['error']}")
            return answer["value"]
        return command

    def look(self, url, width=1280, height=800, dark=False, password=None):
        """Opens the page anew; the status of its answer."""
        return self.open(url, {"width": width, "height": height, "dark": dark,
                               "password": password})

    def picture(self, name, whole=True):
        self.shot(str(SHOTS / f"{name}.png"), whole)
