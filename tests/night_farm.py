"""A small farm that has one of everything, and what a night leaves of it.

Its slot lies years ahead of the kernel's file times, so that every file of it
is old. One schema serves both databases.
"""

import datetime
import hashlib
import json
import os
import pathlib
import sqlite3

import audit_chain
import harness
import postgres_farm
import trees

SLOT = datetime.datetime(2040, 3, 16, 3, tzinfo=datetime.timezone.utc)
CUTOFF_MS = int((SLOT - datetime.timedelta(days=7)).timestamp() * 1000)
# Before the slot: time for a daemon to start in.
EVE = SLOT - datetime.timedelta(seconds=3)
HOUR_MS = 3_600_000
# A night takes more than one batch, of 100 rows at first.
LOGS = 20

SCHEMA = """
CREATE TABLE "Job"(id varchar(30) PRIMARY KEY, status text NOT NULL,
  "createdAt" bigint NOT NULL, "outputPath" text,
  "nexrenderConfig" {json} NOT NULL);
CREATE TABLE "JobLog"(id integer PRIMARY KEY,
  job varchar(30) NOT NULL REFERENCES "Job" ON DELETE CASCADE, line text);
CREATE TABLE "Frame"(id integer PRIMARY KEY,
  job varchar(30) NOT NULL REFERENCES "Job" ON DELETE CASCADE);
CREATE TABLE "Tile"(id integer PRIMARY KEY,
  frame integer NOT NULL REFERENCES "Frame" ON DELETE CASCADE);
CREATE TABLE "Note"(id integer PRIMARY KEY,
  job varchar(30) REFERENCES "Job" ON DELETE SET NULL);
CREATE TABLE "Invoice"(id integer PRIMARY KEY,
  job varchar(30) NOT NULL REFERENCES "Job" ON DELETE RESTRICT);
CREATE INDEX log_job ON "JobLog"(job);
CREATE INDEX frame_job ON "Frame"(job);
CREATE INDEX tile_frame ON "Tile"(frame);
"""

# id: state, age before the cutoff in hours, name of its directory, output.
JOBS = {
    "plain": ("COMPLETED", 50, "uid-plain", None),
    "failed": ("FAILED", 40, "uid-failed", "elsewhere/failed.mp4"),
    "original": ("CANCELLED", 30, "uid-shared", None),
    "inside": ("COMPLETED", 20, "uid-inside", "temp/uid-inside/result.mp4"),
    "linked": ("COMPLETED", 10, "uid-linked", "temp/films/linked.mp4"),
    "noted": ("COMPLETED", 5, "uid-noted", None),
    "edge": ("COMPLETED", 1, "uid-edge", None),
    "invoiced": ("COMPLETED", 8, "uid-invoiced", None),
    "working": ("RENDERING", 90, "uid-working", None),
    "young": ("COMPLETED", -1, "uid-young", "temp/films/young.mp4"),
    "retry": ("COMPLETED", -24, "uid-shared", None),
    "queued": ("QUEUED", -48, "uid-queued", None),
}
EXPIRED = ("plain", "failed", "original", "inside", "linked", "noted", "edge")


