#include "observe/kept_answer.h"

namespace retentiond {
namespace {

constexpr int kOk = 200;

}  // namespace

HttpResponse KeptAnswer::Get(const std::function<HttpResponse()>& make) {
  const auto kept = [this]() -> std::optional<HttpResponse> {
    const std::lock_guard lock(mutex_);
    if (kept_.has_value() && clock_.BootTime() - made_at_ < fresh_) {
      return kept_;
    }
    return std::nullopt;
  };
  if (const std::optional<HttpResponse> answer = kept()) return *answer;
  const std::unique_lock turn(turn_, patience_);
  if (!turn.owns_lock()) {
    return TryLaterResponse(503, "another question is being answered", 5);
  }
  // Made meanwhile, while we waited for our turn.
  if (const std::optional<HttpResponse> answer = kept()) return *answer;
  HttpResponse answer = make();
  const std::lock_guard lock(mutex_);
  kept_.reset();
  if (answer.status == kOk) kept_ = answer;
  made_at_ = clock_.BootTime();
  return answer;
}

}  // namespace retentiond
