#include "model/world.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "base/status.h"
#include "cli/commands.h"
#include "jobstore/sqlite_store.h"
#include "policy/zone.h"
#include "preload/call_faults.h"

// SQLite waits so for a lock that is never given: no time passes here.
extern "C" int usleep(useconds_t) { return 0; }

namespace retentiond::model {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr char kPrecious[] = "of nobody's business";

template <typename T>
T Checked(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fmt::print(stderr, "{}\n", MessageOf(value.status()));
  std::abort();
}

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string UidOf(const JobSpec& job) { return fmt::format("u{}", job.uid); }

// Knows when the night is over, and what went wrong.
class Watcher : public RunObserver {
 public:
  explicit Watcher(std::vector<std::string>& told) : told_(told) {}
  void OnWait(Instant until) override { waits_until_ = until; }
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override {
    told_.push_back(MessageOf(status) + ", " + what_is_done);
  }
  void OnRunEnd(const RunRecord& run) override {
    told_.push_back("run ended " + FormatDate(run.slot) + " " +
                    (run.outcome ? NameOf(*run.outcome) : "open"));
    for (const std::string& error : run.errors) told_.push_back("  " + error);
  }
  void OnBlocked(const RunRecord& run) override {
    for (const std::string& fact : run.blocked) {
      told_.push_back("blocked: " + fact);
    }
  }

  std::optional<Instant> waits_until() const { return waits_until_; }

 private:
  std::optional<Instant> waits_until_;
  std::vector<std::string>& told_;
};

}  // namespace

World::World(const Scenario& scenario) : scenario_(scenario) {
  std::string name = "/dev/shm/retentiond-model-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) std::abort();
  scratch_ = name;
  for (const char* directory : {"temp", "logs", "state", "outside", "tmp"}) {
    fs::create_directory(scratch_ / directory);
  }
  // What is spilled lies where faults reach it.
  setenv("TMPDIR", (scratch_ / "tmp").c_str(), 1);
  WriteFile(scratch_ / "outside" / "precious", kPrecious);
  config_.database.path = scratch_ / "farm.db";
  config_.files.temp_roots = {scratch_ / "temp"};
  config_.files.log_roots = {scratch_ / "logs"};
  config_.schedule.timezone = "UTC";
  config_.state_directory = scratch_ / "state";
  clock_.StepWall(SlotOf(0) - minutes(1) - clock_.Now());
  clock_.set_synchronised(true);
  std::ofstream(config_.database.path).close();
  MakeTables();
  for (const OrphanSpec& orphan : scenario_.orphans) {
    const std::string top = fmt::format("orphan{}", orphan.number);
    MakeFile(top + "/deep/frame.png");
    if (orphan.has_result) MakeFile(top + "/result.mp4", true);
  }
}

World::~World() {
  farm_.reset();
  fs::remove_all(scratch_);
}

Instant World::SlotOf(int night) const {
  return std::chrono::sys_days(std::chrono::year(2040) / 3 / 16) + hours(3) +
         days(night);
}

Instant World::CutoffOf(int night) const { return SlotOf(night) - days(7); }

// --- the farm

void World::Execute(const std::string& sql) {
  if (farm_ == nullptr) {
    farm_ = Checked(
        SqliteConnection::Open(config_.database.path, OpenMode::kReadWrite));
  }
  const absl::Status done = farm_->Execute(sql);
  if (done.ok()) return;
  fmt::print(stderr, "{}: {}\n", sql, MessageOf(done));
  std::abort();
}

// The first column of all rows, each with a comma behind it.
std::string World::Text(const std::string& sql) {
  Execute("SELECT 1");
  SqliteStatement rows = Checked(farm_->Prepare(sql));
  std::string text;
  while (Checked(rows.Step())) text += std::string(rows.Text(0)) + ",";
  return text;
}

void World::MakeTables() {
  Execute(scenario_.write_ahead_log ? "PRAGMA journal_mode = WAL"
                                    : "PRAGMA journal_mode = DELETE");
  for (const char* table : {"Job", "Frame", "Tile", "Log"}) {
    std::string sql =
        fmt::format("CREATE TABLE {}(id INTEGER PRIMARY KEY", table);
    if (std::string(table) == "Job") {
      sql += ", status TEXT, createdAt, outputPath TEXT, nexrenderConfig TEXT";
    }
    for (const ColumnOf& column : scenario_.columns) {
      if (column.table != table) continue;
      sql += fmt::format(", {} INTEGER REFERENCES {}(id) ON DELETE {}",
                         column.name, column.parent, column.action);
    }
    Execute(sql + (scenario_.without_rowid ? ") WITHOUT ROWID" : ")"));
  }
  for (const ColumnOf& column : scenario_.columns) {
    if (!scenario_.indexes) break;
    Execute(fmt::format("CREATE INDEX i_{1}_{0} ON {1}({0})", column.name,
                        column.table));
  }
  for (const Row& row : scenario_.rows) {
    model_.rows.insert(row);
    Execute(
        fmt::format("INSERT INTO {}(id) VALUES({})", row.first, row.second));
  }
}

