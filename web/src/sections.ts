// What each part of the page shows of what the daemon answered.

import type { Checks, Plan, Progress, Status } from "./answers";
import { copyButton, el, fill, table } from "./dom";
import { wordOf, type Night } from "./nights";
import { ageOf, bytesOf, clockOf, clockWithOffset, countdown, counted, dateAt,
         dayOf, durationOf, heldSince, momentOf, numberOf, phaseOf, rowsOf,
         verdictOf, type Mood } from "./words";

function mark(mood: Mood | "", word: string): HTMLElement {
  return el("span", { class: `mark ${mood}` }, word);
}

export function showVerdict(status: Status, nights: Night[]): void {
  const verdict = verdictOf(status);
  const run = status.last_run;
  const missed = nights.slice(-7).filter((night) => night.kind === "missed");
  const notes = [
    ...(run?.errors ?? []).slice(0, 3),
    ...(run !== null && run.errors.length > 3
      ? [`and ${numberOf(run.errors.length - 3)} more, in the table below`] : []),
    ...(status.state === "blocked" ? [status.reason] : []),
    ...(missed.length > 0
      ? [`No run in the last seven nights on ${missed.map((night) =>
          dayOf(night.date)).join(", ")}.`] : []),
  ];
  fill("verdict",
    el("p", { class: "sentence" }, mark(verdict.mood, verdict.word),
       verdict.sentence),
    run !== null && el("p", { class: "note" },
      [run.late ? "made up late" : "",
       run.duration_s !== null ? `took ${durationOf(run.duration_s)}` : "",
       `${counted(run.files_deleted, "file")} removed`,
       `${counted(run.held, "job")} held`,
       run.undatable > 0 ? `${numberOf(run.undatable)} undatable` : "",
      ].filter(Boolean).join(" · ")),
    notes.length > 0 && el("ul", {}, ...notes.map((note) =>
      el("li", {}, note))));
}

export function showNext(status: Status, now: number): void {
  const { next, timezone } = status;
  fill("next",
    el("p", { class: "countdown", role: "timer" },
       countdown(Date.parse(next.start) - now)),
    el("p", {}, el("time", { datetime: next.start },
       `${dayOf(dateAt(next.start, timezone))}, ` +
       clockWithOffset(next.start, timezone)), `, ${timezone}`),
    el("p", { class: "note" }, "Takes what was created before ",
       el("time", { datetime: next.cutoff }, momentOf(next.cutoff, timezone))));
}

export function showFarm(status: Status): void {
  const database = status.database;
  fill("farm", `${database.kind === "sqlite" ? "SQLite" : "PostgreSQL"}, ` +
    `${bytesOf(database.size_bytes)} · ${status.timezone}` +
    (status.lease ? ` · led by ${status.lease.holder}` : ""));
  const share = database.size_bytes > 0
    ? database.reclaimable_bytes / database.size_bytes : 0;
  const free = el("i");
  free.style.width = `${(share * 100).toFixed(1)}%`;
  fill("database",
    el("dl", { class: "facts" },
      el("div", {}, el("dt", {}, "Size now"),
         el("dd", {}, bytesOf(database.size_bytes))),
      el("div", {}, el("dt", {}, "of which reclaimable"),
         el("dd", {}, `${bytesOf(database.reclaimable_bytes)} ` +
                      `(${(share * 100).toFixed(0)} %)`))),
    el("div", { class: "meter", "aria-hidden": "true" }, free));
}

