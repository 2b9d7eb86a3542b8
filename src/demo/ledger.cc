#include "demo/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "config/config.h"

namespace retentiond {
namespace {

using Json = nlohmann::json;

Json ToJson(const FarmFile& file) {
  return {{"path", file.path},     {"kind", static_cast<int>(file.kind)},
          {"target", file.target}, {"size_bytes", file.size_bytes},
          {"hash", file.hash},     {"output", file.output}};
}

Json ToJson(const std::vector<FarmFile>& files) {
  Json list = Json::array();
  for (const FarmFile& file : files) list.push_back(ToJson(file));
  return list;
}

FarmFile FileFrom(const Json& json) {
  return {.path = json.at("path"),
          .kind = static_cast<FarmFile::Kind>(json.at("kind").get<int>()),
          .target = json.at("target"),
          .size_bytes = json.at("size_bytes"),
          .hash = json.at("hash"),
          .output = json.at("output")};
}

std::vector<FarmFile> FilesFrom(const Json& list) {
  std::vector<FarmFile> files;
  for (const Json& json : list) files.push_back(FileFrom(json));
  return files;
}

FarmJob JobFrom(const Json& json) {
  return {.id = json.at("id"),
          .uid = json.at("uid"),
          .state = json.at("state"),
          .output = json.at("output"),
          .created = InstantFromMicros(json.at("created_us")),
          .stored_created = json.at("stored_created"),
          .logs = json.at("logs"),
          .assets = json.at("assets"),
          .files = FilesFrom(json.at("files"))};
}

// Throws what nlohmann throws on a line of another shape.
void Take(const Json& line, LedgerContent& content) {
  if (line.contains("job")) {
    FarmJob job = JobFrom(line["job"]);
    std::optional<Instant> finished;
    if (IsFinished(job.state)) finished = job.created;
    std::string id = job.id;
    content.jobs.emplace(std::move(id), LedgerJob{std::move(job), finished});
  } else if (line.contains("finish")) {
    LedgerJob& entry = content.jobs.at(line["finish"].at("id"));
    entry.job.state = "COMPLETED";
    entry.finished = InstantFromMicros(line["finish"].at("at_us"));
  } else if (line.contains("orphan")) {
    content.orphans.push_back(
        {.newest = InstantFromMicros(line["orphan"].at("newest_us")),
         .files = FilesFrom(line["orphan"].at("files"))});
  } else {
    content.others.push_back(FileFrom(line.at("other")));
  }
}

}  // namespace

bool IsFinished(const std::string& state) {
  const std::vector<std::string> finished = JobsConfig().finished;
  return std::find(finished.begin(), finished.end(), state) != finished.end();
}

absl::StatusOr<Ledger> Ledger::Open(const std::filesystem::path& path) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                   S_IRUSR | S_IWUSR));
  if (!fd.valid()) return ErrnoStatus(errno, "ledger " + path.string());
  return Ledger(std::move(fd));
}

absl::Status Ledger::Append(const std::string& line) {
  const ssize_t written = write(fd_.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    return ErrnoStatus(written < 0 ? errno : ENOSPC, "ledger");
  }
  return absl::OkStatus();
}

absl::Status Ledger::AddJob(const FarmJob& job) {
  return Append(Json{{"job",
                      {{"id", job.id},
                       {"uid", job.uid},
                       {"state", job.state},
                       {"output", job.output},
                       {"created_us", MicrosOf(job.created)},
                       {"stored_created", job.stored_created},
                       {"logs", job.logs},
                       {"assets", job.assets},
                       {"files", ToJson(job.files)}}}}
                    .dump() +
                "\n");
}

absl::Status Ledger::AddFinish(const std::string& id, Instant at) {
  return Append(Json{{"finish", {{"id", id}, {"at_us", MicrosOf(at)}}}}.dump() +
                "\n");
}

absl::Status Ledger::AddOrphan(const FarmOrphan& orphan) {
  return Append(Json{{"orphan",
                      {{"newest_us", MicrosOf(orphan.newest)},
                       {"files", ToJson(orphan.files)}}}}
                    .dump() +
                "\n");
}

absl::Status Ledger::AddOther(const FarmFile& file) {
  return Append(Json{{"other", ToJson(file)}}.dump() + "\n");
}

absl::StatusOr<LedgerContent> ReadLedger(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) return ErrnoStatus(errno, "ledger " + path.string());
  LedgerContent content;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    try {
      Take(Json::parse(line), content);
    } catch (const std::exception& error) {
      return absl::DataLossError(fmt::format(
          "ledger {}, line {}: {}", path.string(), number, error.what()));
    }
  }
  return content;
}

}  // namespace retentiond
