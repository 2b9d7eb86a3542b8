"""A farm whose database is PostgreSQL."""

import os
import pathlib
import uuid

import harness
import postgres
import trees


class PostgresFarm(harness.Farm):
    """Its database lies on `server`, and goes with the farm."""

    def __init__(self, server, port=postgres.PORT):
        super().__init__()
        self.server = server
        self.name = f"farm_{uuid.uuid4().hex[:12]}"
        self.server.psql("postgres", f"CREATE DATABASE {self.name}")
        self.settings["database"] = {"url": server.url(self.name, port)}
        self.write_config()

    def sql(self, sql):
        """Rows as lists of texts."""
        text = self.server.psql(self.name, sql)
        return [line.split("|") for line in text.splitlines()]

    def use_fixture(self, name):
        self.server.psql(self.name, (
            harness.TESTS / "data" / f"{name}.pg.sql").read_text())
        self._move_outputs("/tmp/nexrender/", "/srv/dropbox/out/")

    def _move_outputs(self, temporary, elsewhere):
        self.sql(f"""UPDATE "Job" SET "outputPath" = replace(replace(
            "outputPath", '{temporary}', '{self.temp_root}/'),
            '{elsewhere}', '{self.outputs}/')""")

    def add_files(self, most=1_000_000):
        for job, uid, output in self.sql(
                f"""SELECT id, "nexrenderConfig"->>'uid', "outputPath"
                    FROM "Job" ORDER BY "createdAt" LIMIT {most}"""):
            directory = self.temp_root / uid
            trees.write(directory / "project.aep", uid.encode() * 100)
            trees.write(directory / "frames" / "f00001.png", b"frame" * 200)
            trees.write(self.log_root / f"{job}.log", b"render log\n")
            trees.write(pathlib.Path(output), f"output of {job}".encode())

    def jobs(self):
        return {job for job, in self.sql('SELECT id FROM "Job"')}

    def expired_jobs(self):
        return {job for job, in self.sql(
            f"""SELECT id FROM "Job" WHERE status IN
                  ('COMPLETED', 'FAILED', 'CANCELLED')
                AND "createdAt" < '{harness.CUTOFF:%Y-%m-%d %H:%M:%S}'""")}

    def environment(self):
        # Nothing of the machine's own settings for PostgreSQL.
        return {**super().environment(), "PGPASSFILE": os.devnull}

    def close(self):
        super().close()
        self.server.psql("postgres",
                         f"DROP DATABASE {self.name} WITH (FORCE)")


class PostgresTest(harness.FarmTest):
    """A scenario beside a PostgreSQL server that all scenarios share."""

    port = postgres.PORT
    farm_type = PostgresFarm

    def setUp(self):
        server = postgres.SharedServer()
        self.addCleanup(server.remove)
        self.farm = self.farm_type(server, self.port)
        self.addCleanup(self.farm.close)
