// The state tables: their making, their version and their key-value part.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

// Makes the tables ready for this program's queries. kReadWrite creates them or
// brings them up to date in one transaction; kReadOnly changes nothing, and
// where there are none lets the queries meet empty temporary ones.
// FailedPrecondition when their version does not fit this program.
absl::Status PrepareStateTables(SqliteConnection& connection, OpenMode mode);

// The rows of retentiond_meta. Keys:
inline constexpr char kMetaVersion[] = "schema_version";
inline constexpr char kMetaStateId[] = "state_id";
inline constexpr char kMetaLastSlot[] = "last_slot";      // "YYYY-MM-DD"
inline constexpr char kMetaFirstAudit[] = "first_audit";  // seq; none: 1
inline constexpr char kMetaNotePrefix[] = "note:";        // StateStore's notes

absl::StatusOr<std::optional<std::string>> ReadMeta(
    SqliteConnection& connection, const std::string& key);
// DataLoss when the value is no number.
absl::StatusOr<std::optional<std::int64_t>> ReadMetaInt(
    SqliteConnection& connection, const std::string& key);
absl::Status WriteMeta(SqliteConnection& connection, const std::string& key,
                       const std::string& value);

}  // namespace retentiond
