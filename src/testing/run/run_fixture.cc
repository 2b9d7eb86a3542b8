#include "testing/run/run_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "policy/zone.h"

namespace retentiond {

using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year;

void RunTest::SetUp() {
  ScratchTest::SetUp();
  config_.files.temp_roots = {InRoot("temp")};
  config_.files.log_roots = {InRoot("logs")};
  config_.state_directory = InRoot("state");
  config_.schedule.timezone = "UTC";
  MakeTree(root_path(), {Dir("temp"), Dir("logs")});
  absl::StatusOr<Naming> naming = Naming::Make(config_);
  ASSERT_TRUE(naming.ok()) << naming.status();
  naming_ = *std::move(naming);
  clock_.StepWall(slot().start - clock_.Now());
  build_date_ = sys_days(year(2026) / 1 / 1);
}

void RunTest::TearDown() {
  if (!memory_.empty()) std::filesystem::remove_all(memory_);
  ScratchTest::TearDown();
}

void RunTest::KeepStateInMemory() {
  std::string name = "/dev/shm/retentiond-state-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  memory_ = name;
  config_.state_directory = memory_;
}

Slot RunTest::slot() const {
  const Instant start = sys_days(year(2040) / 3 / 16) + hours(3);
  return {.date = LocalDate(year(2040) / 3 / 16),
          .start = start,
          .cutoff = start - kRetention};
}

void RunTest::AddJob(const std::string& id, Instant created,
                     const std::string& state) {
  database_.Insert({.id = id,
                    .created = created,
                    .state = state,
                    .fields = {{}, {}},
                    .dependents = {{"JobLog", kLogRows}}});
  MakeTree(InRoot("temp"), {Dir(id, {File("frame.png")})});
  MakeTree(InRoot("logs"), {File(id + ".log")});
}

void RunTest::AddJobWith(const std::string& id, Instant created,
                         const std::string& uid, const std::string& output) {
  database_.Insert({.id = id, .created = created, .fields = {{uid}, {output}}});
  MakeTree(InRoot("temp"), {Dir(uid, {File("frame.png")})});
}

Due RunTest::TheSlotIsDue() const {
  return {.kind = Due::Kind::kRun, .slot = slot()};
}

CleanupParts RunTest::Parts(Database& database) {
  return {.database = database,
          .config = config_,
          .naming = *naming_,
          .clock = clock_,
          .calls = calls_,
          .directory = nullptr,
          .observer = observer_,
          .alerts = desk_,
          .stop_requested = [this] { return stop_; },
          .wakeup = wakeup_,
          .holder = "this daemon",
          .host = host_,
          .process_start = clock_.Now(),
          .build_date = build_date_};
}

absl::StatusOr<RunRecord> RunTest::Run(const Due& due) {
  Database database = database_.Open();
  return Cleanup(Parts(database)).Execute(due, std::nullopt);
}

SharedSettings RunTest::CurrentSettings() const {
  return std::make_shared<const Settings>(Settings{config_, *naming_});
}

std::unique_ptr<Daemon> RunTest::MakeDaemon() {
  return std::make_unique<Daemon>(DaemonParts{
      .settings = CurrentSettings(),
      .load_settings = [this] { return load_settings_(); },
      .clock = clock_,
      .calls = calls_,
      .open = [this](const Settings&,
                     OpenMode mode) -> absl::StatusOr<Database> {
        if (absl::Status status = database_.script().Call(
                "Open", [] { return absl::OkStatus(); });
            !status.ok()) {
          return status;
        }
        return database_.Open(mode);
      },
      .observer = observer_,
      .alerts = desk_,
      .service = service_,
      .wakeup = wakeup_,
      .stop_requested =
          [this] {
            if (at_question_) at_question_();
            return stop_;
          },
      .take_reload_request = [this] { return std::exchange(reload_, false); },
      .host = host_,
      .holder = "this daemon",
      .build_date = build_date_});
}

bool RunTest::Exists(const std::string& path) const {
  return std::filesystem::exists(std::filesystem::symlink_status(InRoot(path)));
}

std::vector<AuditRecord> RunTest::Audit() {
  std::vector<AuditRecord> records;
  const Database database = database_.Open();
  EXPECT_TRUE(database.state
                  ->VisitAudit(AuditSeq(1),
                               [&](const AuditRecord& record) {
                                 records.push_back(record);
                                 return absl::OkStatus();
                               })
                  .ok());
  return records;
}

int RunTest::CountEvents(const std::string& event) {
  int count = 0;
  for (const AuditRecord& record : Audit()) count += record.event == event;
  return count;
}

}  // namespace retentiond
