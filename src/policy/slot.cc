#include "policy/slot.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::days;

// How far a slot's date may be from the local date at its start: a gap may
// carry the start into the next date, a jump over the date line repeats or
// skips a whole one, and so may a change of zone.
constexpr days kDateSlack{3};

absl::CivilDay CivilDayOf(LocalDate date) {
  return absl::CivilDay(1970, 1, 1) + date.time_since_epoch().count();
}

// A date is skipped as a whole when the gap that swallows its midnight ends on
// a later date (Pacific/Apia, 2011-12-30).
bool Exists(LocalDate date, const absl::TimeZone& zone) {
  const absl::CivilDay day = CivilDayOf(date);
  const absl::TimeZone::TimeInfo midnight = zone.At(absl::CivilSecond(day));
  return midnight.kind != absl::TimeZone::TimeInfo::SKIPPED ||
         absl::ToCivilDay(midnight.trans, zone) == day;
}

struct Rule {
  TimeOfDay at;
  absl::TimeZone zone;
};

// What holds for the slot of `date`.
Rule RuleOf(LocalDate date, const Schedule& schedule) {
  const std::optional<Schedule::Former>& former = schedule.former;
  if (former.has_value() && date <= former->until) {
    return {former->at, former->zone};
  }
  return {schedule.at, schedule.zone};
}

// The rule of the slots, also for a date that does not exist: its gap's end.
Instant StartOn(LocalDate date, TimeOfDay at, const absl::TimeZone& zone) {
  const absl::CivilSecond wall =
      absl::CivilMinute(CivilDayOf(date)) + at.count();
  const absl::TimeZone::TimeInfo info = zone.At(wall);
  const absl::Time start = info.kind == absl::TimeZone::TimeInfo::SKIPPED
                               ? info.trans
                               : info.pre;  // the first of two, or the only one
  return InstantFromMicros(absl::ToUnixMicros(start));
}

}  // namespace

LocalDate DateAt(Instant instant, const absl::TimeZone& zone) {
  const absl::CivilDay day =
      absl::ToCivilDay(absl::FromUnixMicros(MicrosOf(instant)), zone);
  return LocalDate(days(day - absl::CivilDay(1970, 1, 1)));
}

std::optional<Slot> SlotOn(LocalDate date, const Schedule& schedule) {
  const auto [at, zone] = RuleOf(date, schedule);
  if (!Exists(date, zone)) return std::nullopt;
  const Instant start = StartOn(date, at, zone);
  return Slot{date, start,
              std::min(StartOn(date - kRetention, at, zone),
                       start - kShortestRetention)};
}

// Starts never decrease from one date to the next, so that the first hit from
// a date that is certainly too early is the answer, and the same backwards.
Slot FirstSlotFrom(Instant from, const Schedule& schedule) {
  LocalDate date = DateAt(from, schedule.zone) - kDateSlack;
  std::optional<Slot> slot;
  while (!(slot = SlotOn(date, schedule)) || slot->start < from) {
    date += days(1);
  }
  return *slot;
}

Slot LastSlotUntil(Instant until, const Schedule& schedule) {
  LocalDate date = DateAt(until, schedule.zone) + kDateSlack;
  std::optional<Slot> slot;
  while (!(slot = SlotOn(date, schedule)) || slot->start > until) {
    date -= days(1);
  }
  return *slot;
}

std::vector<LocalDate> SlotDatesBetween(LocalDate after, LocalDate before,
                                        const Schedule& schedule) {
  std::vector<LocalDate> dates;
  for (LocalDate date = after + days(1); date < before; date += days(1)) {
    if (Exists(date, RuleOf(date, schedule).zone)) dates.push_back(date);
  }
  return dates;
}

}  // namespace retentiond
