#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes the leading unsigned number of exactly `width` digits off `text`.
bool TakeNumber(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + width, value);
  if (error != std::errc() || end != text.data() + width || text[0] == '-') {
    return false;
  }
  text.remove_prefix(width);
  return true;
}

bool TakeChar(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeDate(std::string_view& text, std::chrono::year_month_day& date) {
  int year = 0, month = 0, day = 0;
  if (!TakeNumber(text, 4, year) || !TakeChar(text, '-') ||
      !TakeNumber(text, 2, month) || !TakeChar(text, '-') ||
      !TakeNumber(text, 2, day)) {
    return false;
  }
  date = std::chrono::year_month_day(
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(day)));
  return date.ok();
}

bool TakeTimeOfDay(std::string_view& text, Micros& time) {
  int hour = 0, minute = 0, second = 0;
  if (!TakeNumber(text, 2, hour) || !TakeChar(text, ':') ||
      !TakeNumber(text, 2, minute) || !TakeChar(text, ':') ||
      !TakeNumber(text, 2, second) || hour > 23 || minute > 59 || second > 59) {
    return false;
  }
  time = hours(hour) + minutes(minute) + seconds(second);
  if (!TakeChar(text, '.')) return true;
  std::int64_t scale = 100'000;  // microseconds of the first decimal
  bool any = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    time += Micros((text[0] - '0') * scale);
    scale /= 10;
    text.remove_prefix(1);
    any = true;
  }
  return any;
}

bool TakeOffset(std::string_view& text, minutes& offset) {
  if (TakeChar(text, 'Z') || TakeChar(text, 'z')) {
    offset = minutes(0);
    return true;
  }
  const bool west = !text.empty() && text[0] == '-';
  int hour = 0, minute = 0;
  if (!TakeChar(text, west ? '-' : '+') || !TakeNumber(text, 2, hour) ||
      !TakeChar(text, ':') || !TakeNumber(text, 2, minute) || hour > 23 ||
      minute > 59) {
    return false;
  }
  offset = hours(hour) + minutes(minute);
  if (west) offset = -offset;
  return true;
}

}  // namespace

std::string FormatInstant(Instant instant) {
  const auto day = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Micros> time(instant - day);
  std::string text = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      time.hours().count(), time.minutes().count(), time.seconds().count());
  const auto fraction = time.subseconds().count();
  if (fraction % 1000 != 0) {
    text += fmt::format(".{:06}", fraction);
  } else if (fraction != 0) {
    text += fmt::format(".{:03}", fraction / 1000);
  }
  return text + "Z";
}

std::string FormatDate(LocalDate date) {
  const std::chrono::year_month_day ymd(date);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()),
                     static_cast<unsigned>(ymd.day()));
}

absl::StatusOr<Instant> ParseInstant(std::string_view text) {
  std::string_view rest = text;
  std::chrono::year_month_day date;
  Micros time{0};
  minutes offset{0};
  if (!TakeDate(rest, date) ||
      !(TakeChar(rest, 'T') || TakeChar(rest, ' ') || TakeChar(rest, 't')) ||
      !TakeTimeOfDay(rest, time) || !TakeOffset(rest, offset) ||
      !rest.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is not a time; expected one like 2026-03-16T03:00:00Z", text));
  }
  return Instant(std::chrono::sys_days(date)) + time - offset;
}

absl::StatusOr<LocalDate> ParseDate(std::string_view text) {
  std::string_view rest = text;
  std::chrono::year_month_day date;
  if (!TakeDate(rest, date) || !rest.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is not a date; expected one like 2026-03-16", text));
  }
  return LocalDate(date);
}

}  // namespace retentiond
