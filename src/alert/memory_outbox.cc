#include "alert/memory_outbox.h"

#include <algorithm>

#include "policy/alert_book.h"

namespace retentiond {
namespace {

constexpr std::size_t kMostEntries = 200;

bool IsDue(const MemoryOutbox::Entry& entry, Micros boot_now) {
  return !entry.out && entry.next_try <= boot_now;
}

}  // namespace

void MemoryOutbox::Tell(const AlertReport& report, Instant now,
                        Micros boot_now) {
  const AlertDecision decision = Decide(standing_, report, now);
  standing_ = decision.standing;
  for (const AlertMessage& message : decision.messages) {
    for (const AlertChannel& channel : report.channels) {
      if (!TakesMessage(channel, message)) continue;
      entries_.push_back({.id = ++last_id_,
                          .channel = channel.name,
                          .message = message,
                          .next_try = boot_now});
    }
  }
  while (entries_.size() > kMostEntries) DropSurplus();
}

void MemoryOutbox::DropSurplus() {
  entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                  [](const Entry& a, const Entry& b) {
                                    return a.message.weight < b.message.weight;
                                  }));
}

bool MemoryOutbox::HasDue(Micros boot_now) const {
  return std::any_of(
      entries_.begin(), entries_.end(),
      [boot_now](const Entry& entry) { return IsDue(entry, boot_now); });
}

std::vector<MemoryOutbox::Entry> MemoryOutbox::TakeDue(Micros boot_now) {
  std::vector<Entry> due;
  for (Entry& entry : entries_) {
    if (!IsDue(entry, boot_now)) continue;
    entry.out = true;
    due.push_back(entry);
  }
  return due;
}

void MemoryOutbox::Delivered(std::int64_t id) {
  std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; });
}

void MemoryOutbox::TryAgain(std::int64_t id, Micros at, bool tried) {
  for (Entry& entry : entries_) {
    if (entry.id != id) continue;
    entry.out = false;
    entry.next_try = at;
    if (tried) ++entry.attempts;
  }
}

void MemoryOutbox::CallBack() {
  for (Entry& entry : entries_) entry.out = false;
}

}  // namespace retentiond
