#include "jobstore/catalog.h"

#include <algorithm>
#include <string>
#include <vector>

namespace retentiond {

const char* NameOf(OnDelete on_delete) {
  switch (on_delete) {
    case OnDelete::kCascade:
      return "cascade";
    case OnDelete::kSetNull:
      return "set-null";
    case OnDelete::kSetDefault:
      return "set-default";
    case OnDelete::kRestrict:
      return "restrict";
    case OnDelete::kNoAction:
      return "no-action";
    case OnDelete::kDeclared:
      return "declared";
  }
  return "unknown";  // GCOV_EXCL_LINE: every enumerator returned above
}

bool CatalogTable::HasIndexOn(const std::vector<std::string>& searched) const {
  const auto count = static_cast<std::ptrdiff_t>(searched.size());
  return std::any_of(indexes.begin(), indexes.end(),
                     [&](const std::vector<std::string>& index) {
                       return index.size() >= searched.size() &&
                              std::is_permutation(searched.begin(),
                                                  searched.end(), index.begin(),
                                                  index.begin() + count);
                     });
}

bool CatalogTable::IsUnique(const std::vector<std::string>& searched) const {
  const auto is_searched = [&](const std::string& column) {
    return std::find(searched.begin(), searched.end(), column) !=
           searched.end();
  };
  return std::any_of(unique.begin(), unique.end(),
                     [&](const std::vector<std::string>& key) {
                       return std::all_of(key.begin(), key.end(), is_searched);
                     });
}

const CatalogTable* Catalog::Find(const std::string& name) const {
  const auto found = std::find_if(
      tables.begin(), tables.end(),
      [&](const CatalogTable& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace retentiond
