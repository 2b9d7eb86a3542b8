#include "observe/kept_answer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "base/simulated_clock.h"

namespace retentiond {
namespace {

using std::chrono::seconds;

class KeptAnswerTest : public ::testing::Test {
 protected:
  HttpResponse Get(int status = 200) {
    return kept_.Get([&] {
      ++made_;
      return HttpResponse{.status = status, .body = std::to_string(made_)};
    });
  }

  SimulatedClock clock_{Instant{}};
  std::timed_mutex turn_;
  KeptAnswer kept_{turn_, clock_, Micros(0), seconds(5)};
  int made_ = 0;
};

TEST_F(KeptAnswerTest, IsMadeOnceForAWhile) {
  EXPECT_EQ(Get().body, "1");
  clock_.Advance(seconds(5) - Micros(1));
  EXPECT_EQ(Get().body, "1");
  clock_.Advance(Micros(1));
  EXPECT_EQ(Get().body, "2");
}

TEST_F(KeptAnswerTest, IsNotKeptWhereItFailed) {
  EXPECT_EQ(Get(503).status, 503);
  EXPECT_EQ(Get().body, "2");
}

TEST_F(KeptAnswerTest, IsNotKeptAtAllWithoutATime) {
  KeptAnswer unkept(turn_, clock_, Micros(0), Micros(0));
  const auto make = [&] {
    return HttpResponse{.body = std::to_string(++made_)};
  };
  EXPECT_EQ(unkept.Get(make).body, "1");
  EXPECT_EQ(unkept.Get(make).body, "2");
}

TEST_F(KeptAnswerTest, IsMadeOneAtATime) {
  std::promise<void> begun;
  std::promise<void> may_end;
  std::thread other([&] {
    kept_.Get([&] {
      begun.set_value();
      may_end.get_future().wait();
      return HttpResponse{.body = "theirs"};
    });
  });
  begun.get_future().wait();
  const HttpResponse refused = Get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("Retry-After"), "5");
  may_end.set_value();
  other.join();
  EXPECT_EQ(Get().body, "theirs");
}

}  // namespace
}  // namespace retentiond
