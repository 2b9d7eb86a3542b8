"""state_dumps.py: writes tests/data/states/KIND-vN.sql, the state after a night
as the version of $RETENTIOND keeps it. To be run once for each version of the
state's schema, by the commit that brings it; the upgrade test asks for it."""

import pathlib
import sqlite3
import subprocess

import harness
import postgres
import postgres_farm

STATES = harness.TESTS / "data" / "states"
# What belongs to the machine that the night was on.
LEFT_OUT = "root"


def sqlite_dump(database):
    """The state's tables as SQL."""
    with sqlite3.connect(database) as connection:
        names = [name for name, in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
            "name LIKE 'retentiond_%' ORDER BY name")]
        statements = []
        for name in names:
            sql, = connection.execute(
                "SELECT sql FROM sqlite_schema WHERE name = ?",
                (name,)).fetchone()
            statements.append(f"{sql};")
            if name == f"retentiond_{LEFT_OUT}":
                continue
            columns = [column[1] for column in
                       connection.execute(f"PRAGMA table_info({name})")]
            quoted = " || ', ' || ".join(f'quote("{c}")' for c in columns)
            statements += [
                f"INSERT INTO {name} VALUES ({values});" for values, in
                connection.execute(f"SELECT {quoted} FROM {name}")]
    connection.close()
    return "\n".join(statements) + "\n"


def postgres_dump(server, database):
    dump = subprocess.run(
        [postgres.programs() / "pg_dump", "-h", server.directory, "-p",
         str(server.port), "-U", "postgres", "-n", "retentiond", "--inserts",
         "-O", "-x", f"--exclude-table-data=retentiond.{LEFT_OUT}", database],
        check=True, capture_output=True, text=True).stdout
    # What a newer server's tool says and an older one does not take.
    return "".join(
        line + "\n" for line in dump.splitlines()
        if line and not line.startswith(("--", "SET ", "SELECT pg_catalog",
                                         "\\")))


class Night(harness.FarmTest):
    """Not a test: the night that is kept."""

    def live(self):
        self.farm.use_fixture("render-manager-iso")
        self.farm.add_files(8)
        self.night()
        version, = self.farm.query("SELECT value FROM retentiond_meta "
                                   "WHERE key = 'schema_version'")[0]
        write(f"sqlite-v{version}.sql", sqlite_dump(self.farm.database))


class PostgresNight(postgres_farm.PostgresTest):

    def live(self):
        self.farm.use_fixture("render-manager")
        self.farm.add_files(8)
        self.night()
        version, = self.farm.sql("SELECT value FROM retentiond.meta "
                                 "WHERE key = 'schema_version'")[0]
        write(f"postgres-v{version}.sql",
              postgres_dump(self.farm.server, self.farm.name))


def boot_id():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def write(name, dump):
    (STATES / name).write_text(dump.replace(boot_id(), "an earlier boot"))


def main():
    STATES.mkdir(exist_ok=True)
    for night in (Night("live"), PostgresNight("live")):
        night.setUp()
        try:
            night.live()
        finally:
            night.doCleanups()


if __name__ == "__main__":
    main()
