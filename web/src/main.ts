// The operator's page: asks, shows, and says when it cannot ask.

import type { ChainVerdict, Checks, Moment, Plan, Progress, Run,
              SizeAtNight, Status } from "./answers";
import { askJson, Gone, Refused } from "./ask";
import { refreshAudit, showChain, startAudit } from "./audit";
import { showNights, startCharts } from "./charts";
import { byId, fill } from "./dom";
import { follow } from "./live";
import { MOST_NIGHTS, nightsOf } from "./nights";
import { liveBody, showFarm, showFindings, showHeld, showNext, showNightTable,
         showTonight, showTrouble, showVerdict } from "./sections";
import { showSizes, startSizes } from "./sizes";
import { clockOf, phaseOf, type Mood } from "./words";

// How often the status is asked for: while a run goes on without events to
// follow, without events, and beside them.
const RUNNING_MS = 1_000;
const ALONE_MS = 5_000;
const BESIDE_MS = 30_000;
const AFTER_MS = 1_500; // a status may be a second old
const LOOKS_MS = 10 * 60_000; // plan, findings, verdict: each costs a look

let status: Status | null = null;
let statusAt = 0; // performance.now() of it
let runs: Run[] = [];
let moment: Moment | null = null; // of an open stream
let heardAt = Date.now(); // when the daemon last answered
let trouble = ""; // why it does not answer well
let looks = Promise.resolve(); // one after the other, as the daemon takes them
let lookTimer = 0;
let statusTimer = 0;

// The daemon's clock, which may be another than the browser's.
function daemonNow(): number {
  return status === null ? Date.now()
    : Date.parse(status.now) + performance.now() - statusAt;
}

function showState(): void {
  const place = byId("state");
  const words: Record<string, [Mood, string]> = {
    idle: ["good", "waiting for the next run"],
    running: ["attention", "a run is going on"],
    interrupted: ["attention", "a run was interrupted"],
    blocked: ["bad", "blocked by the clock guard"],
    standby: ["good", "standing by: another daemon leads"],
    starting: ["attention", "starting"],
  };
  const state = moment !== null && moment.state !== "idle" ? moment.state
                                                           : status?.state;
  const [mood, text] = trouble ? ["bad", "no answer"] as [Mood, string]
    : words[state ?? ""] ?? ["none", "asking …"];
  place.dataset["mood"] = mood;
  if (place.textContent !== text) place.textContent = text;
}

function showBanner(): void {
  const banner = byId("banner");
  banner.hidden = trouble === "";
  if (banner.textContent !== trouble) banner.textContent = trouble;
  showState();
}

