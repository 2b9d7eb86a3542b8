// Guesses from a catalog which table holds the jobs and what its columns mean:
// what `init` proposes and an administrator reads over. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"

namespace retentiond {

struct LayoutGuess {
  std::string table;
  std::vector<std::string> id;  // empty: no primary key
  // The key without its creation time: nothing says that it names one job only.
  bool id_may_repeat = false;
  std::string created;
  std::optional<std::string> status;
  std::vector<std::string> outputs;
  // Tables with columns that look like a job's id, and no foreign key.
  struct Undeclared {
    std::string table;
    std::vector<std::string> columns;  // as many as `id`, or one without an id
  };
  std::vector<Undeclared> dependents;
};

// NotFound when no table looks like a job table; the message lists those that
// there are.
absl::StatusOr<LayoutGuess> GuessLayout(const Catalog& catalog);

// Which of the states that occur mean that a job is over; the others are work
// still to be done.
std::vector<std::string> GuessFinished(const std::vector<std::string>& states);

}  // namespace retentiond
