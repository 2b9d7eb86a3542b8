"""What is packaged fits together: the unit, its dependencies, the containers.

That the package works is seen by tools/check-package, in a bare system.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import docs_test
import harness

ROOT = harness.TESTS.parent
PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "debian" / "retentiond.service"

# `systemd-analyze security`: 0 is best, 10 is none at all. docs/unit.md has
# what makes up the rest.
MOST_EXPOSURE = 2.0


def run(*command):
    return subprocess.run(command, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def verify(directory, drop_in):
    """What systemd has to say against the unit with a drop-in."""
    unit = directory / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/retentiond",
                                             harness.binary()))
    more = directory / f"{UNIT.name}.d" / "more.conf"
    more.parent.mkdir(parents=True)
    more.write_text(drop_in)
    return run("systemd-analyze", "--man=no", "verify", str(unit)).stdout


class UnitTest(unittest.TestCase):

    def analyze(self, *arguments):
        done = run("systemd-analyze", "--no-pager", *arguments)
        self.assertIn("retentiond", done.stdout)
        return done.stdout

    def exposure(self, unit):
        text = self.analyze("security", "--offline=true", str(unit))
        return float(re.search(r"exposure level for .*: ([\d.]+)", text)[1]), {
            re.split(r"\s{2,}", line)[0].removeprefix("✗ ")
            for line in text.splitlines() if line.startswith("✗")}

    def test_leaves_little_open(self):
        exposure, _ = self.exposure(UNIT)
        self.assertLessEqual(exposure, MOST_EXPOSURE)

    def test_what_it_leaves_open_is_explained(self):
        page = (ROOT / "docs" / "unit.md").read_text()
        _, left_open = self.exposure(UNIT)
        self.assertTrue(left_open)
        for each in left_open:
            word = re.sub(r"^(SystemCallFilter|RestrictAddressFamilies)=~",
                          "", each).split("/")[0]
            words = (["AF_INET"] if word.startswith("AF_(INET") else [word])
            for name in words:
                with self.subTest(each):
                    self.assertIn(f"`{name}`", page)

    def test_is_one_that_systemd_knows(self):
        with tempfile.TemporaryDirectory() as scratch:
            self.assertEqual("", verify(pathlib.Path(scratch), ""))

    def test_takes_the_drop_ins_that_the_documents_propose(self):
        tried = 0
        for document in (ROOT / "docs").glob("*.md"):
            for line, text in docs_test.blocks(document, "ini"):
                tried += 1
                with self.subTest(f"{document.name}:{line}"), \
                        tempfile.TemporaryDirectory() as scratch:
                    self.assertEqual("", verify(pathlib.Path(scratch), text))
        self.assertGreaterEqual(tried, 3)

    def test_allows_what_the_clock_guard_and_the_removal_need(self):
        """Each system call that is made outside of libraries' daily work."""
        allowed = set()
        for line in re.findall(r"^SystemCallFilter=(.*)", UNIT.read_text(),
                               re.MULTILINE):
            names = line.removeprefix("~").split()
            for name in list(names):
                if name.startswith("@"):
                    names += self.members(name)
            if line.startswith("~"):
                allowed -= set(names)
            else:
                allowed |= set(names)
        for source in (ROOT / "src").glob("*/*.cc"):
            for call in re.findall(r"\bSYS_(\w+)", source.read_text()):
                if source.name.endswith("_test.cc"):
                    continue
                with self.subTest(f"{source.name}: {call}"):
                    self.assertIn(call, allowed)
        # What libc makes of adjtimex(), and what reads directories and ages.
        for call in ("clock_adjtime", "adjtimex", "statx", "openat2", "flock",
                     "getdents64", "renameat2", "unlinkat", "fsync", "ppoll"):
            self.assertIn(call, allowed)

    def members(self, group):
        names = []
        text = run("systemd-analyze", "--no-pager", "syscall-filter",
                   group).stdout
        for line in text.splitlines()[1:]:
            name = line.strip()
            if name.startswith("@"):
                names += self.members(name)
            elif name and not name.startswith("#"):
                names.append(name)
        return names


