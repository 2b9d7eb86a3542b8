// The first line is a name pattern, the others are values of its fields: what
// is not refused is one name in its directory.
#include <algorithm>
#include <string>
#include <vector>

#include "files/name_pattern.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  auto [text, rest] = fuzz::SplitLine(fuzz::TextOf(data, size));
  std::vector<std::string> values;
  while (!rest.empty() && values.size() < 3) {
    const auto [value, more] = fuzz::SplitLine(rest);
    values.emplace_back(value);
    rest = more;
  }
  const auto pattern = NamePattern::Parse(text);
  if (!pattern.ok() || pattern->fields().size() > 4) return 0;
  fuzz::Require(!pattern->fields().empty(), "a pattern reads a field");
  for (const std::string& name :
       pattern->Expand([&](const std::string&) { return values; })) {
    static_cast<void>(EscapeName(name));
    if (!IsRemovableName(name)) continue;
    fuzz::Require(!name.empty() && name.size() <= 255 && name != "." &&
                      name != ".." && name != kTrashName &&
                      name.find('/') == std::string::npos &&
                      name.find('\0') == std::string::npos,
                  "a removable name is one component");
  }
  return 0;
}
