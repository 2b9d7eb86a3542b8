// The tables are not STRICT: a farm whose own SQLite is older than 3.37 could
// then no longer open its database at all ("malformed database schema").
//
// Names, paths, ids and facts are BLOBs: they are bytes, and a text column of a
// UTF-16 database would change some of them.
#include "jobstore/sqlite_state_schema.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sqlite_state_sql.h"
#include "jobstore/state_meta.h"

namespace retentiond {
namespace {

// %TEMP% is "TEMP" for the tables that stand in for missing ones.
constexpr std::string_view kVersion1 = R"sql(
CREATE %TEMP% TABLE retentiond_meta(
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_lease(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  holder BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  renewals INTEGER NOT NULL
);
CREATE %TEMP% TABLE retentiond_clock(
  kind TEXT NOT NULL PRIMARY KEY,
  wall_us INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  boot_time_us INTEGER NOT NULL,
  kernel_synchronised INTEGER NOT NULL
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_run(
  id INTEGER PRIMARY KEY,
  slot TEXT NOT NULL UNIQUE,
  slot_start_us INTEGER NOT NULL,
  cutoff_us INTEGER NOT NULL,
  started_us INTEGER NOT NULL,
  finished_us INTEGER,
  outcome TEXT,
  late INTEGER NOT NULL,
  timezone TEXT NOT NULL,
  jobs_total INTEGER NOT NULL DEFAULT 0,
  jobs_deleted INTEGER NOT NULL DEFAULT 0,
  files_deleted INTEGER NOT NULL DEFAULT 0,
  bytes_freed INTEGER NOT NULL DEFAULT 0,
  expired INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  undatable INTEGER NOT NULL DEFAULT 0,
  orphans INTEGER NOT NULL DEFAULT 0,
  errors TEXT NOT NULL DEFAULT '[]',
  blocked TEXT NOT NULL DEFAULT '[]',
  phases_s TEXT NOT NULL DEFAULT '{}',
  phase TEXT NOT NULL DEFAULT '',
  pace TEXT NOT NULL DEFAULT ''
);
CREATE %TEMP% TABLE retentiond_run_table(
  run INTEGER NOT NULL,
  table_name BLOB NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (run, table_name)
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_batch(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  audit_seq INTEGER NOT NULL,
  committed_us INTEGER NOT NULL
);
CREATE %TEMP% TABLE retentiond_pending(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  batch INTEGER NOT NULL,
  kind TEXT NOT NULL,
  root BLOB NOT NULL,
  name BLOB NOT NULL,
  job BLOB NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE %TEMP% TABLE retentiond_shield(
  path BLOB NOT NULL PRIMARY KEY,
  job BLOB NOT NULL,
  absent_nights INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_audit(
  seq INTEGER PRIMARY KEY,
  time_us INTEGER NOT NULL,
  run INTEGER,
  event TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  facts BLOB NOT NULL
);
)sql";

// Which root an output lies below is part of what names it: another disk at the
// same path may have an output of the same name.
constexpr std::string_view kVersion2 = R"sql(
CREATE %TEMP% TABLE retentiond_root(
  id TEXT NOT NULL PRIMARY KEY,
  path BLOB NOT NULL,
  machine BLOB NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  nights INTEGER NOT NULL,
  last_slot TEXT NOT NULL,
  seen_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_shield_2(
  path BLOB NOT NULL,
  root_id TEXT NOT NULL DEFAULT '',
  job BLOB NOT NULL,
  absent_nights INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (path, root_id)
) WITHOUT ROWID;
INSERT INTO retentiond_shield_2(path, job, absent_nights)
  SELECT path, job, absent_nights FROM retentiond_shield;
DROP TABLE retentiond_shield;
ALTER TABLE retentiond_shield_2 RENAME TO retentiond_shield;
ALTER TABLE retentiond_run ADD COLUMN kept TEXT NOT NULL DEFAULT '{}';
)sql";

// Finds the temporary table first, where there is one.
constexpr std::string_view kVersion3 = R"sql(
ALTER TABLE retentiond_run ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
)sql";

constexpr std::string_view kVersion4 = R"sql(
ALTER TABLE retentiond_run ADD COLUMN tables TEXT NOT NULL DEFAULT '[]';
)sql";

// What stands, and the outbox (state_alerts.h).
constexpr std::string_view kVersion5 = R"sql(
CREATE %TEMP% TABLE retentiond_alert(
  key TEXT NOT NULL PRIMARY KEY,
  weight INTEGER NOT NULL,
  text BLOB NOT NULL,
  since_us INTEGER NOT NULL,
  told_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE %TEMP% TABLE retentiond_outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,
  key TEXT NOT NULL,
  event TEXT NOT NULL,
  weight INTEGER NOT NULL,
  text BLOB NOT NULL,
  since_us INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  audit_head TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_us INTEGER NOT NULL
);
CREATE INDEX retentiond_outbox_order ON retentiond_outbox(channel, key, id);
)sql";

// The steps from each version to the next; version 0 is a database without the
// tables. A released step is never changed: a change is one more step.
constexpr std::string_view kSteps[] = {kVersion1, kVersion2, kVersion3,
                                       kVersion4, kVersion5};
constexpr std::int64_t kKnownVersion = std::size(kSteps);

std::string StepSql(std::string_view step, std::string_view temp) {
  constexpr std::string_view kMark = "%TEMP%";
  std::string sql(step);
  for (std::size_t at = sql.find(kMark); at != std::string::npos;
       at = sql.find(kMark, at)) {
    sql.replace(at, kMark.size(), temp);
  }
  return sql;
}

// 0 when there are no tables.
absl::StatusOr<std::int64_t> VersionOf(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(
      const std::optional<std::int64_t> tables,
      connection.QueryInt("SELECT count(*) FROM main.sqlite_schema WHERE type "
                          "= 'table' AND name = 'retentiond_meta'"));
  if (tables.value_or(0) == 0) return 0;
  SqliteStateSql state(connection);
  return ReadStateVersion(state);
}

absl::Status ApplySteps(SqliteConnection& connection, std::int64_t from,
                        std::string_view temp) {
  for (std::int64_t i = from; i < kKnownVersion; ++i) {
    RETURN_IF_ERROR(connection.Execute(StepSql(kSteps[i], temp)));
  }
  return absl::OkStatus();
}

absl::Status Migrate(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                   connection.BeginImmediate());
  // Read again: another daemon may have been faster.
  ASSIGN_OR_RETURN(const std::int64_t version, VersionOf(connection));
  RETURN_IF_ERROR(CheckStateVersion(version, kKnownVersion));
  RETURN_IF_ERROR(ApplySteps(connection, version, ""));
  if (version == 0) {
    RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO retentiond_meta "
        "VALUES ('state_id', lower(hex(randomblob(16)))); "
        "INSERT INTO retentiond_lease VALUES (1, x'', 0, 0)"));
  }
  SqliteStateSql state(connection);
  RETURN_IF_ERROR(
      WriteMeta(state, kMetaVersion, std::to_string(kKnownVersion)));
  return transaction.Commit();
}

}  // namespace

absl::Status PrepareStateTables(SqliteConnection& connection, OpenMode mode) {
  ASSIGN_OR_RETURN(const std::int64_t version, VersionOf(connection));
  RETURN_IF_ERROR(CheckStateVersion(version, kKnownVersion));
  if (version == kKnownVersion) return absl::OkStatus();
  if (mode == OpenMode::kReadWrite) return Migrate(connection);
  if (version == 0) return ApplySteps(connection, 0, "TEMP");
  return OlderState(version, kKnownVersion);
}

}  // namespace retentiond
