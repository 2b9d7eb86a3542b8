// Prometheus' Alertmanager, by its API version 2.
#pragma once

#include <string>

#include "alert/channel.h"
#include "alert/curl_transfer.h"
#include "config/alerts_config.h"

namespace retentiond {

// What is posted: one alert, which ends where it is resolved and else, without
// another word, after two days.
std::string AlertmanagerJson(const AlertMessage& message, const Sender& sender);

class AlertmanagerChannel : public Channel {
 public:
  AlertmanagerChannel(SecretConfig url, Sender sender,
                      TransferSettings transfer)
      : url_(std::move(url)),
        sender_(std::move(sender)),
        transfer_(std::move(transfer)) {}

  // It has no place for what merely happened.
  AlertChannel what() const override {
    return {.name = "alertmanager", .takes = AlertChannel::Takes::kConditions};
  }
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  SecretConfig url_;
  Sender sender_;
  TransferSettings transfer_;
};

}  // namespace retentiond
