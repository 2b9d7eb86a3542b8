// A creation time of any text: what can be read can be written, and read again.
#include <string>

#include "fuzz.h"
#include "jobstore/creation_time.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const std::string_view text = fuzz::TextOf(data, size);
  const auto earliest =
      Instant(std::chrono::sys_days(std::chrono::year(2000) / 1 / 1));
  const auto read = CreationTimeOfText(text, absl::UTCTimeZone());
  if (read.has_value()) {
    fuzz::Require(*read >= earliest, "nothing is older than 2000");
    const auto again = ParseInstant(FormatInstant(*read));
    fuzz::Require(again.ok() && *again == *read,
                  "what was read can be written");
  }
  absl::TimeZone helsinki;
  if (absl::LoadTimeZone("Europe/Helsinki", &helsinki)) {
    const auto there = CreationTimeOfText(text, helsinki);
    fuzz::Require(
        there.has_value() == read.has_value() ||
            (read.has_value() && *read < earliest + std::chrono::days(2)) ||
            (there.has_value() && *there < earliest + std::chrono::days(2)),
        "a zone makes no text readable");
  }
  return 0;
}
