// A dead man's switch: it is told that a run begins and how it ended, and
// raises the alarm itself when it hears nothing.
#pragma once

#include <string>

#include "alert/channel.h"
#include "alert/curl_transfer.h"
#include "config/alerts_config.h"

namespace retentiond {

class PingChannel : public Channel {
 public:
  PingChannel(SecretConfig url, Sender sender, TransferSettings transfer)
      : url_(std::move(url)),
        sender_(std::move(sender)),
        transfer_(std::move(transfer)) {}

  AlertChannel what() const override {
    return {.name = "ping", .takes = AlertChannel::Takes::kRuns};
  }
  // "URL/start", "URL", or "URL/fail", with the text as the body.
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  SecretConfig url_;
  Sender sender_;
  TransferSettings transfer_;
};

}  // namespace retentiond
