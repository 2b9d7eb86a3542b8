#include "audit/verify.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace retentiond {
namespace {

using nlohmann::json;

std::int64_t NumberOf(AuditSeq seq) { return static_cast<std::int64_t>(seq); }

// The last record that a checkpoint stands for; none when its facts do not
// say so.
std::optional<AuditHead> LastDropped(const AuditRecord& checkpoint) {
  const json facts =
      json::parse(checkpoint.facts, nullptr, /*allow_exceptions=*/false);
  if (!facts.is_object()) return std::nullopt;
  const auto seq = facts.find("last_seq");
  const auto hash = facts.find("hash");
  if (seq == facts.end() || !seq->is_number_integer() || hash == facts.end() ||
      !hash->is_string()) {
    return std::nullopt;
  }
  return AuditHead{AuditSeq{seq->get<std::int64_t>()},
                   hash->get<std::string>()};
}

}  // namespace

ChainVerifier::ChainVerifier(std::optional<AuditHead> expected)
    : expected_(std::move(expected)) {}

void ChainVerifier::Add(const AuditRecord& record) {
  if (verdict_.ok) {
    verdict_.problem = ProblemWith(record);
    verdict_.ok = verdict_.problem.empty();
  }
  ++verdict_.records;
  verdict_.head = AuditHead{record.seq, record.hash};
}

std::string ChainVerifier::ProblemWith(const AuditRecord& record) {
  if (HashOf(record) != record.hash) {
    return fmt::format("record {} was edited: its hash does not fit it",
                       NumberOf(record.seq));
  }
  if (std::string problem = ProblemWithLink(record); !problem.empty()) {
    return problem;
  }
  if (record.event == "checkpoint") {
    if (std::string problem = ProblemWithCheckpoint(record); !problem.empty()) {
      return problem;
    }
  }
  return ProblemWithExpected({record.seq, record.hash});
}

std::string ChainVerifier::ProblemWithLink(const AuditRecord& record) {
  const std::int64_t seq = NumberOf(record.seq);
  if (!verdict_.head.has_value()) {
    if (seq < 1) return fmt::format("record {} has no valid number", seq);
    if (seq > 1) {
      dropped_ = AuditHead{AuditSeq{seq - 1}, record.previous};
      accounted_for_ = false;
      return ProblemWithExpected(*dropped_);
    }
    if (record.previous != std::string(64, '0')) {
      return "record 1 links to a record before it";
    }
    return "";
  }
  const std::int64_t last = NumberOf(verdict_.head->seq);
  if (seq <= last) {
    return fmt::format("record {} comes again after record {}: a fork", seq,
                       last);
  }
  if (seq > last + 1) {
    return fmt::format("records {} to {} are missing", last + 1, seq - 1);
  }
  if (record.previous != verdict_.head->hash) {
    return fmt::format("record {} does not link to record {}: a fork", seq,
                       last);
  }
  return "";
}

std::string ChainVerifier::ProblemWithCheckpoint(const AuditRecord& record) {
  const std::optional<AuditHead> last = LastDropped(record);
  if (!last.has_value()) {
    return fmt::format("record {} is a checkpoint that names no last record",
                       NumberOf(record.seq));
  }
  // Older checkpoints stand for records that were dropped before these.
  if (dropped_.has_value() && last->seq < dropped_->seq) return "";
  if (last != dropped_) {
    return fmt::format(
        "record {} is a checkpoint for the records up to {}, which is not "
        "where the chain begins",
        NumberOf(record.seq), NumberOf(last->seq));
  }
  accounted_for_ = true;
  return "";
}

std::string ChainVerifier::ProblemWithExpected(const AuditHead& head) {
  if (!expected_.has_value() || head.seq != expected_->seq) return "";
  if (head.hash != expected_->hash) {
    return fmt::format(
        "record {} is not the one that was noted outside: the chain was "
        "rewritten",
        NumberOf(head.seq));
  }
  verdict_.head_checked = true;
  return "";
}

ChainVerdict ChainVerifier::Finish() const {
  ChainVerdict verdict = verdict_;
  if (!verdict.ok) return verdict;
  if (!accounted_for_) {
    verdict.problem = fmt::format(
        "the records up to {} are missing, and no checkpoint "
        "accounts for them",
        NumberOf(dropped_->seq));
  } else if (expected_.has_value() && !verdict.head_checked) {
    const std::int64_t noted = NumberOf(expected_->seq);
    const bool pruned = dropped_.has_value() && expected_->seq < dropped_->seq;
    verdict.problem =
        pruned ? fmt::format(
                     "record {}, noted outside, was dropped with the "
                     "records up to {}; note a newer head",
                     noted, NumberOf(dropped_->seq))
               : fmt::format(
                     "the chain ends before record {}, which was "
                     "noted outside: its tail was cut",
                     noted);
  }
  verdict.ok = verdict.problem.empty();
  return verdict;
}

}  // namespace retentiond
