#!/usr/bin/env python3
"""PostgreSQL for tests: a scratch server that nobody has to clean up after.

  postgres.py keep NAME   what a test program starts when it finds no server

The keeper makes a server and a pooler (PgBouncer, in transaction mode) in a
directory of their own and answers on an abstract socket of that name. Whoever
connects is told where they are, once they are ready, and counts as a user for
as long as the connection stands: a test that crashes is one user less. Some
seconds after the last user is gone all is stopped and removed.

As root the server runs as an ordinary user, as it insists on.
"""

import ctypes
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

IDLE_SECONDS = 12
PORT = 5432
POOLER_PORT = 6432
PR_SET_PDEATHSIG = 1

SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "60",
    # Its transactions would pass for those of a live farm.
    "autovacuum": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}


def programs():
    """Where Debian keeps the newest server's programs."""
    versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        sys.exit("postgres.py: no PostgreSQL server is installed")
    return newest.parent


def ordinary_user():
    """The user that the server runs as; none: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return sys.exit("postgres.py: no ordinary user to run the server as")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keeper_name():
    """The name of the shared server's keeper: one for a tree of sources."""
    tree = str(pathlib.Path(__file__).resolve().parent.parent)
    return f"retentiond-pg-{os.getuid()}-{tree[-60:]}"


class Server:
    """A PostgreSQL server in a directory of its own."""

    def __init__(self, settings=None, environment=None, port=PORT):
        self.port = port
        self.user = ordinary_user()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="retentiond-pg-"))
        if self.user:
            os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self.directory.chmod(0o755)
        self.settings = {**SETTINGS, **(settings or {})}
        self.environment = environment or {}
        self.process = None
        self.pooler = None
        self.make_data()

    def make_data(self):
        self.run([programs() / "initdb", "-D", self.data, "-U", "postgres",
                  "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])

    @property
    def data(self):
        return self.directory / "data"

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid,
                "extra_groups": []}

    def run(self, command):
        subprocess.run(command, check=True, cwd=self.directory,
                       stdout=subprocess.DEVNULL, **self.as_user())

    def start(self):
        options = [f"--{key}={value}".replace("'", "")
                   for key, value in self.settings.items()]
        self.process = self.spawn(
            [programs() / "postgres", "-D", self.data, "-p", str(self.port),
             "-k", self.directory, *options], "postgres.log")
        self.wait_ready(self.port)

    def start_pooler(self):
        (self.directory / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host={self.directory} port={self.port} user=postgres\n"
            "[pgbouncer]\n"
            f"unix_socket_dir = {self.directory}\n"
            f"listen_port = {POOLER_PORT}\n"
            "auth_type = any\n"
            "pool_mode = transaction\n"
            "default_pool_size = 5\n"
            "ignore_startup_parameters = extra_float_digits\n")
        self.pooler = self.spawn(["pgbouncer", "-q", "pgbouncer.ini"],
                                 "pgbouncer.log")
        self.wait_ready(POOLER_PORT)

    def spawn(self, command, log):
        with open(self.directory / log, "ab") as output:
            return subprocess.Popen(
                command, cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, preexec_fn=die_with_parent,
                env={**os.environ, "LC_ALL": "C.UTF-8", **self.environment},
                **self.as_user())

    def wait_ready(self, port):
        """Returns when the server answers, however long the machine takes."""
        command = [programs() / "psql", "-h", self.directory, "-p", str(port),
                   "-U", "postgres", "-d", "postgres", "-Atqc", "SELECT 1"]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if subprocess.run(command, capture_output=True,
                              check=False).returncode == 0:
                return
            time.sleep(0.05)
        sys.exit("postgres.py: the server does not start:\n" +
                 (self.directory / "postgres.log").read_text())

    def stop(self, how=signal.SIGQUIT):
        # The pooler takes no notice of SIGQUIT, and has nothing to lose.
        for process, signal_number in ((self.pooler, signal.SIGKILL),
                                       (self.process, how)):
            if process and process.poll() is None:
                process.send_signal(signal_number)
                process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def own(self, file, mode):
        """Makes a file the server's own."""
        if self.user:
            os.chown(file, self.user.pw_uid, self.user.pw_gid)
        file.chmod(mode)

    def url(self, database, port=PORT):
        host = str(self.directory).replace("/", "%2F")
        return f"postgresql://postgres@{host}:{port}/{database}"

    def psql(self, database, sql):
        """The rows of a query as text, columns joined by '|'."""
        answer = subprocess.run(
            [programs() / "psql", "-h", self.directory, "-p", str(self.port),
             "-U", "postgres", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"],
            input=sql, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise AssertionError(answer.stderr)
        return answer.stdout.strip()


class Standby(Server):
    """A streaming replica of a running server, until it is promoted."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__(primary.settings)

    def make_data(self):
        self.run([programs() / "pg_basebackup", "-R", "-X", "stream",
                  "-c", "fast", "-D", self.data, "-h", self.primary.directory,
                  "-p", str(self.primary.port), "-U", "postgres"])

    def promote(self):
        self.psql("postgres", "SELECT pg_promote()")


class SharedServer(Server):
    """The server of the keeper, started where it is not there yet."""

    def __init__(self):  # pylint: disable=super-init-not-called
        end = time.monotonic() + 120
        while True:
            self.connection = socket.socket(socket.AF_UNIX)
            try:
                self.connection.connect("\0" + keeper_name())
                answer = self.connection.recv(512).decode().split()
                if answer:
                    break
            except OSError:
                start_keeper()
            if time.monotonic() > end:
                sys.exit("postgres.py: no server for the tests")
            self.connection.close()
            time.sleep(0.1)
        self.directory = pathlib.Path(answer[0])
        self.port = PORT

    def remove(self):
        self.connection.close()


def start_keeper():
    """Starts a keeper that outlives us."""
    subprocess.run(
        ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh",
         sys.executable, __file__, "keep", keeper_name()], check=True)


def keep(name):
    """Serves the users of a shared server until none is left."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind("\0" + name)
    except OSError:
        return  # another keeper was faster
    listener.listen(64)
    with Server() as server:
        server.start()
        server.start_pooler()
        place = f"{server.directory} {PORT} {POOLER_PORT}\n".encode()
        users = []
        last_seen = time.monotonic()
        while users or time.monotonic() - last_seen < IDLE_SECONDS:
            ready, _, _ = select.select([listener, *users], [], [], 1)
            for one in ready:
                if one is listener:
                    user, _ = listener.accept()
                    user.sendall(place)
                    users.append(user)
                elif not one.recv(64):
                    users.remove(one)
                    one.close()
            if users:
                last_seen = time.monotonic()
        listener.close()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "keep":
        sys.exit(__doc__)
    os.setsid()
    keep(sys.argv[2])
