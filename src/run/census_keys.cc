#include "run/census_keys.h"

#include "files/log_files.h"
#include "files/name_pattern.h"

namespace retentiond {

std::string TemporaryKey(const std::string& name) { return "t/" + name; }

std::string LogKey(const std::string& name) { return "l/" + name; }

std::string PathKey(const std::string& path) { return "p/" + path; }

std::string GoneKey(const std::string& root, const std::string& name) {
  return "g/" + root + "/" + name;
}

std::vector<std::string> KeysOf(const PendingFile& entry) {
  switch (entry.kind) {
    case PendingFile::Kind::kTemporary:
      return {TemporaryKey(entry.name)};
    case PendingFile::Kind::kPath:
      return {PathKey(entry.root + "/" + entry.name)};
    case PendingFile::Kind::kLogDirectory:
      return {LogKey(entry.name)};
    case PendingFile::Kind::kLog:
      break;
  }
  std::vector<std::string> keys = {LogKey(entry.name)};
  for (const std::string& file : FilesOfCompanion(entry.name)) {
    keys.push_back(LogKey(file));
  }
  return keys;
}

std::string PathOf(const PendingFile& entry) {
  return EscapeName(entry.root + "/" + entry.name);
}

}  // namespace retentiond
