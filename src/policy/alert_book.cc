#include "policy/alert_book.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace retentiond {
namespace {

using Standing = std::map<std::string, StandingAlert>;

// Not in the middle of a character.
std::string Cut(const std::string& text) {
  if (text.size() <= kLongestAlertText) return text;
  std::size_t end = kLongestAlertText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end) + "...";
}

AlertMessage MessageOf(const StandingAlert& alert, AlertEvent event,
                       Instant now) {
  return {.key = alert.key,
          .event = event,
          .weight = alert.weight,
          .text = alert.text,
          .since = alert.since,
          .at = now};
}

// A clock that was ahead when it was told must not silence it until then.
bool IsToldLongAgo(const StandingAlert& alert, Instant now) {
  const Micros passed = now - alert.told;
  return passed >= kTellAgainAfter || passed <= -kTellAgainAfter;
}

void Find(const AlertReport::Condition& condition, Instant now,
          Standing& standing, std::vector<AlertMessage>& messages) {
  const std::string key = AlertKeyOf(condition.kind, condition.subject);
  const auto [entry, is_new] = standing.try_emplace(key);
  StandingAlert& alert = entry->second;
  alert.text = Cut(condition.text);
  if (is_new) {
    alert.key = key;
    alert.weight = WeightOf(condition.kind);
    alert.since = now;
  } else if (!IsToldLongAgo(alert, now)) {
    return;
  }
  alert.told = now;
  messages.push_back(
      MessageOf(alert, is_new ? AlertEvent::kRaised : AlertEvent::kStill, now));
}

}  // namespace

AlertDecision Decide(const std::vector<StandingAlert>& standing,
                     const AlertReport& report, Instant now) {
  Standing stands;
  for (const StandingAlert& alert : standing) stands[alert.key] = alert;
  for (const StandingAlert& alert : report.told_before) {
    stands.try_emplace(alert.key, alert);
  }
  AlertDecision decision;
  std::set<std::string> over = report.looked_at;
  for (const AlertReport::Condition& condition : report.conditions) {
    over.erase(AlertKeyOf(condition.kind, condition.subject));
    Find(condition, now, stands, decision.messages);
  }
  for (const std::string& key : over) {
    const auto found = stands.find(key);
    if (found == stands.end()) continue;
    decision.messages.push_back(
        MessageOf(found->second, AlertEvent::kResolved, now));
    stands.erase(found);
  }
  for (const AlertReport::Notice& notice : report.notices) {
    decision.messages.push_back({.key = notice.key,
                                 .event = AlertEvent::kNotice,
                                 .weight = AlertWeight::kInfo,
                                 .text = Cut(notice.text),
                                 .since = now,
                                 .at = now});
  }
  for (auto& [key, alert] : stands) {
    decision.standing.push_back(std::move(alert));
  }
  return decision;
}

}  // namespace retentiond