function zone(): string {
  return status?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function worked(): void {
  heardAt = Date.now();
  if (trouble === "") return;
  trouble = "";
  showBanner();
}

function failed(error: unknown): void {
  if (error instanceof Gone) {
    const since = status === null ? heardAt
      : daemonNow() - (Date.now() - heardAt);
    trouble = `retentiond does not answer since ${clockOf(since, zone())}` +
      (status === null ? "." : "; showing what was known then.");
  } else if (error instanceof Refused && error.status === 401) {
    trouble = "The token is missing or wrong: load the page again to give it.";
  } else {
    const message = error instanceof Error ? error.message : String(error);
    trouble = `retentiond cannot say how things are: ${message}`;
  }
  showBanner();
}

function showProgress(progress: Progress | null): void {
  const place = byId("live");
  if (progress === null) {
    place.hidden = true;
    return;
  }
  fill("live-body", ...liveBody(progress));
  place.hidden = false;
  const said = `A run is going on: ${phaseOf(progress.phase)}`;
  const title = byId("live-title");
  if (title.textContent !== said) title.textContent = said;
}

function showStatus(): void {
  if (status === null) return;
  const nights = nightsOf(runs, status.next);
  showVerdict(status, nights);
  showFarm(status);
  showNext(status, daemonNow());
  showState();
  if (moment === null) {
    showProgress(status.state === "running" ? status.progress : null);
  }
}

function showHistory(): void {
  if (status === null) return;
  const nights = nightsOf(runs, status.next);
  showNights(nights);
  showNightTable(nights, status.timezone);
}

// Whether a run has begun or ended since `before`.
function isAnother(before: Status | null, now: Status): boolean {
  return before === null || before.state !== now.state ||
    before.last_run?.id !== now.last_run?.id ||
    before.last_run?.outcome !== now.last_run?.outcome ||
    before.next.start !== now.next.start;
}

async function askStatus(): Promise<void> {
  clearTimeout(statusTimer);
  try {
    const fresh = await askJson<Status>("/api/v1/status");
    const before = status;
    const wasAway = trouble !== "";
    status = fresh;
    statusAt = performance.now();
    if (isAnother(before, fresh) || wasAway) {
      runs = await askJson<Run[]>(`/api/v1/runs?limit=${MOST_NIGHTS}`);
      showHistory();
      askLooks();
    }
    worked();
    showStatus();
  } catch (error) {
    failed(error);
  }
  statusTimer = window.setTimeout(askStatus, pauseNow());
}

function pauseNow(): number {
  if (trouble !== "") return ALONE_MS;
  // Without events, or when the run that the status tells of has just ended.
  const running = status?.state === "running" && moment?.state !== "running";
  if (running) return RUNNING_MS;
  return moment === null ? ALONE_MS : BESIDE_MS;
}

// A look that is refused now, because a run goes on or another page's is being
// made, is asked for again when the daemon says.
async function look(ids: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const waits = error instanceof Refused && error.retryAfter !== null;
    const message = error instanceof Error && !(error instanceof Gone)
      ? error.message : "retentiond does not answer";
    for (const id of ids) {
      if (byId(id).hasAttribute("aria-busy") || !waits) {
        showTrouble(id, `Not now: ${message}.`);
      }
    }
    if (waits) plan((error as Refused).retryAfter! * 1000);
  }
}

function plan(pause: number): void {
  clearTimeout(lookTimer);
  lookTimer = window.setTimeout(askLooks, pause);
}

// Not during a run, when the daemon would refuse: its end asks again.
function askLooks(): void {
  plan(LOOKS_MS);
  if (status?.state === "running" || moment?.state === "running") {
    for (const id of ["tonight", "held", "chain", "findings", "records"]) {
      if (byId(id).hasAttribute("aria-busy")) {
        showTrouble(id, "Shown when the run has ended.");
      }
    }
    return;
  }
  looks = looks.then(async () => {
    await look(["records"], () => refreshAudit(zone()));
    await look(["tonight", "held"], async () => {
      const fresh = await askJson<Plan>("/api/v1/plan");
      showTonight(fresh);
      if (status !== null) showHeld(fresh, status);
    });
    await look(["chain"], async () => {
      showChain(await askJson<ChainVerdict>("/api/v1/audit/verify"));
    });
    await look(["sizes"], async () => {
      showSizes(await askJson<SizeAtNight[]>("/api/v1/sizes"));
    });
    await look(["findings"], async () => {
      showFindings(await askJson<Checks>("/api/v1/checks"));
    });
  });
}

function start(): void {
  startCharts();
  startAudit();
  startSizes();
  follow((told) => {
    const ended = moment?.state === "running" && told.state !== "running";
    const begun = moment?.state !== "running" && told.state === "running";
    moment = told;
    worked();
    showProgress(told.progress);
    showState();
    if (ended || begun) void askStatus();
    if (ended) plan(AFTER_MS);
  }, (open) => {
    if (!open && moment === null) return;
    if (!open) moment = null;
    void askStatus();
  });
  void askStatus();
  setInterval(() => {
    if (status !== null && trouble === "") showNext(status, daemonNow());
  }, 1000);
}

start();
