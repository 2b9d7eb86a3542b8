// The socket at which questions over HTTP arrive.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "config/config.h"

namespace retentiond {

class ListeningSocket {
 public:
  // Listens as `config` says, which must not be kOff. The socket of a path is
  // for the owner and the group; one that a dead process left there is
  // replaced, and nothing else ever is.
  // Errors name http.listen and the place: those of ErrnoStatus;
  // AlreadyExists when another process listens there.
  static absl::StatusOr<ListeningSocket> Open(const HttpConfig& config);

  ListeningSocket(ListeningSocket&&) = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const { return fd_.get(); }

 private:
  ListeningSocket(UniqueFd fd, std::filesystem::path path);

  UniqueFd fd_;
  std::filesystem::path path_;  // to be removed; empty: none
};

// "127.0.0.1:8373", "[::1]:8373", "unix:/run/retentiond/http.sock", "off"
std::string NameOf(const HttpConfig& config);

}  // namespace retentiond
