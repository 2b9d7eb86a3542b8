// A webhook of anybody's, signed as Standard Webhooks say.
#pragma once

#include <string>

#include "alert/channel.h"
#include "alert/curl_transfer.h"
#include "base/clock.h"
#include "config/alerts_config.h"

namespace retentiond {

class WebhookChannel : public Channel {
 public:
  // The clock's time is part of what is signed.
  WebhookChannel(WebhookConfig config, Sender sender, TransferSettings transfer,
                 const Clock& clock)
      : config_(std::move(config)),
        sender_(std::move(sender)),
        transfer_(std::move(transfer)),
        clock_(clock) {}

  AlertChannel what() const override { return {.name = "webhook"}; }
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  absl::StatusOr<Delivery> Try(const Parcel& parcel,
                               const std::atomic<bool>& stop);

  WebhookConfig config_;
  Sender sender_;
  TransferSettings transfer_;
  const Clock& clock_;
};

}  // namespace retentiond
