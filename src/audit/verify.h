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
//
// A chain begins with record 1, or, when it was pruned, with a later one: then
// the newest "checkpoint" record in it must account for exactly the records
// before that one, by sequence and hash (docs/audit-format.md).
class ChainVerifier {
 public:
  // `expected`: a head noted earlier, outside; the chain must contain it, or
  // begin right after it.
  explicit ChainVerifier(std::optional<AuditHead> expected = std::nullopt);

  void Add(const AuditRecord& record);
  ChainVerdict Finish() const;

 private:
  // The problem with the record as the next one; empty when there is none.
  std::string ProblemWith(const AuditRecord& record);
  std::string ProblemWithLink(const AuditRecord& record);
  std::string ProblemWithCheckpoint(const AuditRecord& record);
  std::string ProblemWithExpected(const AuditHead& head);

  std::optional<AuditHead> expected_;
  ChainVerdict verdict_;
  std::optional<AuditHead> dropped_;  // the last record before a pruned chain
  bool accounted_for_ = true;         // a checkpoint names `dropped_`
};

}  // namespace retentiond