void World::Arrive(int night) {
  // What went with earlier jobs is not there for new bearers of its name.
  std::erase_if(files_, [this](const auto& file) {
    return !file.second.output &&
           !fs::exists(fs::symlink_status(scratch_ / "temp" / file.first));
  });
  for (const JobSpec& job : scenario_.jobs) {
    if (job.night == night) InsertJob(job);
  }
  ApplyLinks();
  farm_.reset();
}

Instant World::CreatedOf(const JobSpec& job) const {
  const Instant created = CutoffOf(0) - job.age;
  if (job.form == Form::kMillis || job.form == Form::kIsoZ ||
      job.form == Form::kIsoOffset) {
    return created;
  }
  return std::chrono::floor<seconds>(created);
}

void World::InsertJob(const JobSpec& job) {
  const Instant created = CreatedOf(job);
  const auto since = created.time_since_epoch();
  std::string stored;
  switch (job.form) {
    case Form::kMillis:
      stored = fmt::format("{}", since / std::chrono::milliseconds(1));
      break;
    case Form::kSeconds:
      stored = fmt::format("{}", since / seconds(1));
      break;
    case Form::kReal:
      stored = fmt::format("{}.0", since / seconds(1));
      break;
    case Form::kIsoZ:
      stored = "'" + FormatInstant(created) + "'";
      break;
    case Form::kIsoOffset:
      stored = FormatInstant(created + hours(2));
      stored = "'" + stored.substr(0, stored.size() - 1) + "+02:00'";
      break;
    case Form::kSqlText:
      stored = "'" + FormatInstant(created) + "'";
      stored = stored.replace(11, 1, " ").erase(stored.size() - 2, 1);
      break;
    case Form::kNull:
      stored = "NULL";
      break;
    case Form::kNonsense:
      stored = "'yesterday'";
      break;
  }
  const std::string output = MakeOutput(job, UidOf(job));
  Execute(fmt::format(
      "INSERT INTO Job(id, status, createdAt, outputPath, nexrenderConfig) "
      "VALUES({}, '{}', {}, {}, '{{\"uid\":\"{}\"}}')",
      job.number, job.state, stored,
      output.empty() ? "NULL" : "'" + output + "'", UidOf(job)));
  model_.rows.insert({"Job", job.number});
  MakeJobFiles(job);
}

void World::ApplyLinks() {
  const std::set<Row> there = RowsThere();
  for (std::size_t i = 0; i < scenario_.links.size(); ++i) {
    const LinkSpec& link = scenario_.links[i];
    const ColumnOf& column =
        scenario_.columns[static_cast<std::size_t>(link.column)];
    const Row child = {column.table, link.child};
    const Row parent = {column.parent, link.parent};
    if (!there.contains(child) || !there.contains(parent)) continue;
    if (!linked_.insert(i).second) continue;
    Execute(fmt::format("UPDATE {} SET {} = {} WHERE id = {}", column.table,
                        column.name, link.parent, link.child));
    model_.edges.push_back({child, parent, column.action});
  }
}

// --- its files

void World::MakeFile(const std::string& relative, bool output) {
  Made& made = files_[relative];
  made.top = relative.substr(0, relative.find('/'));
  made.output |= output;
  // Perhaps it went with another job that bore the same name.
  const fs::path path = scratch_ / "temp" / relative;
  if (!fs::exists(path)) WriteFile(path, relative);
}

std::string World::MakeOutput(const JobSpec& job, const std::string& uid) {
  const std::string below = (scratch_ / "temp").string() + "/";
  const std::string film = fmt::format("film{}.mp4", job.number);
  switch (job.output) {
    case Output::kNone:
      return "";
    case Output::kElsewhere:
      WriteFile(scratch_ / "outside" / film, film);
      return scratch_ / "outside" / film;
    case Output::kInside:
      MakeFile(uid + "/" + film, true);
      return below + uid + "/" + film;
    case Output::kInFilms:
      MakeFile("films/" + film, true);
      return below + "films/" + film;
    case Output::kLinked: {
      MakeFile("films/" + film, true);
      const std::string second = uid + "/second" + film;
      files_[second] = {.top = uid, .output = true, .second = true};
      fs::create_directories(scratch_ / "temp" / uid);
      fs::create_hard_link(scratch_ / "temp" / "films" / film,
                           scratch_ / "temp" / second);
      return below + "films/" + film;
    }
    case Output::kSequence:
      for (int i = 1; i <= 3; ++i) {
        MakeFile(fmt::format("{}/seq{}_{:05}.png", uid, job.number, i), true);
      }
      return fmt::format("{}{}/seq{}_[#####].png", below, uid, job.number);
    case Output::kDirectory:
      MakeFile(fmt::format("{}/out{}/a.png", uid, job.number), true);
      MakeFile(fmt::format("{}/out{}/deep/b.png", uid, job.number), true);
      return fmt::format("{}{}/out{}", below, uid, job.number);
  }
  std::abort();
}

