#include "observe/gate.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"

namespace retentiond {
namespace {

// Far above what a page and a few scrapers ask; a loop that runs wild is slowed
// down. Health and metrics cost next to nothing and must not depend on others.
constexpr double kPerSecond = 20;
constexpr double kBurst = 60;
constexpr std::array<std::string_view, 2> kUnlimited = {"/healthz", "/metrics"};

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

// In the same time whatever the guess.
bool IsToken(std::string_view guess, const std::string& token) {
  return guess.size() == token.size() &&
         CRYPTO_memcmp(guess.data(), token.data(), token.size()) == 0;
}

// What bears the token: a program's Bearer, or the password that a browser asks
// a person for, under whatever name. Empty: nothing does.
std::string TokenIn(std::string_view authorization) {
  if (authorization.starts_with(kBearer)) {
    return std::string(authorization.substr(kBearer.size()));
  }
  if (!authorization.starts_with(kBasic)) return "";
  std::string pair;
  const std::string encoded(authorization.substr(kBasic.size()));
  if (!absl::Base64Unescape(encoded, &pair)) return "";
  const std::size_t colon = pair.find(':');
  return colon == std::string::npos ? "" : pair.substr(colon + 1);
}

// "127.0.0.1:8373" and the like; a request without a host is no browser's.
bool NamesLoopback(std::string_view host) {
  if (host.empty()) return true;
  const std::size_t end =
      host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  const std::string_view name = host.substr(0, end);
  const bool numeric = name.find_first_not_of("0123456789.") == name.npos;
  return name == "localhost" || name == "[::1]" ||
         (numeric && name.starts_with("127."));
}

}  // namespace

Gate::Gate(Rules rules, const HttpHandler& inside, const Clock& clock)
    : rules_(std::move(rules)),
      inside_(inside),
      clock_(clock),
      limit_(kPerSecond, kBurst) {}

HttpResponse Gate::Answer(const HttpRequest& request) {
  std::optional<HttpResponse> refusal = Refusal(request);
  return refusal.has_value() ? *std::move(refusal) : inside_(request);
}

std::optional<HttpResponse> Gate::Refusal(const HttpRequest& request) {
  if (rules_.only_loopback_names && !NamesLoopback(request.host)) {
    return ErrorResponse(421, "this server answers for this machine only");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response =
        ErrorResponse(405, "nothing can be changed here: GET and HEAD only");
    response.headers["Allow"] = "GET, HEAD";
    return response;
  }
  if (request.has_body) return ErrorResponse(413, "a question has no body");
  if (std::count(kUnlimited.begin(), kUnlimited.end(), request.path) == 0 &&
      !limit_.Take(clock_.BootTime())) {
    return TryLaterResponse(429, "too many questions", 1);
  }
  if (!rules_.token.has_value()) return std::nullopt;
  if (IsToken(TokenIn(request.authorization), *rules_.token)) {
    return std::nullopt;
  }
  HttpResponse response = ErrorResponse(401, "the token is missing or wrong");
  response.headers["WWW-Authenticate"] =
      R"(Basic realm="retentiond: any name, the token", charset="UTF-8")";
  return response;
}

}  // namespace retentiond
