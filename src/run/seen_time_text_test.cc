#include "run/seen_time_text.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

TEST(SeenTimeTextTest, KeepsAnAccount) {
  SeenTime seen{.since = InstantFromMicros(5), .doubted = true};
  EXPECT_EQ(SeenTimeOf(TextOf(seen)), seen);
  seen.stretches = {
      {InstantFromMicros(7), InstantFromMicros(7), "a", Micros(1)},
      {InstantFromMicros(8), InstantFromMicros(9), "b", Micros(2)}};
  EXPECT_EQ(SeenTimeOf(TextOf(seen)), seen);
}

TEST(SeenTimeTextTest, ReadsNothingFromAnotherText) {
  const std::string stretch =
      R"({"begin_us":1,"end_us":2,"boot_id":"a","boot_time_us":3})";
  const auto with = [](const std::string& stretches) {
    return R"({"since_us":0,"doubted":false,"stretches":)" + stretches + "}";
  };
  ASSERT_TRUE(SeenTimeOf(with("[" + stretch + "]")).has_value());
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"),
        std::string(R"({"since_us":"x","doubted":false,"stretches":[]})"),
        std::string(R"({"since_us":0,"stretches":[]})"),
        std::string(R"({"since_us":0,"doubted":0,"stretches":[]})"),
        std::string(R"({"since_us":0,"doubted":false})"), with("7"),
        with("[7]"), with("[{}]"),
        with(R"([{"begin_us":3,"end_us":2,"boot_id":"a","boot_time_us":3}])"),
        with(R"([{"begin_us":1,"end_us":2,"boot_time_us":3}])"),
        with(R"([{"begin_us":1,"end_us":2,"boot_id":4,"boot_time_us":3}])")}) {
    EXPECT_FALSE(SeenTimeOf(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace retentiond