class DropInTest(harness.FarmTest):
    """`init --write` beside a farm."""

    def setUp(self):
        super().setUp()
        self.farm.use_fixture("render-manager-iso")
        self.farm.config.unlink()
        self.farm.extra_environment = {
            "DATABASE_URL": f"file:{self.farm.database}",
            "TEMP_DIR": str(self.farm.temp_root)}
        self.drop_in = self.farm.scratch / "unit.d" / "retentiond.conf"

    def init(self):
        done = self.farm.run("init", "--write", "--drop-in",
                             str(self.drop_in))
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stderr

    def test_writes_both_files_once(self):
        told = self.init()
        self.assertIn("ready", told.splitlines())
        self.assertRegex(told, r"\d+ jobs of 300 go")
        before = (self.farm.config.read_text(), self.drop_in.read_text())
        self.assertIn(str(self.farm.temp_root), before[0])
        self.assertIn(f'ReadWritePaths="-{self.farm.temp_root}"', before[1])
        self.assertIn("as it should be", self.init())
        self.assertEqual(
            before, (self.farm.config.read_text(), self.drop_in.read_text()))
        # It works, without the environment.
        self.farm.extra_environment = {}
        self.assertEqual(0, self.farm.run("check").returncode)

    def test_fills_the_file_of_the_package_in_which_nothing_is_set(self):
        shutil.copy(PACKAGING / "retentiond.toml", self.farm.config)
        self.init()
        self.assertIn(str(self.farm.database), self.farm.config.read_text())

    def test_overwrites_nothing_that_a_person_has_written(self):
        mine = f'[files]\ntemp_roots = ["{self.farm.temp_root}"] # mine\n'
        self.farm.config.write_text(mine)
        self.drop_in.parent.mkdir()
        self.drop_in.write_text("[Service]\nUser=mine\n")
        told = self.init()
        self.assertEqual(mine, self.farm.config.read_text())
        self.assertEqual("[Service]\nUser=mine\n", self.drop_in.read_text())
        self.assertEqual(2, told.count(": kept, since"))

    def test_follows_a_root_that_is_added(self):
        self.init()
        self.farm.config.write_text(self.farm.config.read_text().replace(
            "log_roots = []", f'log_roots = ["{self.farm.log_root}"]'))
        self.assertIn("daemon-reload", self.init())
        self.assertIn(str(self.farm.log_root), self.drop_in.read_text())

    def test_makes_a_unit_that_systemd_takes(self):
        self.init()
        units = self.farm.scratch / "units"
        units.mkdir()
        self.assertEqual("", verify(units, self.drop_in.read_text()))

    def test_says_what_it_may_not_write(self):
        self.drop_in = pathlib.Path("/proc/none/retentiond.conf")
        done = self.farm.run("init", "--write", "--drop-in",
                             str(self.drop_in))
        self.assertNotEqual(0, done.returncode)
        self.assertIn("/proc/none/retentiond.conf", done.stderr)

    @harness.needs_root
    def test_names_the_user_of_the_farm(self):
        for path in (self.farm.database, self.farm.temp_root):
            os.chown(path, 54321, 54321)
        self.init()
        self.assertIn("\nUser=54321\n", self.drop_in.read_text())
        self.assertIn('owner = "54321"', self.farm.config.read_text())


