#include "audit/record.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "audit/escape.h"

namespace retentiond {
namespace {

using nlohmann::json;

// What the first record of a chain links to.
const std::string kNoRecord(64, '0');

// The text in its canonical form. What is no JSON object is wrapped into one
// rather than lost: an audit record is written after the fact that it reports.
std::string CanonicalFacts(const std::string& facts) {
  const json parsed = json::parse(facts, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_object()) return parsed.dump();
  return fmt::format(R"({{"text":{}}})", JsonOfBytes(facts));
}

}  // namespace

std::string CanonicalForm(const AuditRecord& record) {
  const std::string run =
      record.run.has_value()
          ? fmt::format("{}", static_cast<std::int64_t>(*record.run))
          : "null";
  // The facts go in as they are stored, so that the hash covers every byte of
  // them and nobody has to agree on how numbers are written.
  return fmt::format(
      "[{},{},{},{},{},{}]", static_cast<std::int64_t>(record.seq),
      JsonOfBytes(FormatInstant(record.time)), run, JsonOfBytes(record.event),
      record.facts, JsonOfBytes(record.previous));
}

std::string HashOf(const AuditRecord& record) {
  const std::string form = CanonicalForm(record);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(form.data()), form.size(),
         digest);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

AuditRecord NextRecord(const std::optional<AuditHead>& head, Instant time,
                       std::optional<RunId> run, std::string event,
                       const std::string& facts) {
  AuditRecord record;
  const std::int64_t last =
      head.has_value() ? static_cast<std::int64_t>(head->seq) : 0;
  record.seq = AuditSeq{last + 1};
  record.time = time;
  record.run = run;
  record.event = std::move(event);
  record.facts = CanonicalFacts(facts);
  record.previous = head.has_value() ? head->hash : kNoRecord;
  record.hash = HashOf(record);
  return record;
}

}  // namespace retentiond
