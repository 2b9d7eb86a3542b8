#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status_macros.h"
#include "config/secret_file.h"
#include "config/sections.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

// "smtp://host:587": one of the schemes, a host, nothing that needs quoting.
bool IsUrl(std::string_view text,
           const std::vector<std::string_view>& schemes) {
  const auto scheme = std::find_if(schemes.begin(), schemes.end(),
                                   [text](std::string_view candidate) {
                                     return text.starts_with(candidate);
                                   });
  if (scheme == schemes.end()) return false;
  text.remove_prefix(scheme->size());
  const std::string_view host = text.substr(0, text.find_first_of("/?#"));
  return !host.empty() && host.front() != ':' &&
         text.find_first_of(" \t\"<>\\^`{|}") == std::string_view::npos;
}

bool IsHttpUrl(std::string_view text) {
  return IsUrl(text, {"https://", "http://"});
}

// What a URL holds is kept out of the message: it may be a secret.
absl::Status NoUrl(const SettingsTable& table, const std::string& key) {
  return table.Error(key, "expected a URL like \"https://host/path\"");
}

absl::StatusOr<std::optional<SecretConfig>> ReadSecretFile(
    const SettingsTable& table, const Environment& env,
    const std::string& section, const std::string& key,
    const std::string& what) {
  ASSIGN_OR_RETURN(const fs::path file, SecretPath(table, env, key, what));
  if (file.empty()) return std::optional<SecretConfig>();
  return std::optional<SecretConfig>(
      SecretConfig{.key = section + "." + key, .file = file});
}

// `url` or `url_file`, exactly one of them.
absl::StatusOr<SecretConfig> ReadUrl(const SettingsTable& table,
                                     const Environment& env,
                                     const std::string& section) {
  std::string url;
  RETURN_IF_ERROR(table.ReadText("url", url));
  ASSIGN_OR_RETURN(const std::optional<SecretConfig> file,
                   ReadSecretFile(table, env, section, "url_file", "URL"));
  if (url.empty() == !file.has_value()) {
    return table.Error(url.empty() ? "url" : "url_file",
                       "expected either url, or url_file, which names a file "
                       "that holds it");
  }
  if (file.has_value()) return *file;
  if (!IsHttpUrl(url)) return NoUrl(table, "url");
  return SecretConfig{.key = section + ".url", .value = url};
}

absl::StatusOr<std::optional<SlackConfig>> ReadSlack(const SettingsTable& table,
                                                     const Environment& env) {
  ASSIGN_OR_RETURN(const std::optional<SecretConfig> webhook,
                   ReadSecretFile(table, env, "alerts", "slack_webhook_file",
                                  "webhook's URL"));
  ASSIGN_OR_RETURN(
      std::optional<SecretConfig> token,
      ReadSecretFile(table, env, "alerts", "slack_token_file", "bot token"));
  SlackConfig slack;
  RETURN_IF_ERROR(table.ReadText("slack_channel", slack.channel));
  RETURN_IF_ERROR(table.ReadText("slack_api_url", slack.api_url));
  if (!IsHttpUrl(slack.api_url)) return NoUrl(table, "slack_api_url");
  if (webhook.has_value()) {
    if (token.has_value() || !slack.channel.empty()) {
      return table.Error("slack_webhook_file",
                         "a webhook has its channel and needs no token: give "
                         "either slack_webhook_file, or slack_token_file and "
                         "slack_channel");
    }
    slack.secret = *webhook;
    return std::optional<SlackConfig>(slack);
  }
  const bool named = token.has_value() || !slack.channel.empty();
  if (const auto given = env("SLACK_BOT_TOKEN"); !token && given.has_value()) {
    token = SecretConfig{.key = "SLACK_BOT_TOKEN", .value = *given};
  }
  if (slack.channel.empty()) {
    slack.channel = env("SLACK_ADMIN_CHANNEL").value_or("");
  }
  if (token.has_value() && !slack.channel.empty()) {
    slack.secret = *token;
    return std::optional<SlackConfig>(slack);
  }
  // The render manager may have the variables for purposes of its own.
  if (!named) return std::optional<SlackConfig>();
  return table.Error(token.has_value() ? "slack_token_file" : "slack_channel",
                     token.has_value()
                         ? "expected slack_channel beside it: where the bot is "
                           "to post, like \"#render\""
                         : "expected slack_token_file beside it, or a webhook "
                           "in slack_webhook_file");
}

absl::StatusOr<std::optional<WebhookConfig>> ReadWebhook(
    const SettingsTable& table, const Environment& env) {
  if (!table.HasAnyKey()) return std::optional<WebhookConfig>();
  RETURN_IF_ERROR(table.CheckKeys({"url", "url_file", "secret_file"}));
  WebhookConfig webhook;
  ASSIGN_OR_RETURN(webhook.url, ReadUrl(table, env, "alerts.webhook"));
  ASSIGN_OR_RETURN(webhook.signing_key,
                   ReadSecretFile(table, env, "alerts.webhook", "secret_file",
                                  "signing key"));
  return std::optional<WebhookConfig>(webhook);
}

// "farm@example.com": enough to be told from a mistake.
bool IsAddress(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find_first_of(" \t<>,;\"@", at + 1) == std::string_view::npos &&
         text.find_first_of(" \t<>,;\"") == std::string_view::npos;
}

