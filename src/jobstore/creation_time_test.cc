#include "jobstore/creation_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace retentiond {
namespace {

std::string Show(const std::optional<Instant>& instant) {
  return instant.has_value() ? FormatInstant(*instant) : "none";
}

absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

std::string OfText(const std::string& text, const std::string& zone = "UTC") {
  return Show(CreationTimeOfText(text, Zone(zone)));
}

TEST(CreationTimeTest, TellsSecondsAndMillisecondsApart) {
  EXPECT_EQ(Show(CreationTimeOfInteger(1773662400)), "2026-03-16T12:00:00Z");
  EXPECT_EQ(Show(CreationTimeOfInteger(1773662400123)),
            "2026-03-16T12:00:00.123Z");
}

TEST(CreationTimeTest, TakesNoIntegerOutsideTheTwoRanges) {
  EXPECT_EQ(Show(CreationTimeOfInteger(946684799)), "none");
  EXPECT_EQ(Show(CreationTimeOfInteger(946684800)), "2000-01-01T00:00:00Z");
  EXPECT_EQ(Show(CreationTimeOfInteger(99999999999)), "5138-11-16T09:46:39Z");
  EXPECT_EQ(Show(CreationTimeOfInteger(100000000000)), "none");
  EXPECT_EQ(Show(CreationTimeOfInteger(946684799999)), "none");
  EXPECT_EQ(Show(CreationTimeOfInteger(946684800000)), "2000-01-01T00:00:00Z");
  EXPECT_EQ(Show(CreationTimeOfInteger(253402300799999)),
            "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(Show(CreationTimeOfInteger(253402300800000)), "none");
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1773662400}, std::int64_t{20260316},
        std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(Show(CreationTimeOfInteger(value)), "none") << value;
  }
}

TEST(CreationTimeTest, KeepsTheFractionOfReals) {
  EXPECT_EQ(Show(CreationTimeOfReal(1773662400.5)), "2026-03-16T12:00:00.500Z");
  EXPECT_EQ(Show(CreationTimeOfReal(1773662400123.5)),
            "2026-03-16T12:00:00.123500Z");
}

TEST(CreationTimeTest, TakesNoRealThatIsNoTime) {
  for (const double value :
       {0.0, -1.5, 2461116.0 /* a Julian day */, 946684799.9, 5e11, 1e300,
        std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Show(CreationTimeOfReal(value)), "none") << value;
  }
}

TEST(CreationTimeTest, ReadsIsoTextWithOffset) {
  EXPECT_EQ(OfText("2026-03-16T12:00:00.000+00:00"), "2026-03-16T12:00:00Z");
  EXPECT_EQ(OfText("2026-03-16T12:00:00Z"), "2026-03-16T12:00:00Z");
  EXPECT_EQ(OfText("2026-03-16 12:00:00.25+02:00"), "2026-03-16T10:00:00.250Z");
  EXPECT_EQ(OfText("2026-03-16T12:00:00-0530"), "2026-03-16T17:30:00Z");
  EXPECT_EQ(OfText("2026-03-16 12:00:00+00"), "2026-03-16T12:00:00Z");
  // The offset wins over the zone of the column.
  EXPECT_EQ(OfText("2026-03-16T12:00:00Z", "Asia/Tokyo"),
            "2026-03-16T12:00:00Z");
}

TEST(CreationTimeTest, ReadsZonelessTextInTheGivenZone) {
  EXPECT_EQ(OfText("2026-03-16 12:00:00"), "2026-03-16T12:00:00Z");
  EXPECT_EQ(OfText("2026-03-16T12:00:00.5"), "2026-03-16T12:00:00.500Z");
  EXPECT_EQ(OfText("2026-03-16 12:00:00", "Asia/Tokyo"),
            "2026-03-16T03:00:00Z");
}

TEST(CreationTimeTest, TakesTheYoungerReadingOfARepeatedTime) {
  EXPECT_EQ(OfText("2026-10-25 03:30:00", "Europe/Helsinki"),
            "2026-10-25T01:30:00Z");
}

TEST(CreationTimeTest, TakesTheYoungerReadingOfASkippedTime) {
  EXPECT_EQ(OfText("2026-03-29 03:30:00", "Europe/Helsinki"),
            "2026-03-29T01:30:00Z");
}

TEST(CreationTimeTest, ReadsADateAsItsEnd) {
  EXPECT_EQ(OfText("2026-03-08"), "2026-03-09T00:00:00Z");
  EXPECT_EQ(OfText("2026-03-08", "America/New_York"), "2026-03-09T04:00:00Z");
}

TEST(CreationTimeTest, ReadsTenOrThirteenDigits) {
  EXPECT_EQ(OfText("1773662400"), "2026-03-16T12:00:00Z");
  EXPECT_EQ(OfText("1773662400123"), "2026-03-16T12:00:00.123Z");
  EXPECT_EQ(OfText("0773662400"), "none");
  EXPECT_EQ(OfText("177366240012"), "none");
  EXPECT_EQ(OfText("20260316"), "none");
}

TEST(CreationTimeTest, TakesNoTextBefore2000) {
  EXPECT_EQ(OfText("1999-12-31T23:59:59.999Z"), "none");
  EXPECT_EQ(OfText("2000-01-01T00:00:00Z"), "2000-01-01T00:00:00Z");
  EXPECT_EQ(OfText("1970-01-01 00:00:00"), "none");
  EXPECT_EQ(OfText("1999-12-30"), "none");
  EXPECT_EQ(OfText("1999-12-31"), "2000-01-01T00:00:00Z");
}

TEST(CreationTimeTest, TakesNoGarbage) {
  for (const char* text :
       {"", " ", "now", "2026-03-16 12:00", "2026-02-30 12:00:00",
        "2026-03-16 12:00:00 ", " 2026-03-16 12:00:00", "2026-03-16 24:00:00",
        "2026-03-16T12:00:00+25:00", "2026-03-16T12:00:00+1",
        "2026-03-16T12:00:00+123", "16.03.2026", "2026-3-16", "1773662400.5",
        "2026-03-16T12:00:00ZZ", "-773662400", "+773662400"}) {
    EXPECT_EQ(OfText(text), "none") << text;
  }
}

}  // namespace
}  // namespace retentiond