void World::MakeJobFiles(const JobSpec& job) {
  const std::string uid = UidOf(job);
  if (job.files > 0) {
    MakeFile(uid + "/project.aep");
    MakeFile(fmt::format("{}/frames{}/f1.png", uid, job.number));
  }
  if (job.files > 1) MakeFile(fmt::format("{}.json", job.number));
  if (job.files > 2) {
    MakeFile(fmt::format("{}/work", job.number));
    const std::string link = fmt::format("{}/link{}", uid, job.number);
    files_[link] = {uid, false};
    fs::create_symlink(scratch_ / "outside" / "precious",
                       scratch_ / "temp" / link);
  }
  if (job.log) {
    logs_.insert(job.number);
    WriteFile(scratch_ / "logs" / fmt::format("{}.log", job.number), "log");
  }
}

// --- the nights

std::optional<std::string> World::Play() {
  std::optional<std::string> problem;
  for (int night = 0; night < scenario_.nights && !problem; ++night) {
    Arrive(night);
    const FaultSpec* fault = nullptr;
    for (const FaultSpec& each : scenario_.faults) {
      if (each.night == night) fault = &each;
    }
    clock_.Advance(SlotOf(night) - minutes(1) - clock_.Now());
    LiveThrough(night, fault);
    problem = CheckPromises(night);
    if (!problem && night == scenario_.nights - 1) problem = CheckEnd(night);
    if (problem) *problem = fmt::format("night {}: {}", night, *problem);
  }
  if (problem) {
    told_.erase(std::unique(told_.begin(), told_.end()), told_.end());
    for (const std::string& line : told_) *problem += "\n    " + line;
  }
  return problem;
}

void World::LiveThrough(int night, const FaultSpec* fault) {
  if (fault != nullptr && fault->error == 0) {
    if (!DieIn(night, *fault)) return;
    was_hit_ = true;
    clock_.Advance(minutes(2));
    Serve(night);
    return;
  }
  if (fault != nullptr) {
    call_faults::Arm({.kinds = fault->kinds,
                      .below = scratch_.string() + "/",
                      .at = fault->at,
                      .error = fault->error,
                      .for_good = fault->for_good});
  }
  Serve(night);
  was_hit_ |= fault != nullptr && call_faults::Count() >= fault->at;
  call_faults::Arm({});
}

// Whether it was killed; else the night is over.
bool World::DieIn(int night, const FaultSpec& fault) {
  const pid_t child = fork();
  if (child == 0) {
    call_faults::Arm({.kinds = fault.kinds,
                      .below = scratch_.string() + "/",
                      .at = fault.at});
    Serve(night);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) std::abort();
  return false;
}

std::unique_ptr<Daemon> World::MakeDaemon(RunObserver& observer) {
  const auto settings = std::make_shared<const Settings>(
      Settings{config_, Checked(Naming::Make(config_))});
  return std::make_unique<Daemon>(DaemonParts{
      .settings = settings,
      .clock = clock_,
      .calls = calls_,
      .open =
          [](const Settings& opened, OpenMode mode) {
            return OpenSqlite(opened.config.database.path,
                              LayoutOf(opened.config, opened.naming), mode);
          },
      .observer = observer,
      .service = service_,
      .wakeup = wakeup_,
      .stop_requested = [] { return false; },
      .host = "farm",
      .holder = "this daemon",
      .build_date = SlotOf(-400)});
}

// Until the next night is waited for, or four hours have passed.
void World::Serve(int night) {
  Watcher watcher(told_);
  const std::unique_ptr<Daemon> daemon = MakeDaemon(watcher);
  const Instant end = SlotOf(night) + hours(4);
  absl::Status started = daemon->Start();
  while (!started.ok() && clock_.Now() < end) {
    told_.push_back("start: " + MessageOf(started));
    clock_.Advance(minutes(30));
    started = daemon->Start();
  }
  while (started.ok() && clock_.Now() < end &&
         watcher.waits_until().value_or(SlotOf(night)) <= SlotOf(night)) {
    const Micros sleep = daemon->Turn();
    clock_.Advance(std::max<Micros>(sleep, Micros(1)));
  }
  daemon->Stop();
}

}  // namespace retentiond::model
