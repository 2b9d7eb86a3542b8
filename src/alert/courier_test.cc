#include "alert/courier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "testing/alert/fake_channel.h"

namespace retentiond {
namespace {

using testing::ElementsAre;

class CourierTest : public testing::Test {
 protected:
  std::unique_ptr<Courier> MakeCourier() {
    return std::make_unique<Courier>(
        std::make_unique<FakeChannel>(AlertChannel{.name = "slack"}, log_));
  }
  static Parcel Of(const std::string& key) {
    return {.id = key, .message = {.key = key, .event = AlertEvent::kRaised}};
  }
  // Waits until there are so many outcomes.
  static std::vector<Courier::Outcome> Take(Courier& courier,
                                            std::size_t count) {
    std::vector<Courier::Outcome> all;
    while (all.size() < count) {
      for (Courier::Outcome& outcome : courier.TakeOutcomes()) {
        all.push_back(std::move(outcome));
      }
      std::this_thread::yield();
    }
    return all;
  }

  ChannelLog log_;
};

TEST_F(CourierTest, DeliversInOrder) {
  const auto courier = MakeCourier();
  EXPECT_EQ(courier->what().name, "slack");
  EXPECT_FALSE(courier->HasOutcomes());
  courier->Hand(1, Of("a"));
  courier->Hand(2, Of("b"));
  const auto outcomes = Take(*courier, 2);
  EXPECT_EQ(outcomes[0].ticket, 1);
  EXPECT_TRUE(outcomes[0].delivery->delivered());
  EXPECT_EQ(outcomes[1].ticket, 2);
  EXPECT_THAT(log_.Told(), ElementsAre("raised a", "raised b"));
}

TEST_F(CourierTest, GivesBackTheRestAfterAFailure) {
  log_.Answer({{.problem = "full"}});
  const auto courier = MakeCourier();
  {
    // The courier meets both at once.
    const std::lock_guard lock(log_.mutex);
    courier->Hand(1, Of("a"));
    courier->Hand(2, Of("b"));
  }
  const auto outcomes = Take(*courier, 2);
  EXPECT_EQ(outcomes[0].delivery->problem, "full");
  EXPECT_EQ(outcomes[1].ticket, 2);
  EXPECT_FALSE(outcomes[1].delivery.has_value());
  courier->Hand(3, Of("b"));
  EXPECT_TRUE(Take(*courier, 1)[0].delivery->delivered());
  EXPECT_THAT(log_.Told(), ElementsAre("raised a", "raised b"));
}

TEST_F(CourierTest, IsNotHeldUpByAReceiverThatHangs) {
  log_.hangs = true;
  auto courier = MakeCourier();
  courier->Hand(1, Of("a"));
  log_.WaitForTries(1);
  courier.reset();
  EXPECT_THAT(log_.Told(), ElementsAre("raised a"));
}

TEST_F(CourierTest, WithoutAParcelHasNoThreadToEnd) { MakeCourier().reset(); }

}  // namespace
}  // namespace retentiond
