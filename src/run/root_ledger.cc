#include "run/root_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "files/name_pattern.h"

namespace retentiond {
namespace {

// By the header: found so on two nights.
constexpr int kNightsToTrust = 2;

template <typename Condition>
const RootRecord* Find(const std::vector<RootRecord>& known,
                       const Condition& condition) {
  const auto found = std::find_if(known.begin(), known.end(), condition);
  return found == known.end() ? nullptr : &*found;
}

RootRecord RecordOf(const FoundRoot& found, const RootLedger& ledger,
                    int nights) {
  return {.id = found.id,
          .path = found.path,
          .machine = ledger.machine,
          .device = found.device,
          .inode = found.inode,
          .nights = nights,
          .last_slot = ledger.slot,
          .seen = ledger.now};
}

RootJudgement Unfamiliar(const std::string& reason) {
  return {RootStanding::kUnfamiliar,
          reason +
              "; nothing there is removed until it is found again on another "
              "night",
          std::nullopt};
}

RootJudgement JudgeKnown(const RootRecord& known, const FoundRoot& found,
                         const RootLedger& ledger) {
  const bool same = known.inode == found.inode;
  int nights = 1;
  if (same) {
    const bool another_night = known.last_slot != ledger.slot;
    nights = std::min(known.nights + (another_night ? 1 : 0), kNightsToTrust);
  }
  RootJudgement judgement;
  if (nights < kNightsToTrust) {
    judgement = Unfamiliar(same ? "is not yet known as a root"
                                : "is a copy of what it was before");
  }
  judgement.record = RecordOf(found, ledger, nights);
  return judgement;
}

}  // namespace

RootJudgement JudgeRoot(const FoundRoot& found, const RootLedger& ledger) {
  const std::vector<RootRecord>& known = ledger.known;
  const RootRecord* const same_id =
      found.id.empty() ? nullptr : Find(known, [&](const RootRecord& root) {
        return root.id == found.id;
      });
  if (same_id != nullptr) return JudgeKnown(*same_id, found, ledger);

  const bool only_others =
      !known.empty() && Find(known, [&](const RootRecord& root) {
                          return root.machine == ledger.machine;
                        }) == nullptr;
  if (only_others) {
    return {RootStanding::kForeign,
            fmt::format(
                "is not a root that the runs on {} have worked on: this "
                "machine, {}, has files of its own. Let only one of them run "
                "the daemon, or share the directory",
                EscapeName(known.front().machine), EscapeName(ledger.machine)),
            std::nullopt};
  }
  const RootRecord* const same_path = Find(
      known, [&](const RootRecord& root) { return root.path == found.path; });
  const bool seems_same = same_path != nullptr && found.id_is_hidden &&
                          same_path->device == found.device &&
                          same_path->inode == found.inode;
  RootJudgement judgement;
  int nights = kNightsToTrust;
  if (same_path != nullptr && !seems_same) {
    judgement = Unfamiliar(
        "is another directory than on the nights before: a disk may be away");
    nights = 1;
  }
  if (!found.id.empty()) judgement.record = RecordOf(found, ledger, nights);
  return judgement;
}

bool WasOurs(const RootRecord& root) { return root.nights >= kNightsToTrust; }

}  // namespace retentiond
