// Mail, by SMTP.
#pragma once

#include <string>

#include "alert/channel.h"
#include "alert/curl_transfer.h"
#include "config/alerts_config.h"

namespace retentiond {

class EmailChannel : public Channel {
 public:
  EmailChannel(EmailConfig config, Sender sender, TransferSettings transfer)
      : config_(std::move(config)),
        sender_(std::move(sender)),
        transfer_(std::move(transfer)) {}

  AlertChannel what() const override { return {.name = "email"}; }
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  EmailConfig config_;
  Sender sender_;
  TransferSettings transfer_;
};

// A header's value: one line, and encoded (RFC 2047) where it is not ASCII.
std::string HeaderText(const std::string& text);

}  // namespace retentiond
