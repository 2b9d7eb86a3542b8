#include "files/io_pacer.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

namespace retentiond {
namespace {

using std::chrono::milliseconds;

constexpr Micros kMeasureFor = milliseconds(500);
// Shorter than a hand notices, long enough for the kernel to count.
constexpr Micros kLook = milliseconds(25);
// Others wait for more than a tenth of the time: the disk is theirs. (systemd
// acts on the same measure from 20 to 60 % on.)
constexpr int kShareThatIsMuch = 10;
constexpr Micros kLongestRest = std::chrono::seconds(2);
// The gentle pace.
constexpr Micros kWork = milliseconds(100);
constexpr Micros kPause = milliseconds(25);

bool IsMuch(Micros stalled, Micros elapsed) {
  return stalled * kShareThatIsMuch > elapsed;
}

}  // namespace

IoPacer::IoPacer(std::function<Micros()> now, std::function<void(Micros)> sleep,
                 std::string pressure)
    : now_(std::move(now)),
      sleep_(std::move(sleep)),
      pressure_(std::move(pressure)),
      since_(now_()),
      stalled_(ReadStalled()) {}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=123", in microseconds.
std::optional<Micros> IoPacer::ReadStalled() const {
  std::ifstream file(pressure_);
  constexpr std::string_view kTotal = "total=";
  for (std::string word; file >> word;) {
    if (!word.starts_with(kTotal)) continue;
    try {
      return Micros(std::stoll(word.substr(kTotal.size())));
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void IoPacer::Rest() {
  const std::lock_guard lock(mutex_);
  const Micros now = now_();
  if (!stalled_.has_value()) return RestGently(now);
  if (now - since_ < kMeasureFor) return;
  const std::optional<Micros> stalled = ReadStalled();
  if (stalled.has_value() && IsMuch(*stalled - *stalled_, now - since_)) {
    GiveWay();
  }
  since_ = now_();
  stalled_ = ReadStalled();
}

void IoPacer::RestGently(Micros now) {
  if (now - since_ < kWork) return;
  sleep_(kPause);
  since_ = now_();
}

// Rests as long as others wait while we do not work, in steps that double.
void IoPacer::GiveWay() {
  for (Micros rest = kLook; rest <= kLongestRest; rest *= 2) {
    const Micros begun = now_();
    const std::optional<Micros> before = ReadStalled();
    sleep_(rest);
    const std::optional<Micros> after = ReadStalled();
    if (!before.has_value() || !after.has_value() ||
        !IsMuch(*after - *before, now_() - begun)) {
      return;
    }
  }
}

}  // namespace retentiond
