// The last nights in the order of their dates, with those in which nothing ran.
// Pure.

import type { Run, Status } from "./answers";

export type NightKind =
  "success" | "partial" | "failed" | "blocked" | "missed" | "open";

export interface Night {
  date: string;
  kind: NightKind;
  run: Run | null; // none: missed
}

export const MOST_NIGHTS = 60;

export function dayAfter(date: string, days = 1): string {
  const time = Date.parse(`${date}T00:00:00Z`) + days * 86400_000;
  return new Date(time).toISOString().slice(0, 10);
}

function kindOf(run: Run): NightKind {
  switch (run.outcome) {
    case null:
    case "interrupted":
      return "open";
    default:
      return run.outcome;
  }
}

// `runs` in any order. A date between the first run and the next slot that has
// no run was missed; before the first there was no daemon.
export function nightsOf(runs: Run[], next: Status["next"]): Night[] {
  const byDate = new Map(runs.map((run) => [run.slot, run]));
  const first = [...byDate.keys()].sort()[0];
  if (first === undefined) return [];
  const nights: Night[] = [];
  for (let date = first; date < next.slot; date = dayAfter(date)) {
    const run = byDate.get(date);
    nights.push(run === undefined ? { date, kind: "missed", run: null }
                                  : { date, kind: kindOf(run), run });
  }
  const today = byDate.get(next.slot);
  if (today !== undefined) {
    nights.push({ date: next.slot, kind: kindOf(today), run: today });
  }
  return nights.slice(-MOST_NIGHTS);
}

export function wordOf(kind: NightKind): string {
  return { success: "success", partial: "something left", failed: "failed",
           blocked: "blocked", missed: "missed", open: "not ended" }[kind];
}
