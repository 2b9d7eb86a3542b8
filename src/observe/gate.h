// Who may ask, and what counts as a question.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "observe/http_message.h"
#include "observe/rate_limit.h"

namespace retentiond {

// Lets through what may be asked: a GET or HEAD without a body, with the token
// where there is one, not too often. Threads: Answer from any.
class Gate {
 public:
  struct Rules {
    // That every request must bear; none: nobody needs one.
    std::optional<std::string> token;
    // Whether Host must name this machine's loopback: a page of somebody
    // else's, to which a browser was led by a name that points here, does not.
    bool only_loopback_names = false;
  };

  // References must outlive the gate.
  Gate(Rules rules, const HttpHandler& inside, const Clock& clock);

  HttpResponse Answer(const HttpRequest& request);

 private:
  std::optional<HttpResponse> Refusal(const HttpRequest& request);

  const Rules rules_;
  const HttpHandler& inside_;
  const Clock& clock_;
  RateLimit limit_;
};

}  // namespace retentiond
