// [alerts]: by which channels a person is told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace retentiond {

// Where a secret is found: in a file, which is read at each use since a secret
// may be renewed, or in the configuration itself. Never print `value`.
struct SecretConfig {
  std::string key;                  // in messages: "alerts.slack_token_file"
  std::filesystem::path file = {};  // absolute; empty: `value` is it
  std::string value = {};

  friend bool operator==(const SecretConfig&, const SecretConfig&) = default;
};

struct SlackConfig {
  // Of an incoming webhook, unless `channel` says where a bot is to post.
  SecretConfig secret;
  std::string channel = {};  // "#render" or "C0123456789"; empty: a webhook
  std::string api_url = "https://slack.com/api/chat.postMessage";

  friend bool operator==(const SlackConfig&, const SlackConfig&) = default;
};

struct WebhookConfig {
  SecretConfig url;
  std::optional<SecretConfig> signing_key = {};  // none: not signed

  friend bool operator==(const WebhookConfig&, const WebhookConfig&) = default;
};

struct EmailConfig {
  enum class Tls { kStartTls, kFromTheStart, kNone };
  std::string server;  // "smtp://host:587", "smtps://host:465"
  Tls tls = Tls::kStartTls;
  std::string from;
  std::vector<std::string> to;
  std::string user = {};  // empty: no authentication
  std::optional<SecretConfig> password = {};

  friend bool operator==(const EmailConfig&, const EmailConfig&) = default;
};

struct AlertsConfig {
  std::optional<SlackConfig> slack;
  std::optional<WebhookConfig> webhook;
  std::optional<EmailConfig> email;
  std::optional<SecretConfig> alertmanager;  // its URL
  std::optional<SecretConfig> ping;          // its URL
  std::vector<std::string> command;          // empty: none
  // Certificates that servers are checked against; empty: the machine's.
  std::filesystem::path ca_file;

  // Whether there is anybody to be told.
  bool any() const {
    return slack.has_value() || webhook.has_value() || email.has_value() ||
           alertmanager.has_value() || ping.has_value() || !command.empty();
  }

  friend bool operator==(const AlertsConfig&, const AlertsConfig&) = default;
};

}  // namespace retentiond
