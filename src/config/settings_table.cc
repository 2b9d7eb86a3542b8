#include "config/settings_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/nearest_name.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

bool IsControl(char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; }

// "Keep-Days" as "keep_days": how people spell keys.
std::string Normalised(const std::string& key) {
  std::string text = key;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return text;
}

template <std::size_t n>
bool ContainsAny(const std::string& text,
                 const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

}  // namespace

SettingsTable::SettingsTable(const TomlValue* table, std::string file,
                             std::string section)
    : table_(table), file_(std::move(file)), section_(std::move(section)) {}

const TomlValue* SettingsTable::Find(const std::string& key) const {
  if (table_ == nullptr) return nullptr;
  for (const TomlEntry& entry : table_->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string SettingsTable::NameOf(const std::string& key) const {
  return section_.empty() ? key : section_ + "." + key;
}

absl::Status SettingsTable::Error(const std::string& key,
                                  const std::string& message) const {
  const TomlValue* value = Find(key);
  if (value == nullptr) value = table_;
  const unsigned line = value == nullptr ? 0 : value->line;
  return absl::InvalidArgumentError(
      line == 0
          ? fmt::format("{}: {}: {}", file_, NameOf(key), message)
          : fmt::format("{}:{}: {}: {}", file_, line, NameOf(key), message));
}

absl::Status SettingsTable::CheckText(const std::string& key,
                                      const TomlValue& value) const {
  if (value.kind != TomlValue::Kind::kText) {
    return Error(key,
                 fmt::format("expected a text in quotes, not {}", value.type));
  }
  if (value.text.empty()) {
    return Error(key,
                 "expected a text that is not empty; leave the key out "
                 "for its default");
  }
  if (std::any_of(value.text.begin(), value.text.end(), IsControl)) {
    return Error(key, "expected a text without control characters");
  }
  return absl::OkStatus();
}

absl::Status SettingsTable::ReadText(const std::string& key,
                                     std::string& value) const {
  const TomlValue* const found = Find(key);
  if (found == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(CheckText(key, *found));
  value = found->text;
  return absl::OkStatus();
}

absl::Status SettingsTable::ReadList(const std::string& key,
                                     std::vector<std::string>& value) const {
  const TomlValue* const found = Find(key);
  if (found == nullptr) return absl::OkStatus();
  if (found->kind != TomlValue::Kind::kArray) {
    return Error(key, fmt::format("expected an array of texts, like "
                                  "[\"a\", \"b\"], not {}",
                                  found->type));
  }
  std::vector<std::string> texts;
  for (const TomlValue& element : found->elements) {
    RETURN_IF_ERROR(CheckText(key, element));
    texts.push_back(element.text);
  }
  value = std::move(texts);
  return absl::OkStatus();
}

absl::Status SettingsTable::ReadNonEmptyList(
    const std::string& key, std::vector<std::string>& value) const {
  RETURN_IF_ERROR(ReadList(key, value));
  if (Has(key) && value.empty()) {
    return Error(key,
                 "expected at least one text; leave the key out for its "
                 "default");
  }
  return absl::OkStatus();
}

absl::Status SettingsTable::ReadTextOrList(
    const std::string& key, std::vector<std::string>& value) const {
  const TomlValue* const found = Find(key);
  if (found == nullptr || found->kind == TomlValue::Kind::kArray) {
    return ReadNonEmptyList(key, value);
  }
  RETURN_IF_ERROR(CheckText(key, *found));
  value = {found->text};
  return absl::OkStatus();
}

absl::StatusOr<SettingsTable> SettingsTable::Section(
    const std::string& key) const {
  const TomlValue* const found = Find(key);
  if (found != nullptr && found->kind != TomlValue::Kind::kTable) {
    return Error(
        key, fmt::format("expected a section [{}], not {}", key, found->type));
  }
  return SettingsTable(found, file_, NameOf(key));
}

absl::StatusOr<std::vector<SettingsTable>> SettingsTable::Sections(
    const std::string& key) const {
  std::vector<SettingsTable> sections;
  const TomlValue* const found = Find(key);
  if (found == nullptr) return sections;
  const auto is_table = [](const TomlValue& element) {
    return element.kind == TomlValue::Kind::kTable;
  };
  if (found->kind != TomlValue::Kind::kArray ||
      !std::all_of(found->elements.begin(), found->elements.end(), is_table)) {
    return Error(
        key, fmt::format("expected sections [[{}]], not {}", key, found->type));
  }
  for (const TomlValue& element : found->elements) {
    sections.emplace_back(&element, file_, NameOf(key));
  }
  return sections;
}

absl::Status SettingsTable::CheckKeys(
    const std::vector<std::string>& known) const {
  if (table_ == nullptr) return absl::OkStatus();
  for (const TomlEntry& entry : table_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) {
      continue;
    }
    const std::string reason = ReasonForAbsence(entry.key);
    if (!reason.empty()) return Error(entry.key, reason);
    const std::optional<std::string> nearest = NearestName(entry.key, known);
    return Error(
        entry.key,
        nearest.has_value()
            ? fmt::format("unknown key; did you mean \"{}\"?", *nearest)
            : fmt::format("unknown key; expected one of {}",
                          fmt::join(known, ", ")));
  }
  return absl::OkStatus();
}

std::string ReasonForAbsence(const std::string& key) {
  static constexpr std::array<std::string_view, 11> kRetention = {
      "retention", "retain",     "keep_",  "days",   "max_age", "min_age",
      "maxage",    "older_than", "expire", "expiry", "ttl"};
  static constexpr std::array<std::string_view, 2> kNoFeature = {"archiv",
                                                                 "backup"};
  const std::string name = Normalised(key);
  if (ContainsAny(name, kRetention)) {
    return "the retention period is seven days, by policy, and cannot be "
           "configured; remove this key";
  }
  if (ContainsAny(name, kNoFeature)) {
    return "not a feature: expired jobs are deleted, not kept elsewhere; "
           "remove this key";
  }
  return "";
}

}  // namespace retentiond
