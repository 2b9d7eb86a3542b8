// Audit records: a hash chain over canonical forms. The stored format is
// described in docs/audit-format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace retentiond {

enum class RunId : std::int64_t {};

// Position in the chain, from 1.
enum class AuditSeq : std::int64_t {};

struct AuditRecord {
  AuditSeq seq{};
  Instant time;
  std::optional<RunId> run;
  std::string event;     // "batch", "files", "run-begin", ...
  std::string facts;     // one JSON object, in the canonical form below
  std::string previous;  // hash of the record before; 64 zeros for the first
  std::string hash;      // SHA-256 of CanonicalForm, lower-case hex
};

struct AuditHead {
  AuditSeq seq{};
  std::string hash;

  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

// The bytes that are hashed: seq, time, run, event, facts and previous as a
// JSON array without insignificant space, keys of objects sorted.
std::string CanonicalForm(const AuditRecord& record);

// SHA-256 of the canonical form, 64 lower-case hex digits.
std::string HashOf(const AuditRecord& record);

// The next record of a chain that ends in `head` (none: the first record).
AuditRecord NextRecord(const std::optional<AuditHead>& head, Instant time,
                       std::optional<RunId> run, std::string event,
                       const std::string& facts);

}  // namespace retentiond
