"""What people read about the command line says what --help says.

The manual of the configuration is held to the code by config/manual_test.cc.
"""

import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

ROOT = harness.TESTS.parent
MANUAL = ROOT / "man" / "retentiond.8.scd"
COMPLETIONS = ROOT / "packaging" / "completions"


def load_tool(name):
    """A script of tools/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name,
                                                  str(ROOT / "tools" / name))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


completions = load_tool("completions")


def commands():
    """Every command as --help tells it, by its words: "audit verify"."""
    return {" ".join(command.path): command
            for command in completions.read_commands(harness.binary())}


class ManualTest(unittest.TestCase):

    def setUp(self):
        """The options of the manual by command, "" for the program's own."""
        self.options = {"": {}}
        command = None
        for line in MANUAL.read_text().splitlines():
            heading = re.match(r"(#+) (.*)", line)
            if heading:
                command = heading[2] if heading[1] == "##" else (
                    "" if heading[2] == "OPTIONS" else None)
                if command:
                    command = re.sub(r"( [A-Z|]+| \[.*\])$", "", command)
                    self.options[command] = {}
            elif command is not None and re.match(r"\*-", line):
                names = re.findall(r"\*(-[-\w]+)\*", line)
                value = re.search(r"[ =]_(.*)_\]?$", line)
                for name in names:
                    self.options[command][name] = value[1] if value else ""

    def test_has_every_command_and_option_of_the_help_and_no_other(self):
        told = {}
        for name, command in commands().items():
            if command.commands and name:
                continue  # `audit` alone does nothing
            told[name] = {
                option: each.value for each in command.options
                for option in each.names
                if not name or option not in ("-h", "--help")}
        self.assertEqual(told, self.options)

    def test_has_the_defaults_of_the_help(self):
        manual = " ".join(MANUAL.read_text().split()).replace("_", "")
        defaults = 0
        for command in commands().values():
            for option in command.options:
                if option.default:
                    defaults += 1
                    self.assertIn(f"Default: {option.default}.", manual)
        self.assertGreaterEqual(defaults, 4)

    def test_is_sound(self):
        for page in ("retentiond.8", "retentiond.toml.5"):
            with self.subTest(page), tempfile.NamedTemporaryFile() as made:
                source = (ROOT / "man" / f"{page}.scd").read_bytes()
                made.write(subprocess.run(["scdoc"], input=source, check=True,
                                          capture_output=True).stdout)
                made.flush()
                done = subprocess.run(
                    ["mandoc", "-Tlint", "-Werror", made.name], text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    check=False)
                self.assertEqual((0, ""), (done.returncode, done.stdout))


class CompletionsTest(unittest.TestCase):

    def test_are_those_of_this_help(self):
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([ROOT / "tools" / "completions", harness.binary(),
                            scratch], check=True)
            for made in pathlib.Path(scratch).iterdir():
                with self.subTest(made.name):
                    self.assertEqual(
                        made.read_text(),
                        (COMPLETIONS / made.name).read_text(),
                        "run tools/completions build/release/retentiond")

    def complete(self, *words):
        """What bash offers for the last word."""
        script = f"""source '{COMPLETIONS}/retentiond.bash'
            COMP_WORDS=(retentiond "$@"); COMP_CWORD=$#
            _retentiond retentiond "${{@: -1}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
            printf '%s\\n' "${{COMPREPLY[@]}}" """
        return set(subprocess.run(
            ["bash", "-c", script, "bash", *words], check=True, text=True,
            capture_output=True).stdout.split())

    def test_bash_offers_every_command_and_option(self):
        for name, command in commands().items():
            with self.subTest(name):
                words = set(completions.words(command))
                self.assertLessEqual(words, self.complete(*name.split(), ""))
        self.assertEqual({"plan"}, self.complete("pl"))
        self.assertEqual({"--head", "--help"},
                         self.complete("--json", "audit", "verify", "--he"))

    def test_bash_offers_files_where_one_is_asked_for(self):
        with tempfile.TemporaryDirectory() as scratch:
            file = f"{scratch}/farm.toml"
            pathlib.Path(file).touch()
            self.assertEqual({file}, self.complete("--config", file[:-2]))
            self.assertEqual({"--json"},
                             self.complete("--config", file, "runs", "--js"))
            self.assertIn(file, self.complete("why", file[:-2]))
            self.assertEqual(set(), self.complete("runs", "--limit", ""))

    def test_zsh_and_fish_can_read_theirs(self):
        for shell, name in (("zsh", "_retentiond"), ("fish", "retentiond.fish")):
            if not shutil.which(shell):
                print(f"NOT TESTED: {shell} is not installed")
                continue
            with self.subTest(shell):
                done = subprocess.run([shell, "-n", COMPLETIONS / name],
                                      check=False, text=True,
                                      capture_output=True)
                self.assertEqual((0, ""), (done.returncode, done.stderr))

    @unittest.skipUnless(shutil.which("fish"), "NOT TESTED: no fish")
    def test_fish_offers_every_command_and_option(self):
        with tempfile.TemporaryDirectory() as home:
            for name, command in commands().items():
                for word in command.commands:
                    with self.subTest(f"{name} {word}"):
                        self.assertIn(word, self.fish(home, name, word[:1]))
                for option in command.options:
                    long = option.names[-1]
                    with self.subTest(f"{name} {long}"):
                        self.assertIn(long, self.fish(home, name, long[:3]))

    def fish(self, home, command, begin):
        """The words that fish offers after `command` for one that begins so."""
        script = (f"source {COMPLETIONS}/retentiond.fish; "
                  f"complete -C 'retentiond {command} {begin}'")
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], text=True,
            env={"HOME": home, "PATH": "/usr/bin:/bin"}, check=True,
            capture_output=True)
        return [line.split("\t")[0] for line in done.stdout.splitlines()]


if __name__ == "__main__":
    harness.main()
