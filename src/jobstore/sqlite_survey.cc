#include "jobstore/sqlite_survey.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

// A slice ends after this time. What is left of the 5 ms for which a read may
// hold the database is for the row under way and a preempted process.
constexpr std::chrono::milliseconds kSliceTime{2};

// Bounds the memory of a slice; longer ones are not faster (measured).
constexpr std::int64_t kSliceRows = 1024;

}  // namespace

SlicedWalk::SlicedWalk(std::string select, const std::string& alias,
                       const std::vector<std::string>& key)
    : key_columns_(key.size()) {
  std::vector<std::string> columns;
  std::vector<std::string> parameters;
  for (const std::string& column : key) {
    columns.push_back(alias + "." + column);
    parameters.push_back("?" + std::to_string(columns.size() + 1));
  }
  const std::string order =
      fmt::format(" ORDER BY {} LIMIT ?1", fmt::join(columns, ", "));
  next_sql_ =
      fmt::format("{} WHERE ({}) > ({}){}", select, fmt::join(columns, ", "),
                  fmt::join(parameters, ", "), order);
  first_sql_ = std::move(select) + order;
}

absl::StatusOr<bool> SlicedWalk::Next(SqliteConnection& connection,
                                      const RowReader& read) {
  ASSIGN_OR_RETURN(SqliteStatement row,
                   connection.Prepare(last_.empty() ? first_sql_ : next_sql_));
  row.BindInt(1, kSliceRows);
  BindKey(row, 2, last_);
  const auto end = steady_clock::now() + kSliceTime;
  for (std::int64_t rows = 1;; ++rows) {
    ASSIGN_OR_RETURN(const bool there, row.Step());
    if (!there) return false;
    read(row);
    if (rows == kSliceRows || steady_clock::now() >= end) {
      last_ = TakeKey(row, 0, key_columns_);
      return true;
    }
  }
}

absl::Status WalkJobs(
    SqliteConnection& connection, const SqliteJobTable& table,
    const JobAges& ages, std::optional<RowKey> start,
    const std::function<absl::Status(std::vector<JobRow>& slice)>& visit) {
  SlicedWalk walk(table.Select(), "j", table.key());
  if (start.has_value()) walk.StartAfter(*std::move(start));
  bool more = true;
  while (more) {
    std::vector<JobRow> slice;
    ASSIGN_OR_RETURN(more,
                     walk.Next(connection, [&](const SqliteStatement& row) {
                       slice.push_back(table.Read(row, ages));
                     }));
    RETURN_IF_ERROR(visit(slice));
  }
  return absl::OkStatus();
}

}  // namespace retentiond
