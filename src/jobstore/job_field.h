// Where a field of a job is found, and what stands there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobstore/job.h"

namespace retentiond {

struct FieldSource {
  std::string column;
  std::vector<std::string> path;  // keys below it; empty: the column itself

  friend bool operator==(const FieldSource&, const FieldSource&) = default;
};

// The longest beginning of `field`, cut at a dot, that is a column; the rest is
// a path. None when there is no such column: then the field has no value.
std::optional<FieldSource> FindField(const FieldName& field,
                                     const std::vector<std::string>& columns);

// The texts in a JSON document at `path`; a number selects from an array. None
// for what is no JSON, for a missing path, null, an object, and for elements of
// an array that are no scalars.
FieldValue TextsInJson(std::string_view text,
                       const std::vector<std::string>& path);

}  // namespace retentiond
