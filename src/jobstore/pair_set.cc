#include "jobstore/pair_set.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <queue>
#include <utility>

#include "base/scratch_file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// In memory at most: some 3 MB of a std::set.
constexpr std::size_t kMostRecent = 64 * 1024;
// A page of 4 KiB, as the kernel caches them.
constexpr std::size_t kPagePairs = 256;

using Page = std::array<HashPair, kPagePairs>;

absl::Status WriteAll(int file, off_t offset, const HashPair* pairs,
                      std::size_t count) {
  const char* bytes = reinterpret_cast<const char*>(pairs);
  std::size_t left = count * sizeof(HashPair);
  while (left > 0) {
    const ssize_t written = pwrite(file, bytes, left, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ErrnoStatus(errno, "write a scratch file");
    bytes += written;
    offset += written;
    left -= static_cast<std::size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int file, off_t offset, HashPair* pairs,
                     std::size_t count) {
  char* bytes = reinterpret_cast<char*>(pairs);
  std::size_t left = count * sizeof(HashPair);
  while (left > 0) {
    const ssize_t got = pread(file, bytes, left, offset);
    if (got < 0 && errno == EINTR) continue;
    // The end of the file is as wrong here as an error: a run lies before it.
    if (got <= 0)
      return ErrnoStatus(got < 0 ? errno : EIO, "read a scratch file");
    bytes += got;
    offset += got;
    left -= static_cast<std::size_t>(got);
  }
  return absl::OkStatus();
}

off_t OffsetOf(off_t run, std::size_t pair) {
  return run + static_cast<off_t>(pair * sizeof(HashPair));
}

}  // namespace

// Appends one run to a file, page by page.
class PairSet::RunWriter {
 public:
  RunWriter(int file, off_t offset) : file_(file), run_{.offset = offset} {}

  absl::Status Add(const HashPair& pair) {
    if (used_ == 0) run_.fences.push_back(pair.first);
    page_[used_++] = pair;
    return used_ == kPagePairs ? Flush() : absl::OkStatus();
  }
  absl::StatusOr<Run> Finish() {
    RETURN_IF_ERROR(Flush());
    run_.erased.resize(run_.size);
    return std::move(run_);
  }

 private:
  absl::Status Flush() {
    RETURN_IF_ERROR(
        WriteAll(file_, OffsetOf(run_.offset, run_.size), page_.data(), used_));
    run_.size += std::exchange(used_, 0);
    return absl::OkStatus();
  }

  int file_;
  Run run_;
  Page page_;
  std::size_t used_ = 0;
};

// Reads a run in order, without what was erased.
class PairSet::RunReader {
 public:
  RunReader(int file, const Run& run) : file_(file), run_(run) {}

  // False at the end.
  absl::StatusOr<bool> Next() {
    while (next_ < run_.size) {
      const std::size_t position = next_++;
      if (position % kPagePairs == 0) {
        RETURN_IF_ERROR(ReadAll(file_, OffsetOf(run_.offset, position),
                                page_.data(),
                                std::min(kPagePairs, run_.size - position)));
      }
      if (run_.erased[position]) continue;
      pair_ = page_[position % kPagePairs];
      return true;
    }
    return false;
  }
  const HashPair& pair() const { return pair_; }

 private:
  int file_;
  const Run& run_;
  Page page_;
  HashPair pair_;
  std::size_t next_ = 0;
};

absl::StatusOr<std::unique_ptr<PairSet>> PairSet::Open() {
  ASSIGN_OR_RETURN(UniqueFd file, OpenScratchFile());
  return std::unique_ptr<PairSet>(new PairSet(std::move(file)));
}

absl::Status PairSet::Insert(const HashPair& pair) {
  recent_.insert(pair);
  return recent_.size() < kMostRecent ? absl::OkStatus() : Spill();
}

absl::Status PairSet::Seal() {
  return runs_.size() > 1 ? Merge() : absl::OkStatus();
}

absl::Status PairSet::Erase(const HashPair& pair) {
  recent_.erase(pair);
  for (Run& run : runs_) {
    RETURN_IF_ERROR(VisitRun(run, pair.first,
                             [&](const HashPair& found, std::size_t position) {
                               if (found == pair) run.erased[position] = true;
                             }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> PairSet::Count(std::uint64_t first) {
  // A pair may be in several runs.
  std::set<std::uint64_t> seconds;
  for (auto pair = recent_.lower_bound({.first = first});
       pair != recent_.end() && pair->first == first; ++pair) {
    seconds.insert(pair->second);
  }
  for (const Run& run : runs_) {
    RETURN_IF_ERROR(
        VisitRun(run, first, [&](const HashPair& pair, std::size_t) {
          seconds.insert(pair.second);
        }));
  }
  return static_cast<std::int64_t>(seconds.size());
}

absl::Status PairSet::Spill() {
  RunWriter writer(file_.get(), end_);
  for (const HashPair& pair : recent_) RETURN_IF_ERROR(writer.Add(pair));
  ASSIGN_OR_RETURN(Run run, writer.Finish());
  end_ = OffsetOf(run.offset, run.size);
  runs_.push_back(std::move(run));
  recent_.clear();
  return absl::OkStatus();
}

absl::Status PairSet::Merge() {
  std::vector<std::unique_ptr<RunReader>> readers;
  const auto later = [&](std::size_t a, std::size_t b) {
    return readers[a]->pair() > readers[b]->pair();
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)>
      next(later);
  for (const Run& run : runs_) {
    readers.push_back(std::make_unique<RunReader>(file_.get(), run));
    ASSIGN_OR_RETURN(const bool any, readers.back()->Next());
    if (any) next.push(readers.size() - 1);
  }

  ASSIGN_OR_RETURN(UniqueFd merged, OpenScratchFile());
  RunWriter writer(merged.get(), 0);
  bool first = true;
  HashPair last;
  while (!next.empty()) {
    const std::size_t reader = next.top();
    next.pop();
    const HashPair pair = readers[reader]->pair();
    if (first || pair != last) RETURN_IF_ERROR(writer.Add(pair));
    first = false;
    last = pair;
    ASSIGN_OR_RETURN(const bool more, readers[reader]->Next());
    if (more) next.push(reader);
  }
  ASSIGN_OR_RETURN(Run run, writer.Finish());
  file_ = std::move(merged);
  end_ = OffsetOf(0, run.size);
  runs_.clear();
  runs_.push_back(std::move(run));
  return absl::OkStatus();
}

template <typename Visitor>
absl::Status PairSet::VisitRun(const Run& run, std::uint64_t first,
                               const Visitor& visit) const {
  // The pairs with that half may begin in the page before the first fence that
  // is not below it.
  const auto fence =
      std::lower_bound(run.fences.begin(), run.fences.end(), first);
  auto page = static_cast<std::size_t>(fence - run.fences.begin());
  if (page > 0) --page;
  for (; page < run.fences.size() && run.fences[page] <= first; ++page) {
    const std::size_t begin = page * kPagePairs;
    const std::size_t size = std::min(kPagePairs, run.size - begin);
    Page pairs;
    RETURN_IF_ERROR(
        ReadAll(file_.get(), OffsetOf(run.offset, begin), pairs.data(), size));
    const auto end = pairs.begin() + static_cast<std::ptrdiff_t>(size);
    auto pair = std::lower_bound(pairs.begin(), end, HashPair{.first = first});
    for (; pair != end && pair->first == first; ++pair) {
      const std::size_t position =
          begin + static_cast<std::size_t>(pair - pairs.begin());
      if (!run.erased[position]) visit(*pair, position);
    }
  }
  return absl::OkStatus();
}

}  // namespace retentiond
