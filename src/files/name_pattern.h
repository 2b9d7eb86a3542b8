// Name patterns: "{id}", "{id}.json", "{nexrenderConfig.uid}".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace retentiond {

// What a cleanup keeps below a root for itself; never an entry to remove.
inline constexpr std::string_view kTrashName = ".retentiond-trash";

class NamePattern {
 public:
  // InvalidArgument on an unclosed, nested or empty brace, or when no field is
  // named: such a name would belong to every job.
  static absl::StatusOr<NamePattern> Parse(std::string_view text);

  // The fields that the pattern reads, in order of appearance.
  const std::vector<std::string>& fields() const { return fields_; }

  // The names of one job: every combination of the fields' values; none when a
  // field has none. A field that is named twice takes the same value in both
  // places.
  std::vector<std::string> Expand(
      const std::function<std::vector<std::string>(const std::string& field)>&
          values) const;

 private:
  // literals_[0] field[0] literals_[1] field[1] ... literals_[n]
  std::vector<std::string> literals_;
  std::vector<std::string> fields_;
};

// Whether `name` is one valid path component that may be removed: not empty,
// not "." or "..", no '/' or NUL, at most 255 bytes, not the trash's name.
bool IsRemovableName(std::string_view name);

// `text` with control characters, quotes, backslashes, what reorders or breaks
// a line in Unicode, and invalid UTF-8 as \xNN: for messages, logs and JSON.
std::string EscapeName(std::string_view text);

}  // namespace retentiond
