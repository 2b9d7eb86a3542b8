// Messages that wait in the state to be delivered, one entry for each channel.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "policy/alert.h"

namespace retentiond {

enum class OutboxId : std::int64_t {};

// The outbox holds no more entries than this: the oldest of the lightest go.
inline constexpr std::int64_t kMostOutboxEntries = 1000;
// Nobody wants to hear of what is older.
inline constexpr std::chrono::days kOutboxKept{7};
// The next try of an entry is never farther ahead: one that is, was set by a
// clock that was ahead.
inline constexpr std::chrono::hours kLongestOutboxPause{24};

struct OutboxEntry {
  OutboxId id{};
  std::string channel;
  AlertMessage message;
  std::int64_t attempts = 0;  // that failed
};

struct OutboxResult {
  OutboxId id{};
  std::optional<Instant> try_again;  // none: done with
  bool tried = true;                 // false: its turn did not come
};

struct OutboxView {
  std::int64_t pending = 0;
  std::optional<Instant> next_try;  // of those that no other precedes
  std::int64_t dropped = 0;  // ever, because there were too many or too old
};

}  // namespace retentiond
