#include "base/nearest_name.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// ASCII only, whatever the locale: keys and zone names have no other letters.
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SameLetter(char a, char b) { return Lower(a) == Lower(b); }

}  // namespace

int EditDistance(const std::string& from, const std::string& to) {
  // Three rows of the usual matrix: the one before last serves the swaps.
  std::vector<int> before_last(to.size() + 1);
  std::vector<int> last(to.size() + 1);
  std::vector<int> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const int replace = SameLetter(from[i - 1], to[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + replace});
      if (i > 1 && j > 1 && SameLetter(from[i - 1], to[j - 2]) &&
          SameLetter(from[i - 2], to[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[to.size()];
}

std::optional<std::string> NearestName(const std::string& name,
                                       const std::vector<std::string>& known) {
  // A third, rounded up: one edit in "ur", two in "outpus", three in a zone.
  int fewest = static_cast<int>((name.size() + 2) / 3) + 1;
  std::optional<std::string> nearest;
  for (const std::string& candidate : known) {
    const int edits = EditDistance(name, candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace retentiond
