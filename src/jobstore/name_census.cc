// FNV-1a rather than a keyed hash: two names with one hash are kept longer than
// needed and nothing else, so that there is nothing to gain by making them
// collide, and it is stable, short and fast on names of a few dozen bytes.
// By chance, two of a million names collide once in 37 million runs. Two jobs
// with one hash that bear the same name would count as one and let it go too
// early: that takes a retry of just that job, one in 2^64.
#include "jobstore/name_census.h"

#include <string_view>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kOffsetBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kPrime = 0x100000001b3;

std::uint64_t HashOf(std::string_view name) {
  std::uint64_t hash = kOffsetBasis;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kPrime;
  }
  return hash;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NameCensus>> NameCensus::Open() {
  ASSIGN_OR_RETURN(std::unique_ptr<PairSet> pairs, PairSet::Open());
  return std::unique_ptr<NameCensus>(new NameCensus(std::move(pairs)));
}

absl::Status NameCensus::Add(const JobId& job,
                             const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    RETURN_IF_ERROR(pairs_->Insert({HashOf(name), HashOf(job.text)}));
  }
  return absl::OkStatus();
}

absl::Status NameCensus::Remove(const JobId& job,
                                const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    RETURN_IF_ERROR(pairs_->Erase({HashOf(name), HashOf(job.text)}));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> NameCensus::Bearers(const std::string& name) {
  return pairs_->Count(HashOf(name));
}

}  // namespace retentiond
