#include "report/units.h"

#include <gtest/gtest.h>

#include <chrono>

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(UnitsTest, SeparatesThousands) {
  EXPECT_EQ(WithSeparators(0), "0");
  EXPECT_EQ(WithSeparators(999), "999");
  EXPECT_EQ(WithSeparators(1000), "1,000");
  EXPECT_EQ(WithSeparators(-1234567), "-1,234,567");
}

TEST(UnitsTest, SaysBytesInBinaryUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.0 KiB");
  EXPECT_EQ(HumanBytes(1536L * 1024 * 1024), "1.5 GiB");
  EXPECT_EQ(HumanBytes(INT64_MAX), "8192.0 PiB");
}

TEST(UnitsTest, SaysDurationsAsAPersonWould) {
  EXPECT_EQ(HumanDuration(milliseconds(400)), "0.4 s");
  EXPECT_EQ(HumanDuration(milliseconds(9999)), "10.0 s");
  EXPECT_EQ(HumanDuration(seconds(48)), "48 s");
  EXPECT_EQ(HumanDuration(seconds(125)), "2 min 05 s");
  EXPECT_EQ(HumanDuration(hours(2) + minutes(5)), "2 h 05 min");
  EXPECT_EQ(HumanDuration(hours(50)), "2 days 2 h");
}

TEST(UnitsTest, CountsInTheSingularAndThePlural) {
  EXPECT_EQ(Counted(0, "job"), "0 jobs");
  EXPECT_EQ(Counted(1, "job"), "1 job");
  EXPECT_EQ(Counted(1200, "job"), "1,200 jobs");
}

}  // namespace
}  // namespace retentiond