class DependenciesTest(unittest.TestCase):

    def test_the_package_is_built_with_what_the_tree_is_built_with(self):
        setup = (ROOT / "tools" / "setup").read_text()
        packages = set(re.search(r'build_packages="([^"]*)"',
                                 setup)[1].split())
        control = (PACKAGING / "debian" / "control").read_text()
        needed = set(re.findall(r"^ ([-+.\w]+)", control.split("\n\n")[0],
                                re.MULTILINE))
        # What every Debian build has, and what only a clone needs.
        self.assertEqual(packages - needed,
                         {"g++", "git", "ca-certificates", "tzdata"})
        self.assertEqual(needed - packages, {"debhelper-compat", "scdoc"})

    def test_everything_that_is_installed_is_there(self):
        for line in (PACKAGING / "debian" / "retentiond.install"
                     ).read_text().splitlines():
            source = line.split()[0]
            if not source.startswith("obj-"):
                with self.subTest(source):
                    self.assertTrue((ROOT / source).exists())

    def test_the_configuration_of_the_package_sets_nothing(self):
        lines = (PACKAGING / "retentiond.toml").read_text().splitlines()
        for line in lines:
            self.assertRegex(line, r"^(#.*|\[\w+\]|)$")

    def test_what_the_configuration_of_the_package_shows_loads(self):
        text = (PACKAGING / "retentiond.toml").read_text()
        shown = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
        # One of the two databases, and no password for a file.
        shown = re.sub(r'^(url = "postgresql:|password_file).*\n', "", shown,
                       flags=re.MULTILINE)
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch) / "r.toml"
            file.write_text(shown)
            done = run(harness.binary(), "next", "--config", str(file))
            self.assertEqual(0, done.returncode, done.stdout)


class ContainersTest(unittest.TestCase):

    def test_kubernetes_runs_one_without_rights(self):
        documents = list(yaml.safe_load_all(
            (PACKAGING / "container" / "kubernetes.yaml").read_text()))
        config, stateful_set = documents
        self.assertEqual(("v1", "ConfigMap"),
                         (config["apiVersion"], config["kind"]))
        self.assertEqual(("apps/v1", "StatefulSet"),
                         (stateful_set["apiVersion"], stateful_set["kind"]))
        spec = stateful_set["spec"]
        pod = spec["template"]["spec"]
        container, = pod["containers"]
        self.assertEqual(1, spec["replicas"])
        self.assertEqual(spec["selector"]["matchLabels"],
                         spec["template"]["metadata"]["labels"])
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(
            {"allowPrivilegeEscalation": False,
             "readOnlyRootFilesystem": True,
             "capabilities": {"drop": ["ALL"]}},
            container["securityContext"])
        # Each mount is a volume of the pod or a claim, and each is mounted.
        volumes = {volume["name"] for volume in pod["volumes"]} | {
            claim["metadata"]["name"]
            for claim in spec["volumeClaimTemplates"]}
        self.assertEqual(volumes, {mount["name"] for mount
                                   in container["volumeMounts"]})
        self.assert_loads(config["data"]["retentiond.toml"])

    def assert_loads(self, text):
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch) / "r.toml"
            file.write_text(text)
            done = run(harness.binary(), "next", "--config", str(file))
            self.assertEqual(0, done.returncode, done.stdout)

    def test_compose_runs_it_without_rights(self):
        compose = yaml.safe_load(
            (PACKAGING / "container" / "compose.yaml").read_text())
        service = compose["services"]["retentiond"]
        self.assertTrue(service["read_only"])
        self.assertEqual(["ALL"], service["cap_drop"])
        self.assertEqual("retentiond", service["hostname"])
        named = [volume.split(":")[0] for volume in service["volumes"]
                 if not volume.startswith("/")]
        self.assertEqual(named, list(compose["volumes"]))

    def test_the_image_runs_the_commands_that_there_are(self):
        recipe = (PACKAGING / "container" / "Containerfile").read_text()
        self.assertRegex(recipe, r"\nUSER retentiond\n")
        for command in re.findall(r'"retentiond", "(\w+)"', recipe) + \
                re.findall(r'^CMD \["(\w+)"\]', recipe, re.MULTILINE):
            self.assertEqual(0, run(harness.binary(), command,
                                    "--help").returncode)


if __name__ == "__main__":
    harness.main()
