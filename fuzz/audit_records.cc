// The first line is the id of a job, the rest are facts: any bytes make a
// record that is sound, and of which each byte is protected.
#include <nlohmann/json.hpp>
#include <string>

#include "audit/escape.h"
#include "audit/record.h"
#include "audit/verify.h"
#include "fuzz.h"
#include "jobstore/audit_facts.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const auto [id, facts] = fuzz::SplitLine(fuzz::TextOf(data, size));
  const JobId job{std::string(id)};
  AuditRecord first = NextRecord(std::nullopt, Instant(), RunId{1},
                                 std::string(id), std::string(facts));
  const auto parsed = nlohmann::json::parse(first.facts, nullptr, false);
  fuzz::Require(parsed.is_object(), "facts are an object");
  fuzz::Require(
      !nlohmann::json::parse(JsonOfBytes(id), nullptr, false).is_discarded(),
      "any bytes have a JSON form");
  static_cast<void>(DeletesJob(first.facts, job));
  ChainVerifier sound;
  sound.Add(first);
  fuzz::Require(sound.Finish().ok, "a record that was made is sound");
  first.facts += ' ';
  ChainVerifier edited;
  edited.Add(first);
  fuzz::Require(!edited.Finish().ok, "an edit is seen");

  BatchRequest request;
  Batch batch;
  batch.jobs = {job};
  fuzz::Require(DeletesJob(BatchFacts(request, batch), job),
                "a batch's record names its jobs");
  return 0;
}
