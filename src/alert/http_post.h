// Messages that are posted over HTTP.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "alert/curl_transfer.h"
#include "alert/delivery.h"
#include "config/alerts_config.h"

namespace retentiond {

struct HttpPost {
  std::string url = {};
  std::string body = {};
  std::string content_type = "application/json; charset=utf-8";
  std::vector<std::string> headers = {};
};

// Whether an answer with a status of 2xx means what it says; a problem, or
// nothing.
using AnswerCheck = std::function<std::string(const std::string& answer)>;

Delivery Post(const HttpPost& post, const TransferSettings& settings,
              const std::atomic<bool>& stop,
              const AnswerCheck& check = nullptr);

}  // namespace retentiond
