#include "run/schedule_keeper.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status_macros.h"

namespace retentiond {
namespace {

using nlohmann::json;

constexpr char kNote[] = "schedule";

// A time of day and a zone, as the note keeps them.
struct Rule {
  std::chrono::minutes at;
  std::string timezone;

  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Note {
  Rule rule;
  std::optional<Rule> former;
  LocalDate former_until;
};

std::optional<Rule> RuleOf(const json& value) {
  if (!value.is_object() || !value.contains("at_min") ||
      !value["at_min"].is_number_integer() || !value.contains("timezone") ||
      !value["timezone"].is_string()) {
    return std::nullopt;
  }
  return Rule{std::chrono::minutes(value["at_min"]), value["timezone"]};
}

// None when there is no note, or none that can be read: then nothing is known
// of a former schedule.
absl::StatusOr<std::optional<Note>> ReadNote(StateStore& state) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   state.ReadNote(kNote));
  const json stored =
      json::parse(text.value_or(""), nullptr, /*allow_exceptions=*/false);
  const std::optional<Rule> rule = RuleOf(stored);
  if (!rule.has_value()) return std::optional<Note>();
  Note note{.rule = *rule, .former = std::nullopt, .former_until = {}};
  if (stored.contains("former") && stored.contains("former_until") &&
      stored["former_until"].is_string()) {
    const absl::StatusOr<LocalDate> until =
        ParseDate(std::string(stored["former_until"]));
    if (until.ok()) {
      note.former = RuleOf(stored["former"]);
      note.former_until = *until;
    }
  }
  return std::optional<Note>(note);
}

json JsonOf(const Rule& rule) {
  return {{"at_min", rule.at.count()}, {"timezone", rule.timezone}};
}

absl::Status WriteNote(StateStore& state, const Note& note) {
  json text = JsonOf(note.rule);
  if (note.former.has_value()) {
    text["former"] = JsonOf(*note.former);
    text["former_until"] = FormatDate(note.former_until);
  }
  return state.WriteNote(kNote, text.dump());
}

// The note as it is to be, now that `wanted` is configured.
absl::StatusOr<Note> Revise(const std::optional<Note>& note, const Rule& wanted,
                            ZoneFiles& zones, Instant now) {
  if (!note.has_value()) return Note{wanted, std::nullopt, {}};
  if (note->rule == wanted) return *note;
  // The rule of today: a second change on one date keeps the first one's.
  Rule today = note->rule;
  if (note->former.has_value()) {
    const auto zone = zones.Load(note->former->timezone);
    if (zone.ok() && DateAt(now, *zone) <= note->former_until) {
      today = *note->former;
    }
  }
  const auto old_zone = zones.Load(today.timezone);
  if (today == wanted || !old_zone.ok()) return Note{wanted, std::nullopt, {}};
  ASSIGN_OR_RETURN(const absl::TimeZone new_zone, zones.Load(wanted.timezone));
  return Note{wanted, today,
              std::max(DateAt(now, *old_zone), DateAt(now, new_zone))};
}

absl::StatusOr<Schedule> ScheduleOf(const Note& note, ZoneFiles& zones) {
  Schedule schedule{.at = note.rule.at};
  ASSIGN_OR_RETURN(schedule.zone, zones.Load(note.rule.timezone));
  if (!note.former.has_value()) return schedule;
  if (const auto zone = zones.Load(note.former->timezone); zone.ok()) {
    schedule.former =
        Schedule::Former{note.former->at, *zone, note.former_until};
  }
  return schedule;
}

}  // namespace

absl::StatusOr<Schedule> AdoptSchedule(const ScheduleConfig& config,
                                       ZoneFiles& zones, StateStore& state,
                                       Instant now) {
  ASSIGN_OR_RETURN(const std::optional<Note> note, ReadNote(state));
  const Rule wanted{config.at, config.timezone};
  ASSIGN_OR_RETURN(const Note revised, Revise(note, wanted, zones, now));
  if (!note.has_value() || note->rule != wanted) {
    RETURN_IF_ERROR(WriteNote(state, revised));
  }
  return ScheduleOf(revised, zones);
}

absl::StatusOr<Schedule> ScheduleInEffect(const ScheduleConfig& config,
                                          ZoneFiles& zones, StateStore& state,
                                          Instant now) {
  ASSIGN_OR_RETURN(const std::optional<Note> note, ReadNote(state));
  ASSIGN_OR_RETURN(const Note revised,
                   Revise(note, {config.at, config.timezone}, zones, now));
  return ScheduleOf(revised, zones);
}

}  // namespace retentiond
