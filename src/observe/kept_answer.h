// An answer that costs something, made once for all who ask within a while.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "observe/http_message.h"

namespace retentiond {

// Threads: any.
class KeptAnswer {
 public:
  // At most one answer is made at a time among all that share `turn`; whoever
  // has waited `patience` for it is told to ask again. One is kept for `fresh`
  // if it succeeded. References must outlive this.
  KeptAnswer(std::timed_mutex& turn, const Clock& clock, Micros patience,
             Micros fresh)
      : turn_(turn), clock_(clock), patience_(patience), fresh_(fresh) {}

  HttpResponse Get(const std::function<HttpResponse()>& make);

 private:
  std::timed_mutex& turn_;
  const Clock& clock_;
  const Micros patience_;
  const Micros fresh_;
  std::mutex mutex_;  // of what follows; held briefly
  std::optional<HttpResponse> kept_;
  Micros made_at_{0};  // boot time
};

}  // namespace retentiond
