// A client that sends what it likes, and reads what comes back.
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "config/config.h"

namespace retentiond {

class RawClient {
 public:
  // Connects to where a server with this configuration listens.
  explicit RawClient(const HttpConfig& config);

  bool connected() const { return connected_; }
  // False when the server has ended the connection.
  bool Send(const std::string& bytes);
  // All that comes until the server ends the connection.
  std::string Receive();

 private:
  UniqueFd fd_;
  bool connected_ = false;
};

// Sends `request` and returns what comes.
std::string Exchange(const HttpConfig& config, const std::string& request);

}  // namespace retentiond
