// The first line is a field, the second the columns of a table, the rest what
// such a column holds.
#include <string>
#include <vector>

#include "fuzz.h"
#include "jobstore/job_field.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const auto [field, rest] = fuzz::SplitLine(fuzz::TextOf(data, size));
  const auto [column, json] = fuzz::SplitLine(rest);
  const std::vector<std::string> columns = {std::string(column), "id",
                                            "nexrenderConfig"};
  const auto source = FindField(std::string(field), columns);
  static_cast<void>(TextsInJson(json, {}));
  if (!source.has_value()) return 0;
  bool known = false;
  for (const std::string& each : columns) known |= each == source->column;
  fuzz::Require(known, "a field is read from a column that there is");
  static_cast<void>(TextsInJson(json, source->path));
  return 0;
}
