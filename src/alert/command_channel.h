// A program of the administrator's, which gets each message as JSON on its
// standard input.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "alert/channel.h"

namespace retentiond {

class CommandChannel : public Channel {
 public:
  CommandChannel(std::vector<std::string> argv, Sender sender,
                 std::chrono::milliseconds limit = std::chrono::seconds(30))
      : argv_(std::move(argv)), sender_(std::move(sender)), limit_(limit) {}

  AlertChannel what() const override { return {.name = "command"}; }
  // Delivered when it exits with 0 within the limit; else it and what it has
  // started in its process group is killed.
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override;

 private:
  std::vector<std::string> argv_;
  Sender sender_;
  std::chrono::milliseconds limit_;
};

}  // namespace retentiond