absl::Status CheckAddresses(const SettingsTable& table, const char* key,
                            const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    if (!IsAddress(address)) {
      return table.Error(
          key, fmt::format("expected an address like \"farm@example.com\", not "
                           "\"{}\"",
                           address));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadServer(const SettingsTable& table, EmailConfig& email) {
  RETURN_IF_ERROR(table.ReadText("server", email.server));
  if (!IsUrl(email.server, {"smtp://", "smtps://"}) ||
      email.server.find_first_of("@?#") != std::string::npos) {
    return table.Error("server",
                       "expected a server like \"smtp://mail.example:587\" or "
                       "\"smtps://mail.example:465\", without a user or a "
                       "password in it");
  }
  std::string tls;
  RETURN_IF_ERROR(table.ReadText("tls", tls));
  const bool smtps = email.server.starts_with("smtps://");
  if (smtps) email.tls = EmailConfig::Tls::kFromTheStart;
  if (tls == "none" && !smtps) {
    email.tls = EmailConfig::Tls::kNone;
  } else if (!tls.empty() && (tls != "starttls" || smtps)) {
    return table.Error("tls",
                       "expected \"starttls\" or, for a relay on this machine, "
                       "\"none\"; a server of smtps:// needs neither");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EmailConfig>> ReadEmail(const SettingsTable& table,
                                                     const Environment& env) {
  if (!table.HasAnyKey()) return std::optional<EmailConfig>();
  RETURN_IF_ERROR(table.CheckKeys(
      {"to", "from", "server", "tls", "user", "password_file"}));
  EmailConfig email;
  RETURN_IF_ERROR(ReadServer(table, email));
  RETURN_IF_ERROR(table.ReadText("from", email.from));
  RETURN_IF_ERROR(table.ReadTextOrList("to", email.to));
  if (email.to.empty()) {
    return table.Error("to", "expected who is to get the mail");
  }
  RETURN_IF_ERROR(CheckAddresses(table, "from", {email.from}));
  RETURN_IF_ERROR(CheckAddresses(table, "to", email.to));
  RETURN_IF_ERROR(table.ReadText("user", email.user));
  ASSIGN_OR_RETURN(email.password, ReadSecretFile(table, env, "alerts.email",
                                                  "password_file", "password"));
  if (email.user.empty() == email.password.has_value()) {
    return table.Error(email.user.empty() ? "password_file" : "user",
                       "expected user and password_file, or neither");
  }
  if (email.password.has_value() && email.tls == EmailConfig::Tls::kNone) {
    return table.Error("tls", "without TLS no password is sent");
  }
  return std::optional<EmailConfig>(email);
}

absl::StatusOr<std::optional<SecretConfig>> ReadUrlSection(
    const SettingsTable& table, const Environment& env,
    const std::string& section) {
  if (!table.HasAnyKey()) return std::optional<SecretConfig>();
  RETURN_IF_ERROR(table.CheckKeys({"url", "url_file"}));
  ASSIGN_OR_RETURN(SecretConfig url, ReadUrl(table, env, section));
  return std::optional<SecretConfig>(std::move(url));
}

absl::Status ReadCommand(const SettingsTable& table,
                         std::vector<std::string>& argv) {
  RETURN_IF_ERROR(table.CheckKeys({"argv"}));
  RETURN_IF_ERROR(table.ReadNonEmptyList("argv", argv));
  if (table.HasAnyKey() && !fs::path(argv.front()).is_absolute()) {
    return table.Error(
        "argv",
        fmt::format("expected the absolute path of a program first, not \"{}\"",
                    argv.front()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AlertsConfig> ReadAlerts(const SettingsTable& table,
                                        const Environment& env) {
  RETURN_IF_ERROR(
      table.CheckKeys({"slack_webhook_file", "slack_token_file",
                       "slack_channel", "slack_api_url", "ca_file", "webhook",
                       "email", "alertmanager", "ping", "command"}));
  AlertsConfig alerts;
  ASSIGN_OR_RETURN(alerts.slack, ReadSlack(table, env));
  ASSIGN_OR_RETURN(const SettingsTable webhook, table.Section("webhook"));
  ASSIGN_OR_RETURN(alerts.webhook, ReadWebhook(webhook, env));
  ASSIGN_OR_RETURN(const SettingsTable email, table.Section("email"));
  ASSIGN_OR_RETURN(alerts.email, ReadEmail(email, env));
  ASSIGN_OR_RETURN(const SettingsTable manager, table.Section("alertmanager"));
  ASSIGN_OR_RETURN(alerts.alertmanager,
                   ReadUrlSection(manager, env, "alerts.alertmanager"));
  ASSIGN_OR_RETURN(const SettingsTable ping, table.Section("ping"));
  ASSIGN_OR_RETURN(alerts.ping, ReadUrlSection(ping, env, "alerts.ping"));
  ASSIGN_OR_RETURN(const SettingsTable command, table.Section("command"));
  RETURN_IF_ERROR(ReadCommand(command, alerts.command));
  ASSIGN_OR_RETURN(alerts.ca_file,
                   SecretPath(table, env, "ca_file", "certificates"));
  return alerts;
}

}  // namespace retentiond
