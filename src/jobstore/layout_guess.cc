#include "jobstore/layout_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// Names as the known queues and ORMs spell them, folded by Fold. The better
// name stands first.
constexpr std::array<std::string_view, 10> kTables = {
    "job",       "jobs",  "renderjob", "renderjobs", "queuejob",
    "queuejobs", "tasks", "task",      "renders",    "render"};
constexpr std::array<std::string_view, 8> kCreated = {
    "createdat",  "created",     "createdon",  "creationtime",
    "insertedat", "submittedat", "enqueuedat", "queuedat"};
constexpr std::array<std::string_view, 4> kStatus = {"status", "state",
                                                     "jobstatus", "jobstate"};
constexpr std::array<std::string_view, 6> kOutputs = {
    "outputpath", "output",     "outputfile",
    "outputdir",  "resultpath", "outputuri"};
constexpr std::array<std::string_view, 14> kFinished = {
    "completed", "complete", "finished", "done",     "success",
    "succeeded", "failed",   "failure",  "error",    "errored",
    "cancelled", "canceled", "aborted",  "discarded"};

// Lower case without underscores: "createdAt", "created_at" and "CREATED_AT"
// are the same word.
std::string Fold(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c == '_') continue;
    folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

// "jobs" of "queue.jobs".
std::string_view BareName(std::string_view table) {
  return table.substr(table.rfind('.') + 1);
}

template <std::size_t n>
std::optional<std::string> FindColumn(
    const CatalogTable& table, const std::array<std::string_view, n>& wanted) {
  for (const std::string_view name : wanted) {
    for (const std::string& column : table.columns) {
      if (Fold(column) == name) return column;
    }
  }
  return std::nullopt;
}

const CatalogTable* FindJobTable(const Catalog& catalog) {
  for (const std::string_view name : kTables) {
    for (const CatalogTable& table : catalog.tables) {
      const std::string folded = Fold(BareName(table.name));
      if (folded == name && FindColumn(table, kCreated).has_value()) {
        return &table;
      }
    }
  }
  return nullptr;
}

// "jobs" and "job_id": a column that is called after the table.
bool NamesJob(const std::string& column, const std::string& table) {
  std::string singular = Fold(BareName(table));
  if (singular.ends_with('s')) singular.pop_back();
  const std::string folded = Fold(column);
  return folded == singular + "id" || folded == "jobid";
}

bool Refers(const Catalog& catalog, const std::string& table,
            const std::string& column) {
  return std::any_of(catalog.references.begin(), catalog.references.end(),
                     [&](const Reference& reference) {
                       return reference.table == table &&
                              std::find(reference.columns.begin(),
                                        reference.columns.end(),
                                        column) != reference.columns.end();
                     });
}

// The key but for the creation time, which a partitioned table needs in it.
std::vector<std::string> IdOf(const CatalogTable& table,
                              const std::string& created) {
  std::vector<std::string> id;
  for (const std::string& column : table.primary_key) {
    if (column != created) id.push_back(column);
  }
  return id;
}

// The columns of `other` that look like a job's id: that which is called after
// the table for the last one, those of the same names for what stands before it
// (a tenant's). Empty: it has none, or a foreign key says it already.
std::vector<std::string> ColumnsLikeId(const Catalog& catalog,
                                       const CatalogTable& other,
                                       const LayoutGuess& guess) {
  std::vector<std::string> columns(guess.id.begin(),
                                   guess.id.end() - (guess.id.empty() ? 0 : 1));
  for (const std::string& column : columns) {
    if (std::find(other.columns.begin(), other.columns.end(), column) ==
        other.columns.end()) {
      return {};
    }
  }
  for (const std::string& column : other.columns) {
    if (!NamesJob(column, guess.table)) continue;
    if (Refers(catalog, other.name, column)) continue;
    columns.push_back(column);
    return columns;
  }
  return {};
}

}  // namespace

absl::StatusOr<LayoutGuess> GuessLayout(const Catalog& catalog) {
  const CatalogTable* table = FindJobTable(catalog);
  if (table == nullptr) {
    std::string names;
    for (const CatalogTable& other : catalog.tables) {
      names += (names.empty() ? "" : ", ") + other.name;
    }
    return absl::InvalidArgumentError(fmt::format(
        "no table looks like a job table with a creation time; there {}; "
        "describe yours in [jobs]",
        names.empty() ? std::string("are none") : "are " + names));
  }
  LayoutGuess guess{.table = table->name,
                    .created = *FindColumn(*table, kCreated),
                    .status = FindColumn(*table, kStatus)};
  guess.id = IdOf(*table, guess.created);
  guess.id_may_repeat = guess.id.size() < table->primary_key.size();
  const std::optional<std::string> output = FindColumn(*table, kOutputs);
  if (output.has_value()) guess.outputs.push_back(*output);
  for (const CatalogTable& other : catalog.tables) {
    if (other.name == table->name) continue;
    std::vector<std::string> columns = ColumnsLikeId(catalog, other, guess);
    if (columns.empty()) continue;
    guess.dependents.push_back({other.name, std::move(columns)});
  }
  return guess;
}

std::vector<std::string> GuessFinished(const std::vector<std::string>& states) {
  std::vector<std::string> finished;
  for (const std::string& state : states) {
    if (std::find(kFinished.begin(), kFinished.end(), Fold(state)) !=
        kFinished.end()) {
      finished.push_back(state);
    }
  }
  return finished;
}

}  // namespace retentiond
