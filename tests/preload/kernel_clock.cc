// Preloaded into the daemon by tests: what the kernel says of its own clock.
// $KERNEL_CLOCK is "synchronised" or anything else for the contrary; the real
// answer would depend on the machine.
#include <sys/timex.h>

#include <cstdlib>
#include <string_view>

extern "C" int adjtimex(timex* state) {
  const char* const clock = std::getenv("KERNEL_CLOCK");
  const bool synchronised =
      clock != nullptr && std::string_view(clock) == "synchronised";
  *state = {};
  state->maxerror = synchronised ? 1000 : 16'000'000;  // microseconds
  state->status = synchronised ? 0 : STA_UNSYNC;
  return synchronised ? TIME_OK : TIME_ERROR;
}
