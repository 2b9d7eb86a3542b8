// Slack: an incoming webhook, or a bot that posts to a channel.
#pragma once

#include <string>

#include "alert/channel.h"
#include "alert/curl_transfer.h"
#include "config/alerts_config.h"

namespace retentiond {

class SlackChannel : public Channel {
 public:
  SlackChannel(SlackConfig config, Sender sender, TransferSettings transfer)
      : config_(std::move(config)),
        sender_(std::move(sender)),
        transfer_(std::move(transfer)) {}

  AlertChannel what() const override { return {.name = "slack"}; }
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  SlackConfig config_;
  Sender sender_;
  TransferSettings transfer_;
};

}  // namespace retentiond
