// The parts of a RunRecord that a database keeps as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/state_store.h"

namespace retentiond {

// DataLoss when `name` is no outcome's name.
absl::StatusOr<RunOutcome> OutcomeOf(const std::string& name);

// JSON arrays of strings, and objects of numbers. Bytes that are not UTF-8 are
// written by EscapeBytes. What is not of that form reads as empty, and what is
// in them of another type is left out: they only inform.
std::string JsonOfTexts(const std::vector<std::string>& texts);
std::vector<std::string> TextsOfJson(const std::string& text);
std::string JsonOfNumbers(const std::map<std::string, double>& numbers);
std::map<std::string, double> NumbersOfJson(const std::string& text);
std::string JsonOfCounts(const std::map<std::string, std::int64_t>& counts);
std::map<std::string, std::int64_t> CountsOfJson(const std::string& text);
// An array of objects; of each what is known.
std::string JsonOfTables(const std::vector<TableChange>& tables);
std::vector<TableChange> TablesOfJson(const std::string& text);

}  // namespace retentiond
