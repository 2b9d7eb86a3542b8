// Lines of a request: method, path, host, authorization. Nobody without the
// token passes the gate, and nothing but a question does.
#include <string>

#include "base/simulated_clock.h"
#include "fuzz.h"
#include "observe/gate.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const auto [method, more] = fuzz::SplitLine(fuzz::TextOf(data, size));
  const auto [path, hosts] = fuzz::SplitLine(more);
  const auto [host, authorization] = fuzz::SplitLine(hosts);
  HttpRequest request{.method = std::string(method),
                      .path = std::string(path),
                      .host = std::string(host),
                      .authorization = std::string(authorization)};
  bool passed = false;
  const HttpHandler inside = [&](const HttpRequest&) {
    passed = true;
    return HttpResponse();
  };
  SimulatedClock clock{Instant()};
  Gate gate({.token = "s3cr3t", .only_loopback_names = true}, inside, clock);
  const HttpResponse answer = gate.Answer(request);
  fuzz::Require(passed == (answer.status == 200), "a refusal says so");
  if (!passed) return 0;
  fuzz::Require(authorization == "Bearer s3cr3t", "nobody passes unasked");
  fuzz::Require(method == "GET" || method == "HEAD", "nothing is changed");
  fuzz::Require(host.empty() || host.starts_with("127.") ||
                    host.starts_with("localhost") || host.starts_with("[::1]"),
                "it answers for this machine only");
  return 0;
}
