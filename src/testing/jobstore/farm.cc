#include "testing/jobstore/farm.h"

#include <vector>

namespace retentiond {

std::vector<FarmKind> FarmKinds() {
  return {
      {"Fake", MakeFakeFarm},
      {"SqliteWal", [] { return MakeSqliteFarm("WAL"); }},
      {"SqliteRollbackJournal", [] { return MakeSqliteFarm("DELETE"); }},
      {"Postgres", [] { return MakePostgresFarm(PostgresWay::kDirect); }},
      {"PostgresPooled", [] { return MakePostgresFarm(PostgresWay::kPooled); }},
      {"PostgresWithoutRowLocks",
       [] { return MakePostgresFarm(PostgresWay::kWithoutRowLocks); }}};
}

}  // namespace retentiond
