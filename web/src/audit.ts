// The audit: the chain's verdict, the newest records, and a search that goes
// back as far as it has to.

import type { AuditRecord, ChainVerdict } from "./answers";
import { askLines } from "./ask";
import { byId, copyButton, el, fill, table } from "./dom";
import { counted, momentOf, numberOf, summaryOf } from "./words";

const PAGE = 50;
const STRETCH = 1000; // what the daemon gives at once
const MOST_FOUND = 200;

let records: AuditRecord[] = []; // what is shown, newest first
let before = 0; // the record before which nothing was read yet
let words = "";
let zone = "UTC";
let turn = 0; // of the search that counts: a newer one ends the older

// The records from..to, oldest first; the daemon may give them in several
// answers.
async function read(from: number, to: number): Promise<AuditRecord[]> {
  const all: AuditRecord[] = [];
  while (from <= to) {
    const limit = Math.min(to - from + 1, STRETCH);
    const some = await askLines<AuditRecord>(
      `/api/v1/audit?from=${from}&limit=${limit}`);
    const last = some[some.length - 1];
    if (last === undefined) break; // dropped records are not there
    all.push(...some.filter((record) => record.seq <= to));
    from = last.seq + 1;
  }
  return all;
}

function matches(record: AuditRecord): boolean {
  const text = `${record.seq} ${record.time} ${momentOf(record.time, zone)} ` +
    `${record.event} ${JSON.stringify(record.facts)} ${record.hash}`;
  const lower = text.toLowerCase();
  return words.split(/\s+/).every((word) => lower.includes(word));
}

function row(record: AuditRecord): (Node | string)[] {
  const raw = el("details", {}, el("summary", {}, "as stored"));
  raw.addEventListener("toggle", () => {
    if (raw.open && raw.childElementCount === 1) {
      raw.append(el("pre", {}, el("code", {},
        JSON.stringify(record, null, 1))));
    }
  });
  return [numberOf(record.seq),
          el("time", { datetime: record.time }, momentOf(record.time, zone)),
          record.event,
          el("div", { class: "what" },
             el("span", {}, summaryOf(record.event, record.facts)), raw)];
}

function show(): void {
  byId("records").removeAttribute("aria-busy");
  byId("records").replaceChildren(records.length === 0
    ? el("p", { class: "muted" }, words ? "No record has that."
                                        : "No record yet.")
    : table("Audit records, newest first", ["#", "When", "Event", "What"],
            records.map(row), [0]));
  byId("older").hidden = before <= 1;
}

// Goes back from `before` until enough records are there.
async function goBack(most: number): Promise<void> {
  const stretch = words ? STRETCH : PAGE;
  const wanted = records.length + most;
  const mine = turn;
  while (before > 1 && records.length < wanted) {
    const from = Math.max(before - stretch, 1);
    const some = await read(from, before - 1);
    if (mine !== turn) return;
    before = some.length === 0 ? 1 : from;
    records.push(...some.reverse().filter(matches));
    if (words) {
      byId("found").textContent = before > 1
        ? `Searching: ${counted(records.length, "record")} so far …` : "";
    }
  }
  if (words) {
    byId("found").textContent = `${counted(records.length, "record")} found` +
      (before > 1 ? "; there may be older ones." : ".");
  }
  show();
}

async function begin(): Promise<void> {
  const mine = ++turn;
  const newest = await askLines<AuditRecord>("/api/v1/audit?last=1");
  if (mine !== turn) return;
  records = [];
  before = (newest[newest.length - 1]?.seq ?? 0) + 1;
  await goBack(words ? MOST_FOUND : PAGE);
}

function guarded(work: () => Promise<void>): () => void {
  return () => {
    work().catch((error: Error) => {
      byId("found").textContent = `The audit cannot be read now: ${error.message}`;
    });
  };
}

// Shows what is new, unless somebody is searching or has gone back.
export async function refreshAudit(inZone: string): Promise<void> {
  zone = inZone;
  if (words || records.length > PAGE) return;
  await begin();
}

export function startAudit(): void {
  const field = byId("words") as HTMLInputElement;
  const search = guarded(async () => {
    words = field.value.trim().toLowerCase();
    if (!words) byId("found").textContent = "";
    await begin();
  });
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  // The field's own cross; with Enter the form is submitted as well.
  field.addEventListener("search", () => { if (!field.value) search(); });
  byId("older").addEventListener("click", guarded(
    () => goBack(words ? MOST_FOUND : PAGE)));
}

export function showChain(verdict: ChainVerdict): void {
  const head = verdict.head === null ? ""
    : `${verdict.head.seq}:${verdict.head.hash}`;
  fill("chain", verdict.ok
    ? el("div", { class: "chain" },
        el("span", { class: "mark good" }, "Unbroken"),
        `${counted(verdict.records, "record")}, each the successor of the last.`,
        head && el("span", { class: "muted" }, "Head"),
        head && el("code", {}, head), head && copyButton(head, "the head"))
    : el("div", { class: "chain" },
        el("span", { class: "mark bad" }, "Broken"),
        verdict.problem ?? ""));
}