class NightFarm:
    """What both kinds have in common; `raw_rows` and `execute` are theirs."""

    def fill(self):
        self.execute(self.make_rows())
        for number, (job, (_, _, uid, output)) in enumerate(JOBS.items()):
            directory = self.temp_root / uid
            trees.write(directory / "frames" / "f1.png", b"frame" * number)
            trees.write(directory / "project.aep", uid.encode())
            trees.write(self.log_root / f"{job}.log", b"render log\n")
            if output:
                trees.write(self.path_of(output), f"film of {job}".encode())
        os.link(self.path_of("temp/films/linked.mp4"),
                self.temp_root / "uid-linked" / "preview.mp4")
        trees.write(self.temp_root / "orphan" / "deep" / "frame.png", b"old")
        trees.write(self.temp_root / "orphan-2" / "frame.png", b"old")
        trees.write(self.temp_root / "orphan-2" / "result.mp4", b"a film")

    def path_of(self, output):
        top, rest = output.split("/", 1)
        return {"temp": self.temp_root, "elsewhere": self.outputs}[top] / rest

    def make_rows(self):
        sql = SCHEMA.replace("{json}", self.json_type)
        for number, (job, (state, hours, uid, output)) in enumerate(
                JOBS.items()):
            path = f"'{self.path_of(output)}'" if output else "NULL"
            config = json.dumps({"uid": uid})
            sql += (f"""INSERT INTO "Job" VALUES('{job}', '{state}',
                    {CUTOFF_MS - hours * HOUR_MS}, {path}, '{config}');
                INSERT INTO "Frame" VALUES({number}, '{job}');
                INSERT INTO "Tile" VALUES({number}, {number});""")
            sql += 'INSERT INTO "JobLog" VALUES' + ",".join(
                f"({number * LOGS + line}, '{job}', 'line {line}')"
                for line in range(LOGS)) + ";"
        return sql + """INSERT INTO "Note" VALUES(1, 'noted'), (2, 'young');
            INSERT INTO "Invoice" VALUES(1, 'invoiced');"""

    def end(self):
        """All of a farm that a night, however it went, has to leave alike.

        Not the lease: what a dead process holds is anybody's.
        """
        end = {table: self.rows(f'SELECT * FROM "{table}" ORDER BY id')
               for table in ("Job", "JobLog", "Frame", "Tile", "Note",
                             "Invoice")}
        end["shield"] = self.rows(
            f"SELECT path, absent_nights FROM {self.state_}shield "
            "ORDER BY path")
        end["pending"] = self.rows(f"SELECT name FROM {self.state_}pending")
        end["runs"] = self.rows(
            "SELECT slot, outcome, jobs_total, jobs_deleted, expired, held, "
            f"undatable, errors FROM {self.state_}run ORDER BY slot")
        end["rows deleted"] = self.rows(
            f"SELECT table_name, rows FROM {self.state_}run_table "
            "ORDER BY table_name")
        end["files"] = self.tree()
        return end

    def rows(self, sql):
        """Rows without any path of this farm's own."""
        return [tuple(value.replace(str(self.scratch), "")
                      if isinstance(value, str) else value for value in row)
                for row in self.raw_rows(sql)]

    @staticmethod
    def plain(value):
        """Bytes as text."""
        if isinstance(value, str) and value.startswith("\\x"):
            value = bytes.fromhex(value[2:])
        if isinstance(value, bytes):
            return value.decode()
        return json.dumps(value) if isinstance(value, dict) else value

    def audit(self):
        return self.raw_rows("SELECT seq, time_us, run, event, previous, hash, "
                             f"facts FROM {self.state_}audit ORDER BY seq")

    def tree(self):
        """What is below the roots, but for the root's id, which is random."""
        found = {}
        for root in (self.temp_root, self.log_root):
            for path in root.rglob("*"):
                if path.name == "id":
                    continue
                found[os.fspath(path.relative_to(self.scratch))] = (
                    "a directory" if path.is_dir() else
                    hashlib.sha256(path.read_bytes()).hexdigest())
        return found

    def jobs(self):
        return {row[0] for row in self.rows('SELECT id FROM "Job"')}

    def audit_problems(self):
        """What is wrong with the audit; each job that is gone is in it once."""
        records = self.audit()
        yield from audit_chain.problems(records)
        audited = [job for _, _, _, event, _, _, facts in records
                   if event == "batch" for job in json.loads(facts)["jobs"]]
        gone = sorted(JOBS.keys() - self.jobs())
        if sorted(audited) != gone:
            yield f"audited are {sorted(audited)}, gone are {gone}"


class SqliteNightFarm(NightFarm, harness.Farm):
    json_type = "text"
    state_ = "retentiond_"

    def __init__(self, journal_mode):
        super().__init__()
        self.journal_mode = journal_mode
        self.fill()

    def execute(self, sql):
        with sqlite3.connect(self.database) as connection:
            connection.execute(f"PRAGMA journal_mode = {self.journal_mode}")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(sql)
        connection.close()

    def raw_rows(self, sql):
        return [tuple(self.plain(value) for value in row)
                for row in self.query(sql)]

    def is_sound(self):
        return (self.query("PRAGMA integrity_check") == [("ok",)] and
                self.query("PRAGMA foreign_key_check") == [])


class PostgresNightFarm(NightFarm, postgres_farm.PostgresFarm):
    json_type = "jsonb"
    state_ = "retentiond."

    def __init__(self, server):
        super().__init__(server)
        self.fill()

    def execute(self, sql):
        self.sql(sql)

    def raw_rows(self, sql):
        text = self.server.psql(self.name, f"""
            SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM ({sql}) t""")
        return [tuple(self.plain(value) for value in row.values())
                for row in json.loads(text)]

    def is_sound(self):
        return True  # its constraints are always checked
