// One transfer by libcurl within bounds: no redirects, certificates checked,
// proxies as the environment has them.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace retentiond {

struct TransferLimits {
  std::chrono::milliseconds connect = std::chrono::seconds(10);
  std::chrono::milliseconds total = std::chrono::seconds(30);
};

// What all transfers share.
struct TransferSettings {
  TransferLimits limits;
  std::filesystem::path ca_file;  // empty: the machine's certificates
};

class CurlTransfer {
 public:
  // `stop` must outlive the object; true ends the transfer within a second.
  CurlTransfer(const TransferSettings& settings, const std::atomic<bool>& stop);

  // Lengths and lines as libcurl wants them; for options of its own.
  CURL* handle() { return handle_.get(); }
  void AddHeader(const std::string& line);

  // Errors name neither the URL nor anything else that may be a secret.
  absl::Status Perform();

  long status() const;  // of HTTP
  std::optional<std::chrono::seconds> retry_after() const;
  // The first 64 KiB of it.
  const std::string& answer() const { return answer_; }

 private:
  static std::size_t Receive(char* data, std::size_t size, std::size_t count,
                             void* transfer);
  static int Progress(void* transfer, curl_off_t, curl_off_t, curl_off_t,
                      curl_off_t);

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::unique_ptr<CURL, Free> handle_;
  std::unique_ptr<curl_slist, Free> headers_;
  const std::atomic<bool>& stop_;
  std::string answer_;
};

}  // namespace retentiond
