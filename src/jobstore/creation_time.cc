#include "jobstore/creation_time.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "absl/time/civil_time.h"

namespace retentiond {
namespace {

// 2000-01-01T00:00:00Z: before it no render manager wrote its jobs here.
constexpr std::int64_t kEarliestSeconds = 946'684'800;
constexpr std::int64_t kEarliestMillis = kEarliestSeconds * 1000;
// Seconds end here (the year 5138), where milliseconds would mean 1973.
constexpr std::int64_t kSecondsEnd = 100'000'000'000;
// 10000-01-01T00:00:00Z, the end of what the text forms can say.
constexpr std::int64_t kMillisEnd = 253'402'300'800'000;

std::optional<Instant> NotBefore2000(Instant instant) {
  if (instant < Instant(std::chrono::seconds(kEarliestSeconds))) {
    return std::nullopt;
  }
  return instant;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The two short forms of an offset ("+03", "+0300") as "+03:00".
std::string WithFullOffset(std::string_view text) {
  constexpr std::size_t kShortestTime = 19;  // "2026-03-16 03:00:00"
  std::string full(text);
  const std::size_t sign = full.find_last_of("+-");
  if (sign == std::string::npos || sign < kShortestTime) return full;
  const std::size_t digits = full.size() - sign - 1;
  if (digits == 2) full += ":00";
  if (digits == 4) full.insert(sign + 3, 1, ':');
  return full;
}

// The last instant that a clock in `zone` may have shown as `civil`.
Instant YoungestReading(absl::CivilSecond civil, const absl::TimeZone& zone) {
  const absl::TimeZone::TimeInfo info = zone.At(civil);
  return InstantFromMicros(
      absl::ToUnixMicros(std::max({info.pre, info.trans, info.post})));
}

// A wall-clock reading that was parsed as if it were UTC, moved to `zone`.
Instant FromWall(Instant wall, const absl::TimeZone& zone) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(wall);
  const absl::CivilSecond civil =
      absl::CivilSecond() + whole.time_since_epoch().count();
  return YoungestReading(civil, zone) + (wall - whole);
}

std::optional<Instant> FromDigits(std::string_view text) {
  if (text.size() != 10 && text.size() != 13) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  return CreationTimeOfInteger(std::stoll(std::string(text)));
}

}  // namespace

std::optional<Instant> CreationTimeOfInteger(std::int64_t value) {
  if (value >= kEarliestSeconds && value < kSecondsEnd) {
    return Instant(std::chrono::seconds(value));
  }
  if (value >= kEarliestMillis && value < kMillisEnd) {
    return Instant(std::chrono::milliseconds(value));
  }
  return std::nullopt;
}

std::optional<Instant> CreationTimeOfReal(double value) {
  // Also false for NaN and the infinities.
  if (!(value >= static_cast<double>(kEarliestSeconds) &&
        value < static_cast<double>(kMillisEnd))) {
    return std::nullopt;
  }
  const double whole = std::floor(value);
  const std::optional<Instant> instant =
      CreationTimeOfInteger(static_cast<std::int64_t>(whole));
  if (!instant.has_value()) return std::nullopt;
  const double unit_us =
      value < static_cast<double>(kSecondsEnd) ? 1'000'000 : 1'000;
  return *instant + Micros(std::llround((value - whole) * unit_us));
}

std::optional<Instant> CreationTimeOfText(std::string_view text,
                                          const absl::TimeZone& zone) {
  if (const auto instant = FromDigits(text); instant.has_value()) {
    return instant;
  }
  if (const auto date = ParseDate(text); date.ok()) {
    const auto next_day = *date + std::chrono::days(1);
    return NotBefore2000(FromWall(Instant(next_day.time_since_epoch()), zone));
  }
  if (const auto instant = ParseInstant(WithFullOffset(text)); instant.ok()) {
    return NotBefore2000(*instant);
  }
  if (const auto wall = ParseInstant(std::string(text) + "Z"); wall.ok()) {
    return NotBefore2000(FromWall(*wall, zone));
  }
  return std::nullopt;
}

}  // namespace retentiond
