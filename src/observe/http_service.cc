#include "observe/http_service.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "config/secret_file.h"

namespace retentiond {
namespace {

// Too many guesses for anybody, at twenty a second.
constexpr std::size_t kShortestToken = 16;

constexpr char kWithout[] =
    "cleaning without answers over HTTP until the configuration is read anew";

absl::StatusOr<std::optional<std::string>> TokenOf(const HttpConfig& config) {
  if (config.token_file.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(std::string token,
                   ReadSecret(config.token_file, "http.token_file", "token"));
  if (token.size() < kShortestToken) {
    return absl::InvalidArgumentError(fmt::format(
        "http.token_file: {}: the token is shorter than {} characters",
        config.token_file.string(), kShortestToken));
  }
  return token;
}

}  // namespace

HttpService::HttpService(Api& api, const Clock& clock, RunObserver& told)
    : api_(api),
      clock_(clock),
      told_(told),
      answer_([&api](const auto& asked) { return api.Answer(asked); }) {}

HttpService::~HttpService() {
  api_.Stop();
  StopListening();
}

void HttpService::OnSettings(const SharedSettings& settings) {
  // The daemon tells at its start what it was started with.
  if (std::exchange(settings_, settings) == settings) return;
  api_.SetSettings(settings);
  const HttpConfig& config = settings->config.http;
  absl::StatusOr<std::optional<std::string>> token = TokenOf(config);
  if (token.ok() && server_ != nullptr && config == config_ &&
      *token == token_) {
    return;
  }
  StopListening();
  if (config.listen == HttpConfig::Listen::kOff) return;
  const absl::Status listening =
      token.ok() ? Listen(config, *token) : token.status();
  if (listening.ok()) {
    told_.OnNotice("answering questions over HTTP at " + name_);
  } else {
    told_.OnTrouble(listening, kWithout);
  }
}

absl::Status HttpService::Listen(const HttpConfig& config,
                                 const std::optional<std::string>& token) {
  ASSIGN_OR_RETURN(ListeningSocket socket, ListeningSocket::Open(config));
  const bool names_matter =
      config.listen == HttpConfig::Listen::kTcp && !token.has_value();
  gate_ = std::make_unique<Gate>(
      Gate::Rules{.token = token, .only_loopback_names = names_matter}, answer_,
      clock_);
  pass_ = [this](const HttpRequest& asked) { return gate_->Answer(asked); };
  ASSIGN_OR_RETURN(server_,
                   HttpServer::Start(std::move(socket), pass_, clock_));
  api_.OpenStreams();
  config_ = config;
  token_ = token;
  name_ = NameOf(config);
  return absl::OkStatus();
}

void HttpService::StopListening() {
  // The server waits for its threads, and those for events.
  api_.CloseStreams();
  server_.reset();
  name_.clear();
}

void HttpService::OnHistory(const History&) { api_.SetRunning(false); }
void HttpService::OnWait(Instant) { api_.SetRunning(false); }
void HttpService::OnStandby(const std::string&) { api_.SetRunning(false); }
void HttpService::OnPhase(const RunRecord&) { api_.SetRunning(true); }
void HttpService::OnBlocked(const RunRecord&) { api_.SetRunning(false); }
void HttpService::OnRunEnd(const RunRecord&) { api_.SetRunning(false); }

}  // namespace retentiond
