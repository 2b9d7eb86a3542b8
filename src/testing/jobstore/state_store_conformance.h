// The base of what every StateStore must do.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"

namespace retentiond {

class StateStoreConformanceTest : public ConformanceTest {
 protected:
  static constexpr Instant kLater = kSlotStart + std::chrono::hours(1);

  std::vector<std::string> Events() {
    std::vector<std::string> events;
    for (const AuditRecord& record : Audit()) events.push_back(record.event);
    return events;
  }
  nlohmann::json NewestFacts() {
    return nlohmann::json::parse(Audit().back().facts);
  }
  absl::Status Close(RunOutcome outcome) {
    RunRecord run = NewestRun();
    run.outcome = outcome;
    return state().CloseRun(run, lease_, kLater);
  }
  absl::Status Block(LocalDate slot, std::vector<std::string> facts) {
    RunRecord run = RunOf(slot);
    run.blocked = std::move(facts);
    return state().RecordBlocked(run, kLater);
  }
  // Deletes the job "a" so that `names` are pending.
  Batch LeavePending(const std::vector<std::string>& names) {
    Insert("a", std::chrono::hours(1));
    BeginRun();
    Survey();
    return DeleteLeaving(names);
  }
};

}  // namespace retentiond
