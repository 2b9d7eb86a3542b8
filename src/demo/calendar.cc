#include "demo/calendar.h"

#include <chrono>
#include <optional>

#include "absl/time/civil_time.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr int kNights = 10;
// Positions among the nights, from 0: apart from each other, so that each can
// be seen by itself.
constexpr int kNightOfKill = 2;
constexpr int kNightOfChange = 4;
constexpr int kNightOff = 6;

constexpr days kHistory{14};
// The nights lie at least eight days ahead, the history before them too.
constexpr days kLead = days(8) + kHistory;

// Before and after the slot's start, 03:00.
constexpr hours kEveningBefore{9};
constexpr hours kOffBefore{5};
constexpr hours kOnAfter{6};
// The long job ends at noon before this night.
constexpr int kNightAfterLongJob = 3;
constexpr hours kNoonBefore{15};

LocalDate DateOf(absl::CivilDay day) {
  return LocalDate(days(day - absl::CivilDay(1970, 1, 1)));
}

absl::Time ToAbsl(Instant instant) {
  return absl::FromUnixMicros(MicrosOf(instant));
}

// The date on which the zone's offset changes next; none when it never does.
std::optional<LocalDate> NextChange(Instant from, const absl::TimeZone& zone) {
  absl::TimeZone::CivilTransition change;
  if (!zone.NextTransition(ToAbsl(from), &change)) return std::nullopt;
  return DateOf(absl::CivilDay(change.to));
}

}  // namespace

absl::StatusOr<DemoCalendar> PlanCalendar(Instant today,
                                          const absl::TimeZone& zone) {
  const Instant earliest = today + kLead;
  const std::optional<LocalDate> change = NextChange(earliest, zone);
  const LocalDate middle =
      change.value_or(DateOf(absl::ToCivilDay(ToAbsl(earliest), zone)));
  DemoCalendar calendar{.schedule = {.zone = zone}};
  for (int i = 0; i < kNights; ++i) {
    const LocalDate date = middle + days(i - kNightOfChange);
    const std::optional<Slot> slot = SlotOn(date, calendar.schedule);
    if (!slot.has_value()) {
      return absl::InvalidArgumentError("zone " + zone.name() + " skips " +
                                        FormatDate(date));
    }
    calendar.nights.push_back({.slot = *slot,
                               .clocks_change = date == change,
                               .killed = i == kNightOfKill,
                               .machine_off = i == kNightOff});
  }
  const Instant first = calendar.nights.front().slot.start;
  calendar.farm_begins = first - kHistory;
  calendar.daemon_starts = first - kEveningBefore;
  calendar.long_job_ends =
      calendar.nights[kNightAfterLongJob].slot.start - kNoonBefore;
  calendar.machine_off = calendar.nights[kNightOff].slot.start - kOffBefore;
  calendar.machine_on = calendar.nights[kNightOff].slot.start + kOnAfter;
  return calendar;
}

}  // namespace retentiond
