#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "config/environment.h"
#include "config/sections.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr minutes kShortestWindow{1};
// An hour short of a day, so that a run is over before the next one is due.
constexpr hours kLongestWindow{23};

// Takes the number of one to four digits at the start of `text`; none when
// there is no such number.
std::optional<int> TakeNumber(std::string_view& text) {
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 4) return std::nullopt;
  int number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

// "HH:MM"
std::optional<minutes> ParseTimeOfDay(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  std::string_view hour_text = text.substr(0, 2);
  std::string_view minute_text = text.substr(3);
  const std::optional<int> hour = TakeNumber(hour_text);
  const std::optional<int> minute = TakeNumber(minute_text);
  if (!hour || !minute || !hour_text.empty() || !minute_text.empty() ||
      *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  return hours(*hour) + minutes(*minute);
}

// "3h", "90m", "1h30m"
std::optional<minutes> ParseDuration(std::string_view text) {
  minutes total{0};
  bool any = false;
  for (const auto& [letter, unit] :
       {std::pair('h', minutes(60)), std::pair('m', minutes(1))}) {
    std::string_view rest = text;
    const std::optional<int> number = TakeNumber(rest);
    if (!number || !rest.starts_with(letter)) continue;
    total += unit * *number;
    text = rest.substr(1);
    any = true;
  }
  if (!any || !text.empty()) return std::nullopt;
  return total;
}

absl::Status ReadTimeOfDay(const SettingsTable& table, minutes& at) {
  std::string text;
  RETURN_IF_ERROR(table.ReadText("at", text));
  if (text.empty()) return absl::OkStatus();
  const std::optional<minutes> parsed = ParseTimeOfDay(text);
  if (!parsed.has_value()) {
    return table.Error("at",
                       "expected a local time from \"00:00\" to "
                       "\"23:59\", not \"" +
                           text + "\"");
  }
  at = *parsed;
  return absl::OkStatus();
}

absl::Status ReadWindow(const SettingsTable& table, minutes& window) {
  std::string text;
  RETURN_IF_ERROR(table.ReadText("window", text));
  if (text.empty()) return absl::OkStatus();
  const std::optional<minutes> parsed = ParseDuration(text);
  if (!parsed || *parsed < kShortestWindow || *parsed > kLongestWindow) {
    return table.Error("window",
                       "expected a duration from \"1m\" to \"23h\", "
                       "like \"1h30m\", not \"" +
                           text + "\"");
  }
  window = *parsed;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ScheduleConfig> ReadSchedule(const SettingsTable& table,
                                            const Environment& env) {
  RETURN_IF_ERROR(table.CheckKeys({"at", "timezone", "window"}));
  ScheduleConfig schedule;
  RETURN_IF_ERROR(ReadTimeOfDay(table, schedule.at));
  RETURN_IF_ERROR(ReadWindow(table, schedule.window));
  if (!table.Has("timezone")) {
    ASSIGN_OR_RETURN(schedule.timezone, DefaultZone(env));
    return schedule;
  }
  RETURN_IF_ERROR(table.ReadText("timezone", schedule.timezone));
  if (const auto zone = LoadZone(schedule.timezone); !zone.ok()) {
    return table.Error("timezone", MessageOf(zone.status()));
  }
  return schedule;
}

}  // namespace retentiond
