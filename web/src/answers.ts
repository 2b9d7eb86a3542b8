// What the daemon answers: docs/openapi.json.

export interface Slot {
  slot: string; // local date
  start: string; // RFC 3339, UTC, as all times are
  cutoff: string;
}

export type Outcome =
  "success" | "partial" | "blocked" | "failed" | "interrupted";

export interface TableChange {
  table: string;
  bytes_before: number | null;
  bytes_after: number | null;
  dead_rows_before: number | null;
  dead_rows_after: number | null;
  vacuum: string;
}

export interface Run {
  id: number;
  slot: string;
  started: string;
  finished: string | null;
  outcome: Outcome | null;
  late: boolean;
  cutoff: string;
  timezone: string;
  jobs_deleted: number;
  rows_deleted: Record<string, number>;
  files_deleted: number;
  bytes_freed: number;
  orphans: number;
  held: number;
  undatable: number;
  errors: string[];
  kept: Record<string, number>;
  blocked: string[];
  marks: string[];
  tables: TableChange[];
  duration_s: number | null;
  phases_s: Record<string, number>;
}

export interface Progress {
  slot: string;
  phase: string;
  pace: string;
  jobs_deleted: number;
  expired: number;
  files_deleted: number;
  bytes_freed: number;
  // Of the events alone.
  started?: string;
  pause_ms?: number;
  rows_deleted?: number;
}

export interface Status {
  state: "idle" | "running" | "interrupted" | "blocked";
  reason: string;
  now: string;
  timezone: string;
  next: Slot;
  last_run: Run | null;
  lease: { holder: string; epoch: number } | null;
  progress: Progress | null;
  database: { kind: string; size_bytes: number; reclaimable_bytes: number };
}

// A server-sent event of /api/v1/events.
export interface Moment {
  state: "starting" | "idle" | "standby" | "running" | "blocked";
  reason: string;
  progress: Progress | null;
}

export interface HeldJob {
  id: string;
  created: string | null;
  state: string | null;
  table: string | null;
  reason: string;
}

export interface Plan extends Slot {
  timezone: string;
  jobs: {
    total: number;
    expired: number;
    held: number;
    undatable: number;
    to_delete: number;
  };
  dependents: {
    table: string;
    rows: number;
    on_delete: string;
    indexed: boolean;
  }[];
  files: {
    job_directories: number;
    orphans: number;
    files: number;
    bytes: number;
    shielded: number;
  };
  held_jobs: HeldJob[];
  blocked: string[];
  notes: string[];
}

export interface Finding {
  level: "info" | "warning" | "error";
  code: string;
  table: string;
  column: string;
  message: string;
  fix: string;
}

export interface Checks {
  ok: boolean;
  findings: Finding[];
}

export interface AuditRecord {
  seq: number;
  time: string;
  run: number | null;
  event: string;
  facts: Record<string, unknown>;
  previous: string;
  hash: string;
}

export interface ChainVerdict {
  ok: boolean;
  records: number;
  head: { seq: number; hash: string } | null;
  head_checked: boolean;
  problem: string | null;
}

export interface SizeAtNight {
  slot: string;
  time: string;
  size_bytes: number;
  reclaimable_bytes: number;
}
