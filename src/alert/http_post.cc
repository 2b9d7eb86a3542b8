#include "alert/http_post.h"

#include <fmt/format.h>

#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

std::string ProblemOf(long status) {
  if (status >= 300 && status < 400) {
    return fmt::format(
        "it answered HTTP {}: redirects are not followed, please configure the "
        "URL that it leads to",
        status);
  }
  return fmt::format("it answered HTTP {}", status);
}

}  // namespace

Delivery Post(const HttpPost& post, const TransferSettings& settings,
              const std::atomic<bool>& stop, const AnswerCheck& check) {
  CurlTransfer transfer(settings, stop);
  CURL* const curl = transfer.handle();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_URL, post.url.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(post.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.body.data());
  transfer.AddHeader("Content-Type: " + post.content_type);
  transfer.AddHeader("User-Agent: retentiond");
  transfer.AddHeader("Expect:");
  for (const std::string& header : post.headers) transfer.AddHeader(header);
  if (const absl::Status done = transfer.Perform(); !done.ok()) {
    return {.problem = MessageOf(done)};
  }
  const long status = transfer.status();
  if (status < 200 || status > 299) {
    return {.problem = ProblemOf(status),
            .retry_after = transfer.retry_after()};
  }
  if (!check) return {};
  return {.problem = check(transfer.answer())};
}

}  // namespace retentiond
