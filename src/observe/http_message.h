// A question over HTTP and its answer, without the library that carries them.
#pragma once

#include <chrono>
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

// More of a body, made while it is sent; none: that was all. Called from one
// thread at a time; it may wait, but not for longer than `kLongestWait`.
using BodyStream = std::function<std::optional<std::string>()>;
inline constexpr std::chrono::seconds kLongestWait{20};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  // Besides those of all, or in place of one.
  std::map<std::string, std::string> headers = {};
  BodyStream more = nullptr;  // what follows `body`
};

// Threads: called from several at a time.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// {"error": message}
HttpResponse ErrorResponse(int status, const std::string& message);
// The same, with the seconds after which to ask again.
HttpResponse TryLaterResponse(int status, const std::string& message,
                              int seconds);

}  // namespace retentiond
