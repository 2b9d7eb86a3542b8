// The job table of an SQLite database: which columns are read of a job, and how
// a row becomes a Job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "jobstore/database.h"
#include "jobstore/job_class.h"
#include "jobstore/job_field.h"
#include "jobstore/sqlite_catalog.h"
#include "jobstore/sqlite_value.h"

namespace retentiond {

struct JobRow {
  RowKey key;
  Job job;
  bool ahead = false;  // undatable because stamped too far ahead
};

class SqliteJobTable {
 public:
  // `layout` is resolved against `catalog`. InvalidArgument: the zone of the
  // creation times is unknown, or a row cannot be addressed.
  static absl::StatusOr<SqliteJobTable> Make(const Catalog& catalog,
                                             const JobLayout& layout);

  const JobLayout& layout() const { return layout_; }
  const std::vector<std::string>& key() const { return key_; }  // quoted
  bool by_rowid() const { return by_rowid_; }  // the key is the rowid

  // What Read expects, as a select list over `alias`.
  std::string SelectList(const std::string& alias) const;
  // "SELECT <list> FROM main.<table> AS j"
  std::string Select() const;

  // The job in the current row; the select list starts at column 0.
  JobRow Read(const SqliteStatement& row, const JobAges& ages) const;

  // The row of `key`, as it is now; none when it is gone.
  absl::StatusOr<std::optional<JobRow>> ReadByKey(SqliteConnection& connection,
                                                  const RowKey& key,
                                                  const JobAges& ages) const;
  // The row of the job with that id; none when there is none.
  absl::StatusOr<std::optional<JobRow>> Find(SqliteConnection& connection,
                                             const JobId& id,
                                             const JobAges& ages) const;

 private:
  JobLayout layout_;
  absl::TimeZone zone_;
  std::vector<std::string> key_;
  bool by_rowid_ = false;
  // One for each of layout_.fields.
  std::vector<std::optional<FieldSource>> sources_;

  JobId ReadId(const SqliteStatement& row, int column) const;
  std::optional<Instant> ReadCreated(const SqliteStatement& row,
                                     int column) const;
};

}  // namespace retentiond
