#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "config/sections.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

constexpr char kDefaultTempRoot[] = "/tmp/nexrender";

// By name only: links and mounts are looked at where the roots are opened.
bool IsSameOrBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end())
             .first == root.end();
}

absl::StatusOr<fs::path> ParseRoot(const std::string& text) {
  const fs::path path = text;
  if (!path.is_absolute()) {
    return absl::InvalidArgumentError(
        fmt::format("expected an absolute path, not \"{}\"", text));
  }
  if (std::find(path.begin(), path.end(), "..") != path.end()) {
    return absl::InvalidArgumentError(
        fmt::format("expected a path without \"..\", not \"{}\"", text));
  }
  fs::path root = path.lexically_normal();
  if (root == root.root_path()) {
    return absl::InvalidArgumentError(
        "\"/\" cannot be a root: everything lies below it");
  }
  return root.has_filename() ? root : root.parent_path();
}

absl::Status ReadRoots(const SettingsTable& table, const std::string& key,
                       std::vector<fs::path>& roots) {
  std::vector<std::string> texts;
  RETURN_IF_ERROR(table.ReadList(key, texts));
  for (const std::string& text : texts) {
    const absl::StatusOr<fs::path> root = ParseRoot(text);
    if (!root.ok()) return table.Error(key, MessageOf(root.status()));
    roots.push_back(*root);
  }
  return absl::OkStatus();
}

absl::Status ReadDefaultTempRoot(const Environment& env,
                                 std::vector<fs::path>& roots) {
  const absl::StatusOr<fs::path> root =
      ParseRoot(env("TEMP_DIR").value_or(kDefaultTempRoot));
  if (!root.ok()) return Annotate(root.status(), "TEMP_DIR");
  roots.push_back(*root);
  return absl::OkStatus();
}

// Each directory is to be cleaned by one rule only.
absl::Status CheckRootsApart(const SettingsTable& table,
                             const FilesConfig& files) {
  std::vector<fs::path> seen;
  for (const auto& [key, roots] : {std::pair("temp_roots", &files.temp_roots),
                                   std::pair("log_roots", &files.log_roots)}) {
    for (const fs::path& root : *roots) {
      for (const fs::path& other : seen) {
        if (root == other) {
          return table.Error(key, fmt::format("\"{}\" is named twice as a root",
                                              root.string()));
        }
        if (IsSameOrBelow(root, other) || IsSameOrBelow(other, root)) {
          return table.Error(
              key, fmt::format("the roots \"{}\" and \"{}\" lie one below the "
                               "other",
                               root.string(), other.string()));
        }
      }
      seen.push_back(root);
    }
  }
  return absl::OkStatus();
}

// What the braces must look like; the pattern itself is parsed where names are
// made of it.
bool BracesAreSound(const std::string& pattern) {
  constexpr char kBraces[] = "{}";
  std::size_t open = pattern.find_first_of(kBraces);
  if (open == std::string::npos) return false;
  while (open != std::string::npos) {
    const std::size_t close = pattern.find_first_of(kBraces, open + 1);
    if (pattern[open] != '{' || close == std::string::npos) return false;
    if (pattern[close] != '}' || close == open + 1) return false;
    open = pattern.find_first_of(kBraces, close + 1);
  }
  return true;
}

absl::Status ReadNamePatterns(const SettingsTable& table,
                              const std::string& key,
                              std::vector<std::string>& patterns) {
  RETURN_IF_ERROR(table.ReadNonEmptyList(key, patterns));
  for (const std::string& pattern : patterns) {
    if (!BracesAreSound(pattern)) {
      return table.Error(key, fmt::format("expected a name with a field in "
                                          "braces, like \"{{id}}.json\", not "
                                          "\"{}\"",
                                          pattern));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNoSlash(const SettingsTable& table, const std::string& key,
                          const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern.find('/') == std::string::npos) continue;
    return table.Error(key, fmt::format("expected a name directly below a "
                                        "root, without \"/\", not \"{}\"",
                                        pattern));
  }
  return absl::OkStatus();
}

// A log's name may lead through directories below the root, but not out.
absl::Status CheckLeadsDown(const SettingsTable& table, const std::string& key,
                            const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const std::string path = "/" + pattern + "/";
    bool sound = true;
    for (const char* part : {"//", "/./", "/../"}) {
      sound = sound && path.find(part) == std::string::npos;
    }
    if (sound) continue;
    return table.Error(
        key, fmt::format("expected a path below a root, without \"..\" and "
                         "empty parts, not \"{}\"",
                         pattern));
  }
  return absl::OkStatus();
}

// The defaults speak of the last column of the id ("{id}" of ["tenant_id",
// "id"]); a name that several jobs bear is kept until the last of them goes.
void SetDefaultNames(const JobsConfig& jobs, FilesConfig& files) {
  const std::string field = "{" + jobs.id.back() + "}";
  if (jobs.table != JobsConfig().table) {
    files.job_names = {field, field + ".json"};
  }
  files.log_names = {field + ".log"};
}

}  // namespace

absl::StatusOr<FilesConfig> ReadFiles(const SettingsTable& table,
                                      const JobsConfig& jobs,
                                      const Environment& env) {
  RETURN_IF_ERROR(
      table.CheckKeys({"temp_roots", "job_names", "job_paths", "log_roots",
                       "log_names", "output_names", "owner"}));
  FilesConfig files;
  SetDefaultNames(jobs, files);
  RETURN_IF_ERROR(table.Has("temp_roots")
                      ? ReadRoots(table, "temp_roots", files.temp_roots)
                      : ReadDefaultTempRoot(env, files.temp_roots));
  RETURN_IF_ERROR(ReadRoots(table, "log_roots", files.log_roots));
  RETURN_IF_ERROR(CheckRootsApart(table, files));
  RETURN_IF_ERROR(ReadNamePatterns(table, "job_names", files.job_names));
  RETURN_IF_ERROR(CheckNoSlash(table, "job_names", files.job_names));
  RETURN_IF_ERROR(ReadNamePatterns(table, "log_names", files.log_names));
  RETURN_IF_ERROR(CheckLeadsDown(table, "log_names", files.log_names));
  RETURN_IF_ERROR(table.ReadList("job_paths", files.job_paths));
  RETURN_IF_ERROR(table.ReadNonEmptyList("output_names", files.output_names));
  RETURN_IF_ERROR(CheckNoSlash(table, "output_names", files.output_names));
  if (table.Has("owner")) {
    RETURN_IF_ERROR(table.ReadText("owner", files.owner.emplace()));
  }
  return files;
}

absl::Status CheckNotBelowARoot(const FilesConfig& files, const fs::path& path,
                                const char* what) {
  for (const std::vector<fs::path>* const roots :
       {&files.temp_roots, &files.log_roots}) {
    for (const fs::path& root : *roots) {
      if (!IsSameOrBelow(path, root)) continue;
      return absl::InvalidArgumentError(fmt::format(
          "{}: \"{}\" lies below the root \"{}\", where files are removed; "
          "move one of the two",
          what, path.string(), root.string()));
    }
  }
  return absl::OkStatus();
}

}  // namespace retentiond
