#include "alert/channels.h"

#include "alert/alertmanager_channel.h"
#include "alert/command_channel.h"
#include "alert/curl_transfer.h"
#include "alert/email_channel.h"
#include "alert/ping_channel.h"
#include "alert/slack_channel.h"
#include "alert/webhook_channel.h"

namespace retentiond {

std::vector<std::unique_ptr<Channel>> MakeChannels(const AlertsConfig& config,
                                                   const Sender& sender,
                                                   const Clock& clock) {
  const TransferSettings transfer{.limits = {}, .ca_file = config.ca_file};
  std::vector<std::unique_ptr<Channel>> channels;
  if (config.slack.has_value()) {
    channels.push_back(
        std::make_unique<SlackChannel>(*config.slack, sender, transfer));
  }
  if (config.webhook.has_value()) {
    channels.push_back(std::make_unique<WebhookChannel>(*config.webhook, sender,
                                                        transfer, clock));
  }
  if (config.email.has_value()) {
    channels.push_back(
        std::make_unique<EmailChannel>(*config.email, sender, transfer));
  }
  if (config.alertmanager.has_value()) {
    channels.push_back(std::make_unique<AlertmanagerChannel>(
        *config.alertmanager, sender, transfer));
  }
  if (config.ping.has_value()) {
    channels.push_back(
        std::make_unique<PingChannel>(*config.ping, sender, transfer));
  }
  if (!config.command.empty()) {
    channels.push_back(
        std::make_unique<CommandChannel>(config.command, sender));
  }
  return channels;
}

}  // namespace retentiond
