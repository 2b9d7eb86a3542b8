// Where the run and the daemon bring what a person is to be told.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "jobstore/state_store.h"
#include "policy/slot.h"
#include "run/announcement.h"
#include "run/observer.h"

namespace retentiond {

// It watches as an observer does, is lent the state now and then, and never
// fails: what it cannot write it keeps, and tells from memory. All methods are
// called from the run's thread, and return within a statement's time: whoever
// delivers has threads of his own.
class AlertDesk : public RunObserver {
 public:
  // What is to be told in the transaction that closes `run`, or that records it
  // as blocked.
  virtual AlertReport ReportOf(const RunRecord& run, StateStore& state) = 0;

  // How a turn of the daemon's loop has ended.
  virtual void NoteTurn(const absl::Status& status) = 0;
  // A slot whose run should long have begun; none: there is none.
  virtual void NoteOverdue(const std::optional<Slot>& slot) = 0;

  // What the next run will delete, if it is much; none: it is like the others.
  virtual void NoteAhead(const std::optional<Announcement>& ahead) = 0;

  // Whether there is anything to be done with the state.
  virtual bool HasWork() = 0;
  // Puts what was noted into the outbox, notes what came of deliveries, and
  // takes what is due to the channels. An error is one to be told of; what
  // could not be done is done the next time.
  virtual absl::Status Tend(StateStore& state) = 0;
  // The same without the state, which cannot be had.
  virtual void TendFromMemory() = 0;
  // At the end: notes what came of deliveries, and begins none.
  virtual absl::Status Settle(StateStore& state) = 0;
};

}  // namespace retentiond
