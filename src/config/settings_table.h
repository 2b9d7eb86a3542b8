// One table of the configuration file, read key by key. Every error is
// InvalidArgument, begins with "FILE:LINE: SECTION.KEY: " and says what was
// expected.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/toml_document.h"

namespace retentiond {

class SettingsTable {
 public:
  // `table` must outlive the object; null: the file has no such table, and
  // every key is absent. `section` is empty for the outermost table.
  SettingsTable(const TomlValue* table, std::string file, std::string section);

  bool Has(const std::string& key) const { return Find(key) != nullptr; }
  bool HasAnyKey() const { return table_ && !table_->entries.empty(); }

  // The readers below leave `value` alone when the key is absent. Texts are
  // not empty and hold no control characters.
  absl::Status ReadText(const std::string& key, std::string& value) const;
  // An array of texts; may be empty.
  absl::Status ReadList(const std::string& key,
                        std::vector<std::string>& value) const;
  absl::Status ReadNonEmptyList(const std::string& key,
                                std::vector<std::string>& value) const;
  // A text counts as a list of one. Not empty.
  absl::Status ReadTextOrList(const std::string& key,
                              std::vector<std::string>& value) const;

  // [key], absent or not.
  absl::StatusOr<SettingsTable> Section(const std::string& key) const;
  // [[key]], none or several.
  absl::StatusOr<std::vector<SettingsTable>> Sections(
      const std::string& key) const;

  // Every key must be one of `known`. An unknown one is answered with the
  // nearest known key, or with the reason why there is no such setting.
  absl::Status CheckKeys(const std::vector<std::string>& known) const;

  // An error about `key`, or about the table where the key is absent.
  absl::Status Error(const std::string& key, const std::string& message) const;

 private:
  const TomlValue* Find(const std::string& key) const;
  std::string NameOf(const std::string& key) const;
  absl::Status CheckText(const std::string& key, const TomlValue& value) const;

  const TomlValue* table_;
  std::string file_;
  std::string section_;
};

// Why a setting that people look for does not exist: the retention period is
// fixed, and some features are not. Empty when `key` is none of those.
std::string ReasonForAbsence(const std::string& key);

}  // namespace retentiond
