#include "run/seen_time_text.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace retentiond {
namespace {

using nlohmann::json;

bool HasNumbers(const json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) return false;
  }
  return true;
}

bool IsStretch(const json& value) {
  return value.is_object() &&
         HasNumbers(value, {"begin_us", "end_us", "boot_time_us"}) &&
         value["begin_us"] <= value["end_us"] && value.contains("boot_id") &&
         value["boot_id"].is_string();
}

}  // namespace

std::string TextOf(const SeenTime& seen) {
  json stretches = json::array();
  for (const SeenStretch& stretch : seen.stretches) {
    stretches.push_back({{"begin_us", MicrosOf(stretch.begin)},
                         {"end_us", MicrosOf(stretch.end)},
                         {"boot_id", stretch.boot_id},
                         {"boot_time_us", stretch.boot_time.count()}});
  }
  return json{{"since_us", MicrosOf(seen.since)},
              {"doubted", seen.doubted},
              {"stretches", stretches}}
      .dump();
}

std::optional<SeenTime> SeenTimeOf(const std::string& text) {
  const json stored = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object() || !HasNumbers(stored, {"since_us"}) ||
      !stored.contains("doubted") || !stored["doubted"].is_boolean() ||
      !stored.contains("stretches") || !stored["stretches"].is_array()) {
    return std::nullopt;
  }
  SeenTime seen{.since = InstantFromMicros(stored["since_us"]),
                .stretches = {},
                .doubted = stored["doubted"]};
  for (const json& stretch : stored["stretches"]) {
    if (!IsStretch(stretch)) return std::nullopt;
    seen.stretches.push_back({.begin = InstantFromMicros(stretch["begin_us"]),
                              .end = InstantFromMicros(stretch["end_us"]),
                              .boot_id = stretch["boot_id"],
                              .boot_time = Micros(stretch["boot_time_us"])});
  }
  return seen;
}

}  // namespace retentiond
