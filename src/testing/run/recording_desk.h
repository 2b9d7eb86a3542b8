// An alert desk that remembers what was brought to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/alert_desk.h"

namespace retentiond {

class RecordingDesk : public AlertDesk {
 public:
  AlertReport ReportOf(const RunRecord& run, StateStore& state) override {
    (void)state;
    reported.push_back(run);
    return report;
  }
  void NoteTurn(const absl::Status& status) override {
    turns.push_back(status);
  }
  void NoteOverdue(const std::optional<Slot>& slot) override {
    overdue = slot;
    if (slot.has_value()) ++overdue_turns;
  }
  void NoteAhead(const std::optional<Announcement>& next) override {
    ahead.push_back(next);
  }
  bool HasWork() override { return has_work; }
  absl::Status Tend(StateStore& state) override {
    ++tended;
    return state.ViewOutbox().status();
  }
  void TendFromMemory() override { ++from_memory; }
  absl::Status Settle(StateStore& state) override {
    ++settled;
    return state.ViewOutbox().status();
  }

  AlertReport report;  // what ReportOf answers
  bool has_work = false;

  std::vector<RunRecord> reported;
  std::vector<absl::Status> turns;
  std::optional<Slot> overdue;
  int overdue_turns = 0;
  std::vector<std::optional<Announcement>> ahead;
  int tended = 0;
  int from_memory = 0;
  int settled = 0;
};

}  // namespace retentiond
