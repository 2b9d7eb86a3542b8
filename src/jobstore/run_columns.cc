#include "jobstore/run_columns.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/escape.h"

namespace retentiond {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, std::optional<std::int64_t> TableChange::*>
    kTableCounts[] = {{"bytes_before", &TableChange::bytes_before},
                      {"bytes_after", &TableChange::bytes_after},
                      {"dead_rows_before", &TableChange::dead_rows_before},
                      {"dead_rows_after", &TableChange::dead_rows_after}};

std::string Utf8Of(const std::string& bytes) {
  return IsUtf8(bytes) ? bytes : EscapeBytes(bytes);
}

}  // namespace

absl::StatusOr<RunOutcome> OutcomeOf(const std::string& name) {
  for (const RunOutcome outcome :
       {RunOutcome::kSuccess, RunOutcome::kPartial, RunOutcome::kBlocked,
        RunOutcome::kFailed, RunOutcome::kInterrupted}) {
    if (name == NameOf(outcome)) return outcome;
  }
  return absl::DataLossError(
      fmt::format("\"{}\" is no outcome of a run", EscapeBytes(name)));
}

std::string JsonOfTexts(const std::vector<std::string>& texts) {
  json array = json::array();
  for (const std::string& text : texts) array.push_back(Utf8Of(text));
  return array.dump();
}

std::vector<std::string> TextsOfJson(const std::string& text) {
  std::vector<std::string> texts;
  const json array = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!array.is_array()) return texts;
  for (const json& value : array) {
    if (value.is_string()) texts.push_back(value.get<std::string>());
  }
  return texts;
}

std::string JsonOfNumbers(const std::map<std::string, double>& numbers) {
  json object = json::object();
  for (const auto& [key, value] : numbers) object[Utf8Of(key)] = value;
  return object.dump();
}

std::map<std::string, double> NumbersOfJson(const std::string& text) {
  std::map<std::string, double> numbers;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return numbers;
  for (const auto& [key, value] : object.items()) {
    if (value.is_number()) numbers[key] = value.get<double>();
  }
  return numbers;
}

std::string JsonOfCounts(const std::map<std::string, std::int64_t>& counts) {
  json object = json::object();
  for (const auto& [key, count] : counts) object[Utf8Of(key)] = count;
  return object.dump();
}

std::map<std::string, std::int64_t> CountsOfJson(const std::string& text) {
  std::map<std::string, std::int64_t> counts;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return counts;
  for (const auto& [key, value] : object.items()) {
    if (value.is_number_integer()) counts[key] = value.get<std::int64_t>();
  }
  return counts;
}

std::string JsonOfTables(const std::vector<TableChange>& tables) {
  json array = json::array();
  for (const TableChange& table : tables) {
    json object = {{"table", Utf8Of(table.table)},
                   {"vacuum", Utf8Of(table.vacuum)}};
    for (const auto& [key, member] : kTableCounts) {
      if ((table.*member).has_value()) object[key] = *(table.*member);
    }
    array.push_back(std::move(object));
  }
  return array.dump();
}

std::vector<TableChange> TablesOfJson(const std::string& text) {
  std::vector<TableChange> tables;
  const json array = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!array.is_array()) return tables;
  for (const json& object : array) {
    if (!object.is_object()) continue;
    TableChange table;
    for (const auto& [key, value] : object.items()) {
      if (key == "table" && value.is_string()) table.table = value;
      if (key == "vacuum" && value.is_string()) table.vacuum = value;
      for (const auto& [name, member] : kTableCounts) {
        if (key == name && value.is_number_integer()) {
          table.*member = value.get<std::int64_t>();
        }
      }
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace retentiond
