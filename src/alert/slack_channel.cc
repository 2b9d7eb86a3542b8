#include "alert/slack_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "alert/http_post.h"
#include "alert/rendering.h"
#include "base/status.h"
#include "config/secret_file.h"

namespace retentiond {
namespace {

using nlohmann::json;

// What Slack takes for markup.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// The API answers 200 whatever came of it. Its errors are words like
// "channel_not_found"; anything else is not repeated.
std::string ProblemOf(const std::string& answer) {
  const json parsed = json::parse(answer, nullptr, false);
  if (!parsed.is_object()) return "it answered something else than Slack does";
  if (parsed.value("ok", json()) == json(true)) return "";
  const json error = parsed.value("error", json());
  const std::string word = error.is_string() ? error.get<std::string>() : "";
  const bool is_word = !word.empty() && word.size() < 60 &&
                       word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
                           std::string::npos;
  return fmt::format("Slack refused the message: {}",
                     is_word ? word : "an unknown error");
}

}  // namespace

Delivery SlackChannel::Deliver(const Parcel& parcel,
                               const std::atomic<bool>& stop) {
  const bool is_bot = !config_.channel.empty();
  const absl::StatusOr<std::string> secret =
      ReadSecret(config_.secret, is_bot ? "bot token" : "webhook's URL");
  if (!secret.ok()) return {.problem = MessageOf(secret.status())};
  json body = {{"text", fmt::format("*{}*\n{}",
                                    Escaped(HeadingOf(parcel.message, sender_)),
                                    Escaped(BodyOf(parcel.message)))}};
  if (is_bot) body["channel"] = config_.channel;
  HttpPost post{
      .url = is_bot ? config_.api_url : *secret,
      .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
  if (!is_bot) return Post(post, transfer_, stop);
  post.headers = {"Authorization: Bearer " + *secret};
  return Post(post, transfer_, stop, ProblemOf);
}

}  // namespace retentiond
