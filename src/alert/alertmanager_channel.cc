#include "alert/alertmanager_channel.h"

#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "alert/http_post.h"
#include "alert/rendering.h"
#include "base/status.h"
#include "config/secret_file.h"

namespace retentiond {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::hours;
using std::chrono::minutes;

// Twice as long as until it is told again.
constexpr hours kStandsFor{48};
constexpr minutes kTestStandsFor{5};

// "run-failed" as "RetentiondRunFailed": how alerts are called there.
std::string AlertName(const std::string& key) {
  std::string name = "Retentiond";
  bool upper = true;
  for (const char c : key.substr(0, key.find(':'))) {
    if (c == '-') {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = false;
  }
  return name;
}

Instant EndOf(const AlertMessage& message) {
  if (message.event == AlertEvent::kResolved) return message.at;
  if (message.event == AlertEvent::kTest) return message.at + kTestStandsFor;
  return message.at + kStandsFor;
}

}  // namespace

std::string AlertmanagerJson(const AlertMessage& message,
                             const Sender& sender) {
  Json annotations = {{"summary", HeadingOf(message, sender)},
                      {"description", message.text}};
  if (!message.audit_head.empty()) {
    annotations["audit_head"] = message.audit_head;
  }
  const Json alerts = Json::array(
      {{{"labels",
         {{"alertname", AlertName(message.key)},
          {"severity", NameOf(message.weight)},
          {"key", message.key},
          {"instance", sender.host},
          {"database", sender.database}}},
        {"annotations", annotations},
        // Otherwise what a clock that was set back has seen would end before it
        // begins, which is refused.
        {"startsAt", FormatInstant(std::min(message.since, EndOf(message)))},
        {"endsAt", FormatInstant(EndOf(message))}}});
  return alerts.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Delivery AlertmanagerChannel::Deliver(const Parcel& parcel,
                                      const std::atomic<bool>& stop) {
  absl::StatusOr<std::string> url = ReadSecret(url_, "URL");
  if (!url.ok()) return {.problem = MessageOf(url.status())};
  while (url->ends_with('/')) url->pop_back();
  return Post({.url = *url + "/api/v2/alerts",
               .body = AlertmanagerJson(parcel.message, sender_)},
              transfer_, stop);
}

}  // namespace retentiond
