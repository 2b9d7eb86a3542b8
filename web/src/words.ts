// Numbers, times and results as a person reads them. Pure: the time and the
// zone are arguments.

import type { Run, Status } from "./answers";

const separated = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function numberOf(value: number): string {
  return separated.format(value);
}

// "1 job", "2 jobs"
export function counted(value: number, noun: string): string {
  return `${numberOf(value)} ${noun}${value === 1 ? "" : "s"}`;
}

// "1.5 GiB", "312 B", as the commands write it
export function bytesOf(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

// For an axis, where there is little room: "12k", "1.5M"
export function shortNumber(value: number): string {
  const units = ["", "k", "M", "G"];
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit + 1 < units.length) {
    value /= 1000;
    ++unit;
  }
  return `${Number(value.toFixed(value < 10 ? 1 : 0))}${units[unit]}`;
}

// "2 h 05 min", "48 s", "0.4 s"
export function durationOf(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

// "in 5 h 12 min", "in 48 s"; "now" when the time has come
export function countdown(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 0) return "now";
  const days = Math.floor(seconds / 86400);
  if (days > 1) return `in ${days} days`;
  if (seconds < 10) return `in ${seconds} s`;
  return `in ${durationOf(seconds)}`;
}

function formatter(zone: string, options: Intl.DateTimeFormatOptions) {
  // A zone that this browser does not know is shown in UTC, and says so.
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC",
                                              timeZoneName: "short" });
  }
}

// "03:00:04"
export function clockOf(time: string | number, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit",
                           second: "2-digit" }).format(new Date(time));
}

// "03:00 GMT+3"; "03:00" where that is all
export function clockWithOffset(time: string, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit",
                           timeZoneName: "shortOffset" })
    .format(new Date(time)).replace(/ (GMT|UTC)(\+0)?$/, "");
}

// "Sat 27 Mar 2027, 03:00"
export function momentOf(time: string, zone: string): string {
  return formatter(zone, { weekday: "short", day: "numeric", month: "short",
                           year: "numeric", hour: "2-digit",
                           minute: "2-digit" }).format(new Date(time));
}

// The local date, "2027-03-27", at which a clock in the zone stands.
export function dateAt(time: string | number, zone: string): string {
  const parts = formatter(zone, { year: "numeric", month: "2-digit",
                                  day: "2-digit" })
    .formatToParts(new Date(time));
  const part = (type: string) =>
    parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

// "Sat 27 Mar" of "2027-03-27"
export function dayOf(date: string): string {
  return formatter("UTC", { weekday: "short", day: "numeric", month: "short" })
    .format(new Date(`${date}T00:00:00Z`));
}

export function rowsOf(run: Run): number {
  return Object.values(run.rows_deleted).reduce((sum, rows) => sum + rows, 0);
}

// When a run was, beside now: "Last night at 03:00:04".
function whenOf(run: Run, now: string, zone: string): string {
  const clock = clockOf(run.started, zone);
  const age = Date.parse(now) - Date.parse(run.started);
  if (age < 24 * 3600_000) return `Last night at ${clock}`;
  return `On ${dayOf(run.slot)} at ${clock}`;
}

export type Mood = "good" | "attention" | "bad" | "none";

export interface Verdict {
  mood: Mood;
  word: string; // for who does not see the colour
  sentence: string;
}

function leftOf(run: Run): string {
  const left = run.errors.length;
  return left === 1 ? "one thing was left for the next night"
    : `${left === 0 ? "some" : numberOf(left)} things were left for the next night`;
}

function wentOf(run: Run): string {
  return `${counted(run.jobs_deleted, "job")}, ` +
    `${counted(rowsOf(run), "row")} and ${bytesOf(run.bytes_freed)} of files went`;
}

// The last result in words.
export function verdictOf(status: Status): Verdict {
  const run = status.last_run;
  const zone = status.timezone;
  if (run === null) {
    return { mood: "none", word: "New",
             sentence: "No night yet: the first run is on " +
               `${momentOf(status.next.start, zone)}.` };
  }
  const when = whenOf(run, status.now, zone);
  switch (run.outcome) {
    case "success": {
      const slow = run.marks.includes("slow");
      return { mood: slow ? "attention" : "good", word: slow ? "Slow" : "Good",
               sentence: `${when}: ${wentOf(run)}; nothing failed` +
                 (slow ? ", but it took more than three times as long as usual."
                       : ".") };
    }
    case "partial":
      return { mood: "attention", word: "Left over",
               sentence: `${when}: ${wentOf(run)}; ${leftOf(run)}.` };
    case "blocked":
      return { mood: "bad", word: "Blocked",
               sentence: `${when} nothing was deleted: the clock guard does not ` +
                 "believe the clock." };
    case "failed":
      return { mood: "bad", word: "Failed",
               sentence: `${when} the run failed after ` +
                 `${counted(run.jobs_deleted, "job")}.` };
    case "interrupted":
    case null:
      return { mood: "attention", word: "Interrupted",
               sentence: `${when} the run was interrupted after ` +
                 `${counted(run.jobs_deleted, "job")}; it is resumed when the ` +
                 "daemon starts." };
  }
}

const phases: Record<string, string> = {
  survey: "looking at all jobs",
  recover: "finishing what a crash left",
  batches: "deleting jobs",
  orphans: "removing what belongs to no job",
  tidy: "giving space back",
  close: "closing the run's record",
};

export function phaseOf(phase: string): string {
  return phases[phase] ?? phase;
}

// Since when a job is held that should have gone after seven days.
export function heldSince(created: string): string {
  return new Date(Date.parse(created) + 7 * 86400_000).toISOString();
}

// "16 days"
export function ageOf(created: string, now: string): string {
  const days = Math.floor((Date.parse(now) - Date.parse(created)) / 86400_000);
  return counted(days, "day");
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((one) =>
    typeof one === "string" ? one : JSON.stringify(one)) : [];
}

// The facts of an audit record in a line.
export function summaryOf(event: string, facts: Record<string, unknown>): string {
  const number = (name: string) => Number(facts[name] ?? 0);
  const text = (name: string) => String(facts[name] ?? "");
  switch (event) {
    case "batch": {
      const jobs = textsOf(facts["jobs"]);
      const rows = Object.values(
        (facts["rows"] ?? {}) as Record<string, number>)
        .reduce((sum, one) => sum + one, 0);
      const shown = jobs.slice(0, 3).join(", ");
      return `${counted(jobs.length, "job")} and ${counted(rows, "row")} deleted` +
        (shown ? `: ${shown}${jobs.length > 3 ? " …" : ""}` : "");
    }
    case "files": {
      const failed = number("failed");
      return `${counted(number("files"), "file")} removed, ` +
        bytesOf(number("bytes")) +
        (failed > 0 ? `; ${numberOf(failed)} to be tried again` : "");
    }
    case "run-begin":
      return `the night of ${text("slot")} begins` +
        (facts["late"] ? ", late" : "");
    case "run-end":
      return `the night of ${text("slot")} ends: ${text("outcome")}, ` +
        counted(number("jobs_deleted"), "job");
    case "run-blocked":
      return `the night of ${text("slot")} is blocked: ` +
        textsOf(facts["blocked"]).join(", ");
    case "missed":
      return `no run on ${textsOf(facts["slots"]).join(", ")}`;
    case "checkpoint":
      return `${counted(number("records"), "old record")} dropped`;
    default: {
      const line = JSON.stringify(facts);
      return line.length > 160 ? `${line.slice(0, 160)}…` : line;
    }
  }
}
