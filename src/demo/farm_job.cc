#include "demo/farm_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// The render manager's ORM has written all three, and one column may hold them
// mixed.
enum class StoredForm { kMillis, kIsoText, kSqlText };

StoredForm FormOf(int number) { return static_cast<StoredForm>(number % 3); }

Instant AsPreciseAs(StoredForm form, Instant created) {
  if (form == StoredForm::kSqlText) {
    return std::chrono::floor<std::chrono::seconds>(created);
  }
  return std::chrono::floor<std::chrono::milliseconds>(created);
}

std::string Stored(StoredForm form, Instant created) {
  const std::int64_t millis = MicrosOf(created) / 1000;
  if (form == StoredForm::kMillis) return std::to_string(millis);
  // "2026-03-16T03:00:00", of which both texts are made
  const std::string seconds =
      FormatInstant(std::chrono::floor<std::chrono::seconds>(created))
          .substr(0, 19);
  if (form == StoredForm::kIsoText) {
    return fmt::format("{}.{:03}+00:00", seconds, millis % 1000);
  }
  return seconds.substr(0, 10) + " " + seconds.substr(11);
}

FarmFile File(const std::filesystem::path& path, std::int64_t size_bytes) {
  return {.path = path.string(),
          .size_bytes = size_bytes,
          .hash = HashOfContent(ContentOf(path.string(), size_bytes))};
}

FarmFile Output(const std::filesystem::path& path, std::int64_t size_bytes) {
  FarmFile file = File(path, size_bytes);
  file.output = true;
  return file;
}

// nexrender's own default puts the result into the job's directory; an image
// sequence is one output of many files; most farms copy the result elsewhere.
void AddOutput(int number, const std::filesystem::path& directory,
               const FarmPaths& paths, FarmJob& job) {
  if (number % 40 == 7) {
    job.files.push_back(Output(directory / "result.mp4", 4000));
    job.output = job.files.back().path;
    return;
  }
  if (number % 50 == 23) {
    for (int frame = 0; frame < 5; ++frame) {
      job.files.push_back(Output(
          directory / "frames" / fmt::format("frame_{:05}.png", frame), 700));
    }
    job.output = directory / "frames" / "frame_[#####].png";
    return;
  }
  job.files.push_back(
      Output(paths.outputs / fmt::format("render-{}.mp4", number), 3000));
  const FarmFile output = job.files.back();
  job.output = number % 4 == 1 ? "file://" + output.path : output.path;
  if (number % 60 == 33) {
    job.files.push_back({.path = directory / "delivered.mp4",
                         .kind = FarmFile::Kind::kHardLink,
                         .target = output.path,
                         .size_bytes = output.size_bytes,
                         .hash = output.hash});
  }
}

}  // namespace

std::string ContentOf(const std::string& path, std::int64_t size_bytes) {
  // A seed of the path, then the numbers from there on.
  std::uint64_t number = HashOfContent(path);
  std::string content(static_cast<std::size_t>(size_bytes), '\0');
  for (std::size_t at = 0; at < content.size(); at += sizeof(number)) {
    std::memcpy(content.data() + at, &number,
                std::min(sizeof(number), content.size() - at));
    ++number;
  }
  return content;
}

std::uint64_t HashOfContent(const std::string& content) {
  std::uint64_t hash = 14695981039346656037U;  // FNV's offset basis and prime
  const char* const end = content.data() + content.size();
  for (const char* byte = content.data(); byte != end; ++byte) {
    hash = (hash ^ static_cast<unsigned char>(*byte)) * 1099511628211U;
  }
  return hash;
}

FarmJob MakeJob(int number, Instant created, std::string state,
                const FarmPaths& paths) {
  const StoredForm form = FormOf(number);
  FarmJob job{.id = fmt::format("cldemo{:06}", number),
              .uid = fmt::format("uid{}", number),
              .state = std::move(state),
              .created = AsPreciseAs(form, created),
              .logs = 2 + number % 4,
              .assets = 1 + number % 3};
  job.stored_created = Stored(form, job.created);
  const std::filesystem::path directory = paths.temporary / job.uid;
  job.files = {File(directory / "project.aep", 2000 + number % 500),
               File(directory / "nexrender-script.jsx", 400),
               File(directory / "footage" / "background.mov", 3000),
               File(directory / "footage" / "voice over.wav", 1500),
               File(paths.logs / (job.id + ".log"), 300)};
  if (number % 10 == 3) {
    job.files.push_back(File(paths.temporary / (job.id + ".json"), 200));
  }
  if (number % 50 == 11) {
    const std::string target = paths.library.string();
    job.files.push_back({.path = directory / "shared",
                         .kind = FarmFile::Kind::kSymbolicLink,
                         .target = target,
                         .hash = HashOfContent(target)});
  }
  AddOutput(number, directory, paths, job);
  return job;
}

std::vector<std::pair<std::string, std::string>> ColumnsOf(const FarmJob& job) {
  return {{"id", job.id},
          {"userId", "cldemo-user"},
          {"projectPath", "C:\\Projects\\" + job.uid + "\\comp.aep"},
          {"outputPath", job.output},
          {"status", job.state},
          {"priority", "0"},
          {"nexrenderConfig",
           fmt::format("{{\"uid\":\"{}\",\"template\":{{\"src\":"
                       "\"file:///srv/{}.aep\",\"composition\":\"main\"}}}}",
                       job.uid, job.uid)},
          {"logs", "[nexrender] starting\nfinished"},
          {"createdAt", job.stored_created},
          {"updatedAt", job.stored_created}};
}

}  // namespace retentiond
