// A question over HTTP and its answer, without the library that carries them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace retentiond {

struct HttpRequest {
  std::string method;
  std::string path;                          // as sent: escapes stay escapes
  std::map<std::string, std::string> query;  // likewise
  std::string host;                          // empty: not given
  std::string authorization;                 // empty: not given
  bool has_body = false;                     // one is announced; it is not read
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::map<std::string, std::string> headers = {};  // besides those of all
};

// Threads: called from several at a time.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// {"error": message}
HttpResponse ErrorResponse(int status, const std::string& message);
// The same, with the seconds after which to ask again.
HttpResponse TryLaterResponse(int status, const std::string& message,
                              int seconds);

}  // namespace retentiond
