#include "alert/chain_watch.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "audit/record.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr char kNote[] = "audit-verified";

std::int64_t NumberOf(AuditSeq seq) { return static_cast<std::int64_t>(seq); }

// "SEQ:HASH"; none where it is something else.
std::optional<AuditHead> ParseHead(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon > 18 ||
      text.find_first_not_of("0123456789") != colon) {
    return std::nullopt;
  }
  return AuditHead{AuditSeq{std::stoll(text)}, text.substr(colon + 1)};
}

absl::Status WriteHead(StateStore& state,
                       const std::optional<AuditHead>& head) {
  if (!head.has_value()) return absl::OkStatus();
  return state.WriteNote(kNote,
                         fmt::format("{}:{}", NumberOf(head->seq), head->hash));
}

// As the next one after `last`; empty when nothing is wrong with it.
std::string ProblemWith(const AuditRecord& record, const AuditHead& last) {
  const std::int64_t expected = NumberOf(last.seq) + 1;
  if (NumberOf(record.seq) != expected) {
    return fmt::format("record {} is missing", expected);
  }
  if (record.previous != last.hash || HashOf(record) != record.hash) {
    return fmt::format("record {} was changed, or the one before it", expected);
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> LookAtChain(StateStore& state) {
  ASSIGN_OR_RETURN(const std::optional<std::string> note,
                   state.ReadNote(kNote));
  std::optional<AuditHead> last = ParseHead(note.value_or(""));
  if (!last.has_value()) {
    ASSIGN_OR_RETURN(last, state.Head());
    RETURN_IF_ERROR(WriteHead(state, last));
    return std::string();
  }
  const AuditHead verified = *last;
  bool found = false;
  std::string problem;
  RETURN_IF_ERROR(
      state.VisitAudit(verified.seq, [&](const AuditRecord& record) {
        if (!found) {
          found = record.seq == verified.seq && record.hash == verified.hash;
        } else if (problem.empty()) {
          problem = ProblemWith(record, *last);
          last = AuditHead{record.seq, record.hash};
        }
        return absl::OkStatus();
      }));
  if (!found) {
    return fmt::format("record {}, the last one of the night before, is gone",
                       NumberOf(verified.seq));
  }
  if (problem.empty()) RETURN_IF_ERROR(WriteHead(state, last));
  return problem;
}

}  // namespace retentiond
