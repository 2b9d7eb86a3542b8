// The job table of a PostgreSQL database: which columns are read of a job, and
// how a row becomes a Job.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "jobstore/candidate_list.h"
#include "jobstore/database.h"
#include "jobstore/job_class.h"
#include "jobstore/job_field.h"
#include "jobstore/postgres_catalog.h"

namespace retentiond {

struct PostgresJobRow {
  TextKey key;
  Job job;
  bool ahead = false;          // undatable because stamped too far ahead
  std::int64_t partition = 0;  // the oid of where it lies, where that was asked
  // Creation time and state as text, to see whether they were changed.
  std::optional<std::string> created_text;
  std::optional<std::string> status_text;
};

class PostgresJobTable {
 public:
  // `layout` is resolved against `catalog`. InvalidArgument: the zone of the
  // creation times is unknown, or a row cannot be addressed.
  // `server_zones`: those in which the farm's sessions may have run.
  static absl::StatusOr<PostgresJobTable> Make(
      const PostgresCatalog& catalog, const JobLayout& layout,
      const std::vector<std::string>& server_zones);

  const JobLayout& layout() const { return layout_; }
  const PostgresTable& table() const { return table_; }
  const std::vector<std::string>& key() const { return table_.key; }
  // A zoneless creation time with a now() default whose zone nobody named.
  bool ambiguous_zone() const { return zones_.size() > 1; }

  // What Read expects, as a select list over `alias`.
  std::string SelectList(const std::string& alias) const;
  // How many columns that has.
  int SelectColumns() const;
  // "SELECT <list> FROM ONLY <table> AS j"
  std::string Select() const;

  // The job in row `row`; the select list starts at column `first`.
  PostgresJobRow Read(const PostgresRows& rows, int row, int first,
                      const JobAges& ages) const;

  // What a bound of the creation column, as an SQL literal, is at the latest;
  // none where the order of the column is not that of time.
  absl::StatusOr<std::optional<Instant>> ReadBound(
      PostgresConnection& connection, const std::string& literal) const;

  // The row of the job with that id; none when there is none.
  absl::StatusOr<std::optional<PostgresJobRow>> Find(
      PostgresConnection& connection, const JobId& id,
      const JobAges& ages) const;

  // "c.created::text IS NOT DISTINCT FROM d.created AND ..."
  std::string Unchanged(const std::string& alias,
                        const std::string& noted) const;

 private:
  // How the select list shows the creation time.
  enum class Form {
    kMicros,   // microseconds since 1970
    kWall,     // the same, of a wall clock in one of `zones_`
    kInteger,  // seconds or milliseconds since 1970
    kReal,
    kText,
  };
  struct Source {
    std::string sql;  // over the alias "{}"
    bool json = false;
    std::vector<std::string> path;  // within what `sql` gives
  };

  std::string CreatedSql(const std::string& alias) const;
  std::optional<Instant> ReadCreated(std::string_view text) const;
  std::optional<Instant> ReadWall(std::int64_t micros) const;
  JobId ReadId(const PostgresRows& rows, int row, int first) const;
  Source SourceOf(const FieldSource& field) const;

  JobLayout layout_;
  PostgresTable table_;
  std::vector<absl::TimeZone> zones_;  // the younger reading counts
  Form form_ = Form::kText;
  bool date_ = false;  // a date counts to its end
  std::vector<bool> id_is_number_;
  // One for each of layout_.fields.
  std::vector<std::optional<Source>> sources_;
};

}  // namespace retentiond
