#include "testing/demo/farm_fixture.h"

#include "jobstore/sqlite_store.h"
#include "policy/zone.h"

namespace retentiond {

absl::StatusOr<Database> OpenFarm(const Config& config, const Naming& naming,
                                  OpenMode mode) {
  return OpenSqlite(config.database.path,
                    {.table = config.jobs.table,
                     .id = config.jobs.id,
                     .created = config.jobs.created,
                     .status = config.jobs.status,
                     .finished = config.jobs.finished,
                     .created_zone = config.jobs.created_zone,
                     .fields = naming.fields()},
                    mode);
}

FarmTest::FarmTest()
    : scratch_(*ScratchDirectory::Make()),
      paths_(scratch_.path()),
      calendar_(*PlanCalendar(*ParseInstant(kFarmToday),
                              *LoadZone("Europe/Helsinki"))) {}

void FarmTest::MakeDirectories() const {
  for (const auto& directory :
       {paths_.temporary, paths_.logs, paths_.outputs, paths_.library}) {
    std::filesystem::create_directories(directory);
  }
}

}  // namespace retentiond
