import assert from "node:assert/strict";
import { test } from "node:test";

import type { Run, Status } from "./answers";
import { ageOf, bytesOf, clockOf, clockWithOffset, countdown, counted, dateAt,
         dayOf, durationOf, heldSince, momentOf, shortNumber, summaryOf,
         verdictOf } from "./words";

const RUN: Run = {
  id: 7, slot: "2027-03-28", started: "2027-03-28T01:00:04Z",
  finished: "2027-03-28T01:01:34Z", outcome: "success", late: false,
  cutoff: "2027-03-21T01:00:00Z", timezone: "Europe/Helsinki",
  jobs_deleted: 121, rows_deleted: { Job: 121, JobLog: 4191 },
  files_deleted: 900, bytes_freed: 19541914419, orphans: 0, held: 2,
  undatable: 0, errors: [], kept: {}, blocked: [], marks: [], tables: [],
  duration_s: 90, phases_s: {},
};

function status(run: Run | null, now = "2027-03-28T09:00:00Z"): Status {
  return {
    state: "idle", reason: "", now, timezone: "Europe/Helsinki",
    next: { slot: "2027-03-29", start: "2027-03-29T00:00:00Z",
            cutoff: "2027-03-22T01:00:00Z" },
    last_run: run, lease: null, progress: null,
    database: { kind: "sqlite", size_bytes: 1, reclaimable_bytes: 0 },
  };
}

test("numbers are written as the commands write them", () => {
  assert.equal(counted(1, "job"), "1 job");
  assert.equal(counted(4312, "row"), "4,312 rows");
  assert.equal(counted(0, "row"), "0 rows");
  assert.equal(bytesOf(0), "0 B");
  assert.equal(bytesOf(1023), "1023 B");
  assert.equal(bytesOf(1024), "1.0 KiB");
  assert.equal(bytesOf(19541914419), "18.2 GiB");
  assert.equal(bytesOf(2 ** 52), "4096.0 TiB");
  assert.equal(shortNumber(0), "0");
  assert.equal(shortNumber(999), "999");
  assert.equal(shortNumber(1500), "1.5k");
  assert.equal(shortNumber(120_000), "120k");
  assert.equal(shortNumber(2_000_000), "2M");
});

test("durations", () => {
  assert.equal(durationOf(0.44), "0.4 s");
  assert.equal(durationOf(48), "48 s");
  assert.equal(durationOf(59.6), "1 min 00 s");
  assert.equal(durationOf(3599), "59 min 59 s");
  assert.equal(durationOf(7500), "2 h 05 min");
  assert.equal(countdown(0), "now");
  assert.equal(countdown(-5), "now");
  assert.equal(countdown(1), "in 1 s");
  assert.equal(countdown(59_000), "in 59 s");
  assert.equal(countdown(5 * 3600_000 + 12 * 60_000), "in 5 h 12 min");
  assert.equal(countdown(3 * 86400_000), "in 3 days");
});

test("times are those of the farm's zone, over its change of clocks", () => {
  const helsinki = "Europe/Helsinki";
  assert.equal(clockOf("2027-03-28T00:59:59Z", helsinki), "02:59:59");
  assert.equal(clockOf("2027-03-28T01:00:00Z", helsinki), "04:00:00");
  assert.equal(clockWithOffset("2027-03-29T00:00:00Z", helsinki),
               "03:00 GMT+3");
  assert.equal(clockWithOffset("2027-03-29T00:00:00Z", "UTC"), "00:00");
  assert.equal(dateAt("2027-03-27T21:59:59Z", helsinki), "2027-03-27");
  assert.equal(dateAt("2027-03-27T22:00:00Z", helsinki), "2027-03-28");
  assert.equal(dayOf("2027-03-28"), "Sun 28 Mar");
  assert.match(momentOf("2027-03-29T00:00:00Z", helsinki),
               /Mon,? 29 Mar 2027,? (at )?03:00/);
});

test("a zone that the browser does not know is shown in UTC", () => {
  assert.match(clockOf("2027-03-28T01:00:00Z", "Mars/Olympus"),
               /01:00:00.*UTC/);
});

test("the last result in words", () => {
  assert.equal(verdictOf(status(RUN)).sentence,
    "Last night at 04:00:04: 121 jobs, 4,312 rows and 18.2 GiB of files went; " +
    "nothing failed.");
  assert.equal(verdictOf(status(RUN)).mood, "good");
  const later = verdictOf(status(RUN, "2027-03-29T01:00:04Z"));
  assert.match(later.sentence, /^On Sun 28 Mar at 04:00:04: /);
  assert.match(verdictOf(status(null)).sentence, /^No night yet: the first run/);
});

test("a result that is not simply good says what it is", () => {
  const of = (change: Partial<Run>) => verdictOf(status({ ...RUN, ...change }));
  assert.deepEqual(of({ marks: ["slow"] }).word, "Slow");
  assert.match(of({ outcome: "partial", errors: ["x"] }).sentence,
               /one thing was left for the next night/);
  assert.match(of({ outcome: "partial", errors: ["x", "y"] }).sentence,
               /2 things were left/);
  assert.match(of({ outcome: "partial" }).sentence, /some things were left/);
  assert.match(of({ outcome: "blocked" }).sentence, /nothing was deleted/);
  assert.equal(of({ outcome: "blocked" }).mood, "bad");
  assert.match(of({ outcome: "failed" }).sentence, /failed after 121 jobs/);
  assert.match(of({ outcome: "interrupted" }).sentence, /is resumed when/);
  assert.match(of({ outcome: null }).sentence, /was interrupted/);
});

test("since when a job is held", () => {
  assert.equal(heldSince("2027-03-01T12:00:00Z"), "2027-03-08T12:00:00.000Z");
  assert.equal(ageOf("2027-03-01T12:00:00Z", "2027-03-17T11:59:59Z"), "15 days");
  assert.equal(ageOf("2027-03-01T12:00:00Z", "2027-03-02T12:00:00Z"), "1 day");
});

test("each kind of audit record has a sentence", () => {
  assert.equal(summaryOf("batch", { jobs: ["a", "b", "c", "d"],
                                    rows: { Job: 4, Log: 9 } }),
               "4 jobs and 13 rows deleted: a, b, c …");
  assert.equal(summaryOf("batch", { jobs: [{ escaped: "\\xff" }] }),
               '1 job and 0 rows deleted: {"escaped":"\\\\xff"}');
  assert.equal(summaryOf("files", { files: 3, bytes: 2048, failed: 1 }),
               "3 files removed, 2.0 KiB; 1 to be tried again");
  assert.equal(summaryOf("run-begin", { slot: "2027-03-28", late: true }),
               "the night of 2027-03-28 begins, late");
  assert.equal(summaryOf("run-end", { slot: "2027-03-28", outcome: "success",
                                      jobs_deleted: 1 }),
               "the night of 2027-03-28 ends: success, 1 job");
  assert.equal(summaryOf("run-blocked", { slot: "2027-03-28",
                                          blocked: ["clock-ahead"] }),
               "the night of 2027-03-28 is blocked: clock-ahead");
  assert.equal(summaryOf("missed", { slots: ["2027-03-28", "2027-03-29"] }),
               "no run on 2027-03-28, 2027-03-29");
  assert.equal(summaryOf("checkpoint", { records: 1200 }),
               "1,200 old records dropped");
  assert.equal(summaryOf("zone-data", { version: "2027a" }),
               '{"version":"2027a"}');
  assert.equal(summaryOf("x", { text: "y".repeat(500) }).length, 161);
});
