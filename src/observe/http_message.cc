#include "observe/http_message.h"

#include <nlohmann/json.hpp>
#include <string>

namespace retentiond {

HttpResponse ErrorResponse(int status, const std::string& message) {
  using Json = nlohmann::json;
  return {.status = status,
          .body = Json{{"error", message}}.dump(
              2, ' ', false, Json::error_handler_t::replace)};
}

HttpResponse TryLaterResponse(int status, const std::string& message,
                              int seconds) {
  HttpResponse response = ErrorResponse(status, message);
  response.headers["Retry-After"] = std::to_string(seconds);
  return response;
}

}  // namespace retentiond
