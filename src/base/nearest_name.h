// "Did you mean ...?"
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace retentiond {

// Edits that turn `from` into `to`, upper and lower case being the same: a
// character added, left out or replaced, or two neighbours swapped
// (Damerau-Levenshtein, each neighbourhood edited once).
int EditDistance(const std::string& from, const std::string& to);

// The known name with the fewest edits from `name`, the first of equals; none
// when all are further away than a third of its length.
std::optional<std::string> NearestName(const std::string& name,
                                       const std::vector<std::string>& known);

}  // namespace retentiond
