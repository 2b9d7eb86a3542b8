"""Ways to prove who one is to a server, and no secret in anything written."""

import pathlib
import shutil
import socket
import subprocess

import harness
import postgres
import postgres_farm

CANARY = "c4n4ry-s3cr3t"
HBA = """\
local all postgres trust
local all all scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresAccessTest(harness.FarmTest):

    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Server(
            {"listen_addresses": "127.0.0.1", "ssl": "on",
             "ssl_cert_file": "server.crt", "ssl_key_file": "server.key",
             "password_encryption": "scram-sha-256"}, port=free_port())
        cls.addClassCleanup(cls.server.remove)
        cls.make_certificates()
        (cls.server.data / "pg_hba.conf").write_text(HBA)
        cls.server.start()
        cls.server.psql("postgres", f"""
            CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{CANARY}'""")

    @classmethod
    def make_certificates(cls):
        """An authority, and a server's certificate for localhost."""
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True,
                           capture_output=True, cwd=cls.server.directory)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "99",
                "-subj", "/CN=test authority", "-keyout", "ca.key", "-out",
                "ca.crt")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "99", "-out",
                "server.crt")
        for name, mode in (("server.crt", 0o644), ("server.key", 0o600)):
            shutil.move(cls.server.directory / name, cls.server.data / name)
            cls.server.own(cls.server.data / name, mode)

    def setUp(self):
        self.farm = postgres_farm.PostgresFarm(self.server)
        self.addCleanup(self.farm.close)
        self.farm.use_fixture("render-manager")
        self.farm.extra_environment["PGPASSFILE"] = str(
            self.farm.scratch / "none")

    def use(self, url="", secret="", **settings):
        """By the socket, where nothing else is said; with `secret` in it."""
        host = str(self.server.directory).replace("/", "%2F")
        self.farm.settings["database"] = {
            "url": url or f"postgresql://keeper{secret}@{host}:"
                          f"{self.server.port}/{self.farm.name}", **settings}
        self.farm.write_config()

    def secret_file(self, name, text=CANARY + "\n"):
        file = self.farm.scratch / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
        return file

    def refused(self, code, *named):
        done = self.farm.run("serve")
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        for name in named:
            self.assertIn(name, done.stderr)
        self.assertNotIn(CANARY, done.stdout + done.stderr)

    def plans(self):
        """By this configuration, and by what `init` makes of it."""
        for _ in range(2):
            self.plans_once()
            self.farm.config.write_text(self.farm.run("init").stdout)

    def plans_once(self):
        plan = self.farm.json("plan", "--at", harness.rfc3339(harness.SLOT))
        self.assertEqual(121, plan["jobs"]["to_delete"])

    # --- refused

    def test_a_wrong_password(self):
        self.use(secret=f":{CANARY}-wrong")
        self.refused(harness.EX_NOPERM, "keeper", "database.password_file")

    def test_no_password(self):
        self.use()
        self.refused(harness.EX_NOPERM, "no password supplied", "~/.pgpass")

    def test_an_unknown_database(self):
        self.use(secret=f":{CANARY}")
        url = self.farm.settings["database"]["url"] + "_not"
        self.use(url=url)
        self.refused(harness.EX_UNAVAILABLE, self.farm.name + "_not", "psql -l")

    def test_a_database_without_a_job_table(self):
        self.use(secret=f":{CANARY}")
        self.farm.sql('ALTER TABLE "Job" RENAME TO "Work"')
        self.refused(harness.EX_CONFIG, "jobs.table", "Work")

    def test_no_connection_left_for_the_role_is_waited_for(self):
        role = f"r_{self.farm.name}"
        self.farm.sql(f"""CREATE ROLE {role} LOGIN PASSWORD '{CANARY}'
                          CONNECTION LIMIT 0""")
        self.addCleanup(self.server.psql, "postgres", f"DROP ROLE {role}")
        self.use(secret=f":{CANARY}")
        self.use(url=self.farm.settings["database"]["url"].replace(
            "keeper", role))
        daemon = self.farm.serve()
        daemon.wait_for_log("too many connections")
        daemon.wait_for_log("trying again in 1 s")
        self.assert_stops(daemon)
        self.assertNotIn(CANARY, daemon.log_text())

    # --- accepted

    def test_the_url(self):
        self.use(secret=f":{CANARY}")
        self.plans_once()

    def test_a_password_file(self):
        self.use(password_file=str(self.secret_file("password")))
        self.plans()

    def test_a_credential_of_the_service(self):
        directory = self.secret_file("credentials/db").parent
        self.farm.extra_environment["CREDENTIALS_DIRECTORY"] = str(directory)
        self.use(password_file="db")
        self.plans()

    def test_pgpass(self):
        del self.farm.extra_environment["PGPASSFILE"]
        self.secret_file(".pgpass", f"*:*:*:keeper:{CANARY}\n")
        self.use()
        farm_environment = self.farm.environment

        def environment():
            # The harness turns it off, the home is the scratch directory.
            return {key: value for key, value in farm_environment().items()
                    if key != "PGPASSFILE"}
        self.farm.environment = environment
        self.plans()

    def test_a_service_file(self):
        services = self.secret_file("services.conf", (
            f"[farm]\nhost={self.server.directory}\nport={self.server.port}\n"
            f"dbname={self.farm.name}\nuser=keeper\npassword={CANARY}\n"))
        self.farm.extra_environment["PGSERVICEFILE"] = str(services)
        self.use(url="postgresql:///?service=farm")
        self.plans()

    def use_tls(self, host, authority):
        self.use(url=f"postgresql://keeper:{CANARY}@{host}:{self.server.port}"
                     f"/{self.farm.name}?sslmode=verify-full"
                     f"&sslrootcert={authority}")

    def test_tls_by_an_authority_that_is_known(self):
        self.use_tls("localhost", self.server.directory / "ca.crt")
        self.plans_once()
        # Its proposal keeps the parameters, and not the password.
        proposal = self.farm.run("init").stdout
        self.assertIn("sslmode=verify-full", proposal)
        self.assertNotIn(CANARY, proposal)

    def test_tls_refuses_another_name_and_another_authority(self):
        authority = self.server.directory / "ca.crt"
        self.use_tls("127.0.0.1", authority)
        self.refused(harness.EX_NOPERM, "certificate", "sslrootcert")
        self.use_tls("localhost", self.server.data / "server.crt")
        self.refused(harness.EX_NOPERM, "certificate", "sslrootcert")

    # --- nothing of it anywhere

    def test_the_password_is_in_nothing_that_is_written(self):
        farm = self.farm
        self.use(secret=f":{CANARY}")
        farm.set_clock(harness.EVE)
        daemon = farm.serve()
        command_line = pathlib.Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        farm.wait_for_run(daemon)
        self.assert_stops(daemon)
        written = [command_line.decode(), daemon.log_text()]
        for arguments in (("plan",), ("status",), ("runs",), ("check",),
                          ("init",), ("audit", "list"), ("audit", "verify"),
                          ("why", "x")):
            for more in ((), ("--json",)):
                done = farm.run(*arguments, *more)
                written.append(done.stdout + done.stderr)
        written += [path.read_text(errors="replace")
                    for path in farm.state.rglob("*") if path.is_file()]
        for table, in farm.sql("SELECT tablename FROM pg_tables "
                               "WHERE schemaname = 'retentiond'"):
            written += [str(row) for row in farm.sql(
                f"SELECT t::text FROM retentiond.{table} t")]
            written += [str(farm.sql(f"SELECT encode(convert_to(t::text, "
                                     f"'UTF8'), 'escape') FROM "
                                     f"retentiond.{table} t"))]
        self.assertGreater(len("".join(written)), 10_000)
        self.assertFalse([text for text in written if CANARY in text])
        hexadecimal = CANARY.encode().hex()
        self.assertFalse([text for text in written if hexadecimal in text])


if __name__ == "__main__":
    harness.main()
