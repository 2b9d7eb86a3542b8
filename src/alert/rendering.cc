#include "alert/rendering.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace retentiond {
namespace {

using Json = nlohmann::ordered_json;

// Bytes that are no UTF-8, from names on disk, are replaced.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TitleOf(const AlertMessage& message) {
  if (const std::optional<AlertKind> kind = AlertKindOf(message.key)) {
    return TitleOf(*kind);
  }
  if (message.key == kNoticeRunBegin) return "The cleanup has begun";
  if (message.key == kNoticeRunSuccess) return "The cleanup is done";
  return "A test of the alerts";
}

const char* PrefixOf(AlertEvent event) {
  if (event == AlertEvent::kStill) return "Still: ";
  if (event == AlertEvent::kResolved) return "Resolved: ";
  return "";
}

}  // namespace

std::string HeadingOf(const AlertMessage& message, const Sender& sender) {
  return fmt::format("{}{} ({}, {})", PrefixOf(message.event), TitleOf(message),
                     sender.host, sender.database);
}

std::string BodyOf(const AlertMessage& message) {
  std::string body = message.text;
  if (message.event == AlertEvent::kStill ||
      message.event == AlertEvent::kResolved) {
    body +=
        fmt::format("\nIt has stood since {}.", FormatInstant(message.since));
  }
  if (!message.audit_head.empty()) {
    body += "\nAudit head: " + message.audit_head;
  }
  return body;
}

std::string JsonOf(const AlertMessage& message, const Sender& sender) {
  Json head = nullptr;
  if (!message.audit_head.empty()) head = message.audit_head;
  return Dump({{"type", fmt::format("alert.{}", NameOf(message.event))},
               {"timestamp", FormatInstant(message.at)},
               {"data",
                {{"key", message.key},
                 {"event", NameOf(message.event)},
                 {"severity", NameOf(message.weight)},
                 {"title", TitleOf(message)},
                 {"text", message.text},
                 {"since", FormatInstant(message.since)},
                 {"host", sender.host},
                 {"database", sender.database},
                 {"audit_head", head}}}});
}

AlertMessage TestMessage(Instant now) {
  return {.key = "test",
          .event = AlertEvent::kTest,
          .weight = AlertWeight::kInfo,
          .text =
              "Somebody tries whether alerts of retentiond arrive here. "
              "They do.",
          .since = now,
          .at = now};
}

AlertMessage ExampleOf(AlertKind kind, AlertEvent event, Instant now) {
  return {.key = AlertKeyOf(kind),
          .event = event,
          .weight = WeightOf(kind),
          .text = "This is an example, sent by `retentiond alert test`.",
          .since = now,
          .at = now};
}

}  // namespace retentiond
