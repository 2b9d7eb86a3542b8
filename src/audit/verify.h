// Finds edits, gaps and forks in a chain of audit records.
#pragma once

#include <optional>
#include <string>

#include "audit/record.h"

namespace retentiond {

struct ChainVerdict {
  bool ok = true;
  std::int64_t records = 0;
  std::optional<AuditHead> head;
  std::string problem;        // empty when ok; names the first bad record
  bool head_checked = false;  // against a head from outside
};

// Takes the records in order of their sequence numbers.
class ChainVerifier {
 public:
  // `expected`: a head noted earlier, outside; the chain must contain it.
  explicit ChainVerifier(std::optional<AuditHead> expected = std::nullopt);

  void Add(const AuditRecord& record);
  ChainVerdict Finish() const;

 private:
  std::optional<AuditHead> expected_;
  ChainVerdict verdict_;
};

}  // namespace retentiond
