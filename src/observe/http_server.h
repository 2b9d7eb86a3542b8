// Carries questions over HTTP to a handler, within limits that no client can
// exceed: docs/http.md.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "observe/http_message.h"
#include "observe/listening_socket.h"

namespace retentiond {

// A thread for each connection, of which there are few; one question a
// connection. Nothing of a body is read. Each answer gets the headers that keep
// a browser from doing anything with it but showing it.
class HttpServer {
 public:
  // `handler` and `clock` must outlive the server.
  // ResourceExhausted: the machine has no threads or memory for it.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      ListeningSocket socket, const HttpHandler& handler, const Clock& clock);

  // Ends the connections, and waits for the handler to return.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  struct Parts;  // of the library, kept out of this header

  explicit HttpServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace retentiond
