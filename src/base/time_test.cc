#include "base/time.h"

#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

std::string Reformat(const std::string& text) {
  const absl::StatusOr<Instant> instant = ParseInstant(text);
  return instant.ok() ? FormatInstant(*instant) : MessageOf(instant.status());
}

TEST(FormatInstantTest, WritesFractionsOnlyWhenThereAreAny) {
  EXPECT_EQ(FormatInstant(InstantFromMicros(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatInstant(InstantFromMicros(1'000)),
            "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(FormatInstant(InstantFromMicros(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatInstant(InstantFromMicros(999'999)),
            "1970-01-01T00:00:00.999999Z");
}

TEST(FormatInstantTest, WorksBeforeTheEpoch) {
  EXPECT_EQ(FormatInstant(InstantFromMicros(-1)),
            "1969-12-31T23:59:59.999999Z");
}

TEST(ParseInstantTest, ReadsWhatFormatInstantWrites) {
  for (const std::int64_t micros :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'773'630'000'000'000},
        std::int64_t{1'773'630'000'123'000},
        std::int64_t{1'773'630'000'123'456}}) {
    EXPECT_EQ(MicrosOf(*ParseInstant(FormatInstant(InstantFromMicros(micros)))),
              micros);
  }
}

TEST(ParseInstantTest, AppliesTheOffset) {
  EXPECT_EQ(Reformat("2026-03-16T03:00:00+02:00"), "2026-03-16T01:00:00Z");
  EXPECT_EQ(Reformat("2026-03-16T03:00:00-05:30"), "2026-03-16T08:30:00Z");
  EXPECT_EQ(Reformat("2026-03-01T00:00:00+00:01"), "2026-02-28T23:59:00Z");
}

TEST(ParseInstantTest, TakesTheSpellingsOfRfc3339) {
  EXPECT_EQ(Reformat("2026-03-16t03:00:00z"), "2026-03-16T03:00:00Z");
  EXPECT_EQ(Reformat("2026-03-16 03:00:00Z"), "2026-03-16T03:00:00Z");
  EXPECT_EQ(Reformat("2026-03-16T03:00:00.5Z"), "2026-03-16T03:00:00.500Z");
}

TEST(ParseInstantTest, CutsDecimalsBelowAMicrosecond) {
  EXPECT_EQ(Reformat("2026-03-16T03:00:00.123456999Z"),
            "2026-03-16T03:00:00.123456Z");
}

TEST(ParseInstantTest, RefusesWhatIsNoInstant) {
  for (const std::string text : {"",
                                 "2026-03-16",
                                 "2026-03-16T03:00:00",
                                 "2026-03-16T03:00Z",
                                 "2026-03-16T24:00:00Z",
                                 "2026-03-16T03:60:00Z",
                                 "2026-03-16T03:00:60Z",
                                 "2026-02-29T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-03-16T03:00:00.Z",
                                 "2026-03-16T03:00:00+24:00",
                                 "2026-03-16T03:00:00+02:60",
                                 "2026-03-16T03:00:00+0200",
                                 "2026-03-16T03:00:00Zx",
                                 "2026-03-16x03:00:00Z",
                                 "26-03-16T03:00:00Z",
                                 "2026-03-16T-3:00:00Z",
                                 "2026-03-16T03:00:0",
                                 "2026-03-16T03:00:00 02:00",
                                 "+026-03-16T03:00:00Z",
                                 "-026-03-16T03:00:00Z"}) {
    EXPECT_EQ(Reformat(text),
              "\"" + text +
                  "\" is not a time; expected one like 2026-03-16T03:00:00Z");
    EXPECT_EQ(ParseInstant(text).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(ParseDateTest, ReadsWhatFormatDateWrites) {
  for (const std::string text : {"2026-03-16", "2024-02-29", "1969-12-31"}) {
    EXPECT_EQ(FormatDate(*ParseDate(text)), text);
  }
}

TEST(ParseDateTest, RefusesWhatIsNoDate) {
  for (const std::string text : {"", "2026-02-29", "2026-00-01", "2026-01-32",
                                 "2026-3-16", "2026-03-16T", "2026/03/16"}) {
    EXPECT_EQ(MessageOf(ParseDate(text).status()),
              "\"" + text + "\" is not a date; expected one like 2026-03-16");
  }
}

}  // namespace
}  // namespace retentiond
