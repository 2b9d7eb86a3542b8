"""What README and docs tell people to type does what they say.

Every ```sh block runs as it stands in a shell that stops at the first failure,
beside a farm of its own. Its paths are led into the scratch directory, and what
changes the machine is replaced by a stand-in (STAND_INS says which, and why).
"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import harness
import manual_test

ROOT = harness.TESTS.parent
MANUAL = ROOT / "man" / "retentiond.8.scd"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# Programs that a test must not run, and why. They succeed and do nothing.
STAND_INS = {
    "apt-get": "installs; tools/check-package does it in a bare system",
    "systemctl": "needs systemd as the first process; tools/check-package",
    "journalctl": "reads the machine's journal",
    "make": "is what runs this test; .ci/run",
    "podman": "fetches images",
    "docker": "fetches images",
    "kubectl": "needs a cluster",
    "psql": "needs the server of the example; tests/postgres_*.py",
    "pg_restore": "needs the server of the example",
}
# `sudo` runs what it is given as who we are: the paths are the scratch's.
SUDO = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
  [ "$1" != -u ] || shift
  shift
done
exec "$@"
"""
# Where the documents have things, and where the scratch has them.
PLACES = {
    "/srv/farm/": "farm/",
    "/srv/queue/": "farm/",
    "/srv/backup/": "backup/",
    "/tmp/nexrender": "temp",
    "/etc/retentiond/": "etc/",
    "/etc/prometheus/": "etc/",
    "/usr/share/retentiond/monitoring/": None,  # the tree's own
    "build/release/retentiond": "bin/retentiond",
}


def blocks(document, language):
    """(line number, text) of each fenced block of a language."""
    block, start, indent = None, 0, 0
    for number, line in enumerate(document.read_text().splitlines(), 1):
        fence = re.match(r"( *)```(\w*)", line)
        if fence and block is None:
            block, start, indent = [], number, len(fence[1])
            wanted = fence[2] == language
        elif fence:
            if wanted:
                yield start, "\n".join(block) + "\n"
            block = None
        elif block is not None:
            block.append(line[indent:])


class DocsTest(harness.FarmTest):

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        scratch = self.farm.scratch
        for name in ("farm", "temp/uid7", "temp/.retentiond-trash", "etc", "bin", "backup", "cwd"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        self.farm.database.rename(scratch / "farm" / "dev.db")
        for copy in ("farm/queue.db", "backup/dev.db"):
            shutil.copy(scratch / "farm" / "dev.db", scratch / copy)
        for name in STAND_INS:
            self.make_program(name, "#!/bin/sh\nexit 0\n")
        self.make_program("sudo", SUDO)
        self.make_program("retentiond", f"""#!/bin/sh
            exec {sys.executable} {harness.TESTS}/documented.py \\
              {harness.binary()} {scratch} "$@"
            """)

    def make_program(self, name, text):
        program = self.farm.scratch / "bin" / name
        program.write_text(text)
        program.chmod(0o755)

    def here(self, text):
        """The text with its places led into the scratch."""
        for place, name in PLACES.items():
            text = text.replace(
                place, f"{ROOT}/monitoring/" if name is None
                else f"{self.farm.scratch}/{name}")
        return text

    def run_block(self, text):
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", self.here(text)],
            cwd=self.farm.scratch / "cwd", text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=harness.TIMEOUT_S, env={
                "PATH": f"{self.farm.scratch}/bin:/usr/bin:/bin:/usr/sbin",
                "HOME": str(self.farm.scratch), "TZ": "UTC",
                "USER": "nobody", "TMPDIR": str(self.farm.scratch)})

    def test_every_command_line_does_what_it_says(self):
        ran = 0
        for document in [*DOCUMENTS, MANUAL]:
            for line, text in blocks(document,
                                     "" if document == MANUAL else "sh"):
                with self.subTest(f"{document.relative_to(ROOT)}:{line}"):
                    done = self.run_block(text)
                    ran += 1
                    self.assertEqual(0, done.returncode,
                                     f"{text}\n{done.stdout}")
        self.assertGreater(ran, 10)

    def test_every_configuration_loads(self):
        loaded = 0
        for document in DOCUMENTS:
            for line, text in blocks(document, "toml"):
                with self.subTest(f"{document.relative_to(ROOT)}:{line}"):
                    loaded += 1
                    self.farm.config.write_text(self.here(text))
                    self.farm.extra_environment["DATABASE_URL"] = (
                        "file:/srv/x.db")
                    done = self.farm.run("next", "--count", "1")
                    # A user of the example need not be on this machine.
                    if "there is no user" not in done.stderr:
                        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater(loaded, 0)

    def test_every_command_that_is_named_exists(self):
        commands = manual_test.commands()
        shared = {"--config", "--json", "--help", "--version"}
        named = 0
        for document in DOCUMENTS:
            text = document.read_text()
            for code in re.findall(r"`retentiond ([^`\n]*)`", text):
                words = code.split()
                command = next((" ".join(words[:n]) for n in (2, 1)
                                if " ".join(words[:n]) in commands), None)
                with self.subTest(f"{document.name}: retentiond {code}"):
                    named += 1
                    if not words[0].startswith("-"):
                        self.assertIsNotNone(command)
                    options = {option for each in commands.get(
                        command, commands[""]).options
                        for option in each.names} | shared
                    self.assertLessEqual(
                        set(re.findall(r"(?<!\S)--[-\w]+", code)), options)
        self.assertGreater(named, 15)

    def test_every_link_leads_to_a_file(self):
        for document in [*DOCUMENTS, ROOT / "ARCHITECTURE.md",
                         ROOT / "CONTRIBUTING.md",
                         *(ROOT / "docs" / "decisions").glob("*.md")]:
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)",
                                   document.read_text()):
                if re.match(r"[a-z]+:", link):
                    continue
                with self.subTest(f"{document.relative_to(ROOT)}: {link}"):
                    self.assertTrue((document.parent / link).exists())


if __name__ == "__main__":
    harness.main()
