// A set of 64-bit hashes, 8 bytes each, that is filled first and asked later.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace retentiond {

class SortedHashes {
 public:
  void Add(std::uint64_t hash) {
    hashes_.push_back(hash);
    if (hashes_.size() - sorted_ >= kMostUnsorted + sorted_ / 4) Seal();
  }
  // Lets Contains see what was added.
  void Seal() {
    const auto middle = hashes_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, hashes_.end());
    std::inplace_merge(hashes_.begin(), middle, hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    sorted_ = hashes_.size();
  }
  bool Contains(std::uint64_t hash) const {
    return std::binary_search(
        hashes_.begin(), hashes_.begin() + static_cast<std::ptrdiff_t>(sorted_),
        hash);
  }
  std::size_t size() const { return hashes_.size(); }

 private:
  // Duplicates (a directory above many outputs) are dropped at a merge; with a
  // tail of a quarter and this much, merging stays linear altogether.
  static constexpr std::size_t kMostUnsorted = 64 * 1024;

  std::vector<std::uint64_t> hashes_;
  std::size_t sorted_ = 0;
};

}  // namespace retentiond
