#include "jobstore/sqlite_state.h"

#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "jobstore/sql_state.h"
#include "jobstore/sqlite_state_schema.h"
#include "jobstore/sqlite_state_sql.h"

namespace retentiond {
namespace {

// Keeps the connection for as long as the state is there.
class OwningStateSql : public SqliteStateSql {
 public:
  explicit OwningStateSql(std::shared_ptr<SqliteConnection> connection)
      : SqliteStateSql(*connection), connection_(std::move(connection)) {}

 private:
  std::shared_ptr<SqliteConnection> connection_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StateStore>> OpenSqliteState(
    std::shared_ptr<SqliteConnection> connection, OpenMode mode) {
  RETURN_IF_ERROR(PrepareStateTables(*connection, mode));
  return MakeSqlState(std::make_unique<OwningStateSql>(std::move(connection)),
                      mode);
}

}  // namespace retentiond
