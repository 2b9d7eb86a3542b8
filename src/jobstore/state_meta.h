// The key-value part of the state.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// The rows of retentiond_meta. Keys:
inline constexpr char kMetaVersion[] = "schema_version";
inline constexpr char kMetaStateId[] = "state_id";
inline constexpr char kMetaLastSlot[] = "last_slot";      // "YYYY-MM-DD"
inline constexpr char kMetaFirstAudit[] = "first_audit";  // seq; none: 1
inline constexpr char kMetaNotePrefix[] = "note:";        // StateStore's notes

absl::StatusOr<std::optional<std::string>> ReadMeta(StateSql& connection,
                                                    const std::string& key);
// DataLoss when the value is no number.
absl::StatusOr<std::optional<std::int64_t>> ReadMetaInt(StateSql& connection,
                                                        const std::string& key);
absl::Status WriteMeta(StateSql& connection, const std::string& key,
                       const std::string& value);

// The version of the tables that are there. DataLoss: it is missing.
absl::StatusOr<std::int64_t> ReadStateVersion(StateSql& connection);
// FailedPrecondition when it is newer than this program knows.
absl::Status CheckStateVersion(std::int64_t version, std::int64_t known);
// The answer to a read-only open where the tables are of an older version.
absl::Status OlderState(std::int64_t version, std::int64_t known);

}  // namespace retentiond