function fact(name: string, value: string): HTMLElement {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

export function liveBody(progress: Progress): Node[] {
  const { jobs_deleted: done, expired } = progress;
  const bar = el("progress", { max: String(Math.max(expired, 1)),
                               value: String(Math.min(done, expired)),
                               "aria-label": "Jobs deleted" });
  const facts = el("dl", { class: "facts" },
    fact("Now", phaseOf(progress.phase)),
    fact("Jobs", `${numberOf(done)} of ${numberOf(expired)}`),
    ...(progress.rows_deleted === undefined ? []
        : [fact("Rows", numberOf(progress.rows_deleted))]),
    fact("Files", `${numberOf(progress.files_deleted)}, ` +
                  bytesOf(progress.bytes_freed)),
    fact("Pace", (progress.pace || "full speed") +
      (progress.pause_ms ? `, pauses of ${progress.pause_ms} ms` : "")));
  return [bar, facts];
}

export function showTonight(plan: Plan): void {
  const lines = el("dl", { class: "lines" });
  const line = (name: string, value: string, kind = "") => {
    const attributes = kind ? { class: kind } : {};
    lines.append(el("dt", attributes, name), el("dd", attributes, value));
  };
  line("Jobs", `${numberOf(plan.jobs.to_delete)} of ` +
       numberOf(plan.jobs.total), "strong");
  for (const one of plan.dependents) {
    line(`rows of ${one.table}` + (one.indexed ? "" : " (no index)"),
         numberOf(one.rows), "sub");
  }
  line("Files", numberOf(plan.files.files), "strong");
  line("freed on disk", bytesOf(plan.files.bytes), "sub");
  line("job directories", numberOf(plan.files.job_directories), "sub");
  line("entries of no job", numberOf(plan.files.orphans), "sub");
  line("Held jobs", numberOf(plan.jobs.held));
  if (plan.jobs.undatable > 0) {
    line("Undatable jobs", numberOf(plan.jobs.undatable));
  }
  line("Outputs kept below the roots", numberOf(plan.files.shielded));
  fill("tonight", lines,
    ...plan.blocked.map((why) => el("p", { class: "note bad" },
                                    `Would be blocked now: ${why}`)),
    ...plan.notes.map((note) => el("p", { class: "note" }, note)));
}

export function showHeld(plan: Plan, status: Status): void {
  const { held_jobs: jobs } = plan;
  if (jobs.length === 0) {
    fill("held", el("p", { class: "muted" },
      "None: every job that is old enough can go."));
    return;
  }
  const zone = status.timezone;
  const more = plan.jobs.held - jobs.length;
  fill("held",
    table("Table of held jobs", ["Job", "Why", "Held since"], jobs.map((job) => [
      el("code", {}, job.id),
      job.state === null ? job.reason : `still ${job.state}`,
      job.created === null ? "–"
        : el("time", { datetime: heldSince(job.created) },
             `${dayOf(dateAt(heldSince(job.created), zone))}, ` +
             `${ageOf(job.created, status.now)} old`),
    ])),
    more > 0 && el("p", { class: "note" }, `and ${numberOf(more)} more`));
}

export function showFindings(checks: Checks): void {
  const moods: Record<string, Mood> = { error: "bad", warning: "attention",
                                        info: "none" };
  if (checks.findings.length === 0) {
    fill("findings", el("p", {}, mark("good", "Good"), " Nothing stands in " +
      "the way of a safe, quick cleanup."));
    return;
  }
  fill("findings", el("ul", {}, ...checks.findings.map((finding) =>
    el("li", {},
      el("p", {}, mark(moods[finding.level] ?? "none", finding.level),
         el("code", {}, finding.code),
         finding.table ? ` ${finding.table}` +
           (finding.column ? `.${finding.column}` : "") : "",
         el("br"), finding.message),
      finding.fix && el("div", { class: "fix" }, el("code", {}, finding.fix),
                        copyButton(finding.fix, `what mends ${finding.code}`))))));
}

export function showNightTable(nights: Night[], zone: string): void {
  if (nights.length === 0) return;
  const heads = ["Night", "Result", "Began", "Took", "Jobs", "Rows", "Files",
                 "Freed", "Held", "Notes"];
  const rows = [...nights].reverse().map(({ date, kind, run }) => {
    if (run === null) {
      return [dayOf(date), wordOf(kind), "–", "–", "–", "–", "–", "–", "–",
              "nothing ran"];
    }
    const notes = [run.late ? "late" : "", ...run.marks, ...run.blocked,
                   ...run.errors].filter(Boolean).join("; ");
    return [dayOf(date), wordOf(kind), clockOf(run.started, zone),
            run.duration_s === null ? "–" : durationOf(run.duration_s),
            numberOf(run.jobs_deleted), numberOf(rowsOf(run)),
            numberOf(run.files_deleted), bytesOf(run.bytes_freed),
            numberOf(run.held), notes];
  });
  fill("night-table", table("The nights, newest first", heads, rows,
                            [3, 4, 5, 6, 7, 8]));
}

// A part that cannot be shown now, and why.
export function showTrouble(id: string, message: string): void {
  fill(id, el("p", { class: "note" }, message));
}
