// One row of the job table, as the rest of the program sees it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace retentiond {

// A job's key as text: the column's value, or a JSON array of the values of a
// composite key. Any bytes; blobs as lower-case hex after "x'".
struct JobId {
  std::string text;

  // clang-tidy 14 takes the 0 that the operator compares with for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const JobId&, const JobId&) = default;
};

// A column, or a path into a JSON column: "nexrenderConfig.uid". A column whose
// name contains the dots wins over a path.
using FieldName = std::string;

// The texts found at a field: none for NULL, a missing path or a JSON null; one
// for a scalar; several for a JSON array of scalars.
using FieldValue = std::vector<std::string>;

enum class JobClass {
  kRecent,     // created at or after the cutoff
  kExpired,    // older than the cutoff, finished
  kInWork,     // older than the cutoff, in work: held
  kUndatable,  // creation time NULL, unreadable or too far ahead
};

struct Job {
  JobId id;
  std::optional<Instant> created;  // none: undatable
  std::string state;               // empty when there is no state column
  JobClass job_class = JobClass::kRecent;
  // One for each field that the store was opened with, in that order.
  std::vector<FieldValue> fields;
};

}  // namespace retentiond
