// Lets a test fail, or act upon, the n-th call of a method of a fake.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace retentiond {

class CallScript {
 public:
  // What happens at a call; an error is what the call returns.
  using Action = std::function<absl::Status()>;

  // Before the n-th call from now (1: the next); on an error the call does
  // nothing else.
  void Before(const std::string& method, int n, Action action) {
    before_[method][counts_[method] + n] = std::move(action);
  }
  // After the n-th call from now has done its work, as when the connection is
  // lost between the commit and its answer.
  void After(const std::string& method, int n, Action action) {
    after_[method][counts_[method] + n] = std::move(action);
  }
  void Fail(const std::string& method, int n, const absl::Status& status) {
    Before(method, n, [status] { return status; });
  }

  // How often `method` was called.
  int Count(const std::string& method) const {
    const auto found = counts_.find(method);
    return found == counts_.end() ? 0 : found->second;
  }
  // The names of all methods called, in order.
  const std::vector<std::string>& calls() const { return calls_; }

  // Runs `work`, which returns a Status or a StatusOr, as the script has it.
  template <typename Work>
  auto Call(const std::string& method, const Work& work) -> decltype(work()) {
    const int n = ++counts_[method];
    calls_.push_back(method);
    if (absl::Status status = Act(before_, method, n); !status.ok()) {
      return status;
    }
    auto result = work();
    if (absl::Status status = Act(after_, method, n); !status.ok()) {
      return status;
    }
    return result;
  }

 private:
  using Actions = std::map<std::string, std::map<int, Action>>;

  static absl::Status Act(const Actions& actions, const std::string& method,
                          int n) {
    const auto of_method = actions.find(method);
    if (of_method == actions.end()) return absl::OkStatus();
    const auto action = of_method->second.find(n);
    if (action == of_method->second.end()) return absl::OkStatus();
    return action->second();
  }

  Actions before_;
  Actions after_;
  std::map<std::string, int> counts_;
  std::vector<std::string> calls_;
};

}  // namespace retentiond
