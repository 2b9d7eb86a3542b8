// One message on its way to one channel.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "policy/alert.h"

namespace retentiond {

struct Parcel {
  std::string id;  // the same at each try, so that a receiver can tell
  AlertMessage message;
};

// What came of a try. No part of it holds a secret.
struct Delivery {
  std::string problem = {};  // empty: delivered
  // The receiver asks for so much patience.
  std::optional<std::chrono::seconds> retry_after = {};

  bool delivered() const { return problem.empty(); }
};

}  // namespace retentiond
