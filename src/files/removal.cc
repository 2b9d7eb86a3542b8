#include "files/removal.h"

namespace retentiond {

void Removal::Add(const Removal& other) {
  files += other.files;
  directories += other.directories;
  bytes += other.bytes;
  shielded += other.shielded;
  kept_total += other.kept_total;
  deferred += other.deferred;
  errors_total += other.errors_total;
  for (const auto& [reason, count] : other.kept_by_reason) {
    kept_by_reason[reason] += count;
  }
  for (const KeptEntry& entry : other.kept) {
    if (kept.size() < kMostKept) kept.push_back(entry);
  }
  for (const std::string& error : other.errors) {
    if (errors.size() < kMostErrors) errors.push_back(error);
  }
}

}  // namespace retentiond
