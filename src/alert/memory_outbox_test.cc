#include "alert/memory_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::minutes;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kNow{std::chrono::hours(492'675)};
constexpr Micros kBoot = minutes(10);

AlertReport Slow() {
  AlertReport report;
  report.conditions = {{AlertKind::kSlow, "", "it was slow"}};
  report.channels = {{"slack", AlertChannel::Takes::kAll},
                     {"ping", AlertChannel::Takes::kRuns}};
  return report;
}

AlertReport Notices(int count) {
  AlertReport report;
  for (int i = 0; i < count; ++i) {
    report.notices.push_back({kNoticeRunSuccess, std::to_string(i)});
  }
  report.channels = {{"slack", AlertChannel::Takes::kAll}};
  return report;
}

TEST(MemoryOutboxTest, TellsOnceThoseWhoTakeIt) {
  MemoryOutbox outbox;
  outbox.Tell(Slow(), kNow, kBoot);
  outbox.Tell(Slow(), kNow, kBoot);
  EXPECT_TRUE(outbox.HasDue(kBoot));
  const auto due = outbox.TakeDue(kBoot);
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].channel, "slack");
  EXPECT_EQ(due[0].message.key, "slow");
  EXPECT_FALSE(outbox.HasDue(kBoot));
  outbox.Delivered(due[0].id);
  EXPECT_EQ(outbox.size(), 0U);
  ASSERT_THAT(outbox.standing(), SizeIs(1));
  outbox.ForgetStanding();
  EXPECT_THAT(outbox.standing(), IsEmpty());
}

TEST(MemoryOutboxTest, TriesAgainWhenItIsTime) {
  MemoryOutbox outbox;
  outbox.Tell(Slow(), kNow, kBoot);
  const auto due = outbox.TakeDue(kBoot);
  outbox.TryAgain(due[0].id, kBoot + minutes(1), true);
  outbox.TryAgain(due[0].id + 1, kBoot, true);  // not known any more
  EXPECT_THAT(outbox.TakeDue(kBoot + minutes(1) - Micros(1)), IsEmpty());
  const auto again = outbox.TakeDue(kBoot + minutes(1));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].attempts, 1);
  outbox.TryAgain(again[0].id, kBoot, false);
  EXPECT_EQ(outbox.TakeDue(kBoot)[0].attempts, 1);
}

TEST(MemoryOutboxTest, CallsBackWhatIsOut) {
  MemoryOutbox outbox;
  outbox.Tell(Slow(), kNow, kBoot);
  outbox.TakeDue(kBoot);
  outbox.CallBack();
  EXPECT_THAT(outbox.TakeDue(kBoot), SizeIs(1));
}

TEST(MemoryOutboxTest, DropsTheOldestOfTheLightest) {
  MemoryOutbox outbox;
  outbox.Tell(Slow(), kNow, kBoot);
  outbox.Tell(Notices(199), kNow, kBoot);
  EXPECT_EQ(outbox.size(), 200U);
  outbox.Tell(Notices(1), kNow, kBoot);
  EXPECT_EQ(outbox.size(), 200U);
  const auto due = outbox.TakeDue(kBoot);
  EXPECT_EQ(due[0].message.key, "slow");
  EXPECT_EQ(due[1].message.text, "1");
}

}  // namespace
}  // namespace retentiond
