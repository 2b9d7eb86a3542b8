import assert from "node:assert/strict";
import { test } from "node:test";

import type { Run } from "./answers";
import { dayAfter, MOST_NIGHTS, nightsOf, wordOf } from "./nights";

function run(slot: string, outcome: Run["outcome"] = "success"): Run {
  return {
    id: 1, slot, started: `${slot}T00:00:00Z`, finished: null, outcome,
    late: false, cutoff: "", timezone: "UTC", jobs_deleted: 0, rows_deleted: {},
    files_deleted: 0, bytes_freed: 0, orphans: 0, held: 0, undatable: 0,
    errors: [], kept: {}, blocked: [], marks: [], tables: [], duration_s: null,
    phases_s: {},
  };
}

function next(slot: string) {
  return { slot, start: "", cutoff: "" };
}

test("the day after", () => {
  assert.equal(dayAfter("2027-02-28"), "2027-03-01");
  assert.equal(dayAfter("2028-02-28"), "2028-02-29");
  assert.equal(dayAfter("2027-12-31"), "2028-01-01");
  assert.equal(dayAfter("2027-03-28", 60), "2027-05-27");
});

test("before the first run there was no night", () => {
  assert.deepEqual(nightsOf([], next("2027-03-28")), []);
});

test("a date without a run was missed, the next one is not", () => {
  const nights = nightsOf([run("2027-03-30"), run("2027-03-27"),
                           run("2027-03-28", "blocked")], next("2027-04-01"));
  assert.deepEqual(nights.map((night) => [night.date, night.kind]), [
    ["2027-03-27", "success"], ["2027-03-28", "blocked"],
    ["2027-03-29", "missed"], ["2027-03-30", "success"],
    ["2027-03-31", "missed"]]);
  assert.equal(nights[2]!.run, null);
});

test("a run of the next slot's date is shown, too", () => {
  const nights = nightsOf([run("2027-03-27"), run("2027-03-28", null)],
                          next("2027-03-28"));
  assert.deepEqual(nights.map((night) => night.kind), ["success", "open"]);
});

test("sixty nights at most, the last ones", () => {
  const runs = Array.from({ length: 75 }, (_, i) =>
    run(dayAfter("2027-01-01", i), i % 2 ? "partial" : "interrupted"));
  const nights = nightsOf(runs, next(dayAfter("2027-01-01", 75)));
  assert.equal(nights.length, MOST_NIGHTS);
  assert.equal(nights[59]!.date, dayAfter("2027-01-01", 74));
  assert.equal(nights[0]!.kind, "partial");
});

test("each kind has a word", () => {
  assert.equal(wordOf("missed"), "missed");
  assert.equal(wordOf("open"), "not ended");
});
