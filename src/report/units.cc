#include "report/units.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

namespace retentiond {

std::string WithSeparators(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return number < 0 ? "-" + digits : digits;
}

std::string HumanBytes(std::int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB",
                                                        "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string HumanDuration(Micros duration) {
  using std::chrono::duration_cast;
  const auto whole = duration_cast<std::chrono::seconds>(duration).count();
  if (whole < 10) {
    return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1e6);
  }
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) {
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  if (whole < 48 * 3600) {
    return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  }
  return fmt::format("{} days {} h", whole / 86400, whole / 3600 % 24);
}

std::string Counted(std::int64_t number, const std::string& noun) {
  return WithSeparators(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace retentiond
