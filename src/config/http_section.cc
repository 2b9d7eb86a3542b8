#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/status_macros.h"
#include "config/secret_file.h"
#include "config/sections.h"

namespace retentiond {
namespace {

constexpr std::string_view kUnix = "unix:";
// What fits into an address, with the zero at its end.
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::uint16_t> PortOf(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || rest != end || port == 0) return std::nullopt;
  return port;
}

// Whether only this machine reaches the numeric address; none: it is none.
std::optional<bool> IsLoopback(const std::string& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) {
    return (ntohl(four.s_addr) >> 24U) == 127;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  }
  return std::nullopt;
}

// "127.0.0.1:8373", "[::1]:8373", "localhost:8373"
std::optional<HttpConfig> ParseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HttpConfig http{.listen = HttpConfig::Listen::kTcp};
  http.address = std::string(text.substr(0, colon));
  if (http.address == "localhost") http.address = "127.0.0.1";
  const bool bracketed =
      http.address.starts_with('[') && http.address.ends_with(']');
  if (bracketed) http.address = http.address.substr(1, colon - 2);
  if (bracketed != (http.address.find(':') != std::string::npos)) {
    return std::nullopt;
  }
  const auto port = PortOf(text.substr(colon + 1));
  const auto loopback = IsLoopback(http.address);
  if (!port.has_value() || !loopback.has_value()) return std::nullopt;
  http.port = *port;
  http.loopback = *loopback;
  return http;
}

std::optional<HttpConfig> ParseListen(std::string_view text) {
  if (text == "off") return HttpConfig{.listen = HttpConfig::Listen::kOff};
  if (!text.starts_with(kUnix)) return ParseAddress(text);
  text.remove_prefix(kUnix.size());
  HttpConfig http{.listen = HttpConfig::Listen::kUnix};
  http.socket = std::filesystem::path(text).lexically_normal();
  if (!http.socket.is_absolute() || !http.socket.has_filename() ||
      http.socket.native().size() > kLongestSocketPath) {
    return std::nullopt;
  }
  return http;
}

}  // namespace

absl::StatusOr<HttpConfig> ReadHttp(const SettingsTable& table,
                                    const Environment& env) {
  RETURN_IF_ERROR(table.CheckKeys({"listen", "token_file"}));
  HttpConfig http;
  std::string listen;
  RETURN_IF_ERROR(table.ReadText("listen", listen));
  if (!listen.empty()) {
    const std::optional<HttpConfig> parsed = ParseListen(listen);
    if (!parsed.has_value()) {
      return table.Error(
          "listen",
          "expected an address and a port like \"127.0.0.1:8373\" or "
          "\"[::1]:8373\", a socket like \"unix:/run/retentiond/http.sock\" "
          "(107 bytes at most), or \"off\", not \"" +
              listen + "\"");
    }
    http = *parsed;
  }
  ASSIGN_OR_RETURN(http.token_file,
                   SecretPath(table, env, "token_file", "token"));
  const bool elsewhere =
      http.listen == HttpConfig::Listen::kTcp && !http.loopback;
  if (elsewhere && http.token_file.empty()) {
    return table.Error("listen",
                       "\"" + listen +
                           "\" can be reached from other machines, which takes "
                           "a token: name its file in http.token_file");
  }
  return http;
}

}  // namespace retentiond
