// The knobs of the fakes; their contract is tested by the conformance suites.
#include "testing/jobstore/fake_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retentiond {
namespace {

using testing::ElementsAre;

TEST(CallScript, FailsTheNthCallFromNowAndNoOther) {
  CallScript script;
  const auto call = [&] {
    return script.Call("F", [] { return absl::OkStatus(); });
  };
  EXPECT_TRUE(call().ok());
  script.Fail("F", 2, absl::AbortedError("busy"));
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(call(), absl::AbortedError("busy"));
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(script.Count("F"), 4);
  EXPECT_EQ(script.Count("G"), 0);
}

TEST(CallScript, DoesNoWorkAfterAFailureBeforeIt) {
  CallScript script;
  script.Fail("F", 1, absl::AbortedError("busy"));
  bool worked = false;
  EXPECT_FALSE(script
                   .Call("F",
                         [&]() -> absl::StatusOr<int> {
                           worked = true;
                           return 1;
                         })
                   .ok());
  EXPECT_FALSE(worked);
}

TEST(CallScript, DoesTheWorkBeforeAFailureAfterIt) {
  CallScript script;
  script.After("F", 1, [] { return absl::UnavailableError("lost"); });
  bool worked = false;
  const auto call = [&] {
    return script.Call("F", [&] {
      worked = true;
      return absl::OkStatus();
    });
  };
  EXPECT_EQ(call(), absl::UnavailableError("lost"));
  EXPECT_TRUE(worked);
  EXPECT_TRUE(call().ok());
}

TEST(FakeDatabase, RecordsTheCallsOfBothStoresInOrder) {
  FakeDatabase fake;
  const Database database = fake.Open();
  EXPECT_TRUE(database.state->LastSlot().ok());
  EXPECT_TRUE(database.jobs->Size().ok());
  EXPECT_THAT(fake.script().calls(), ElementsAre("LastSlot", "Size"));
}

TEST(FakeDatabase, KeepsJobsAndStateWhenOpenedAgain) {
  FakeDatabase fake;
  fake.Insert({.id = "a"});
  ASSERT_TRUE(fake.Open().state->SetLastSlot(LocalDate()).ok());
  EXPECT_EQ(*fake.Open().state->LastSlot(), LocalDate());
  EXPECT_THAT(fake.Ids(), ElementsAre("a"));
}

TEST(FakeDatabase, SaysWhatItIsToldToSay) {
  FakeDatabase fake;
  fake.findings.emplace_back().code = "missing-index";
  fake.foreign_commits = true;
  fake.lock_wait = Micros(3);
  fake.lock_held = Micros(4);
  fake.Insert({.id = "a", .created = Instant()});
  const Database database = fake.Open();
  const Instant cutoff = Instant() + Micros(1);
  EXPECT_EQ(database.jobs->Check()->at(0).code, "missing-index");
  ASSERT_TRUE(database.jobs->Survey({cutoff, cutoff, cutoff}, nullptr).ok());
  BatchRequest request;
  request.cutoff = cutoff;
  request.slot_start = cutoff;
  request.dry_run = DryRun::kYes;
  const Batch batch = *database.jobs->DeleteBatch(request, nullptr);
  EXPECT_TRUE(batch.foreign_commits);
  EXPECT_EQ(batch.lock_wait, Micros(3));
  EXPECT_EQ(batch.lock_held, Micros(4));
}

}  // namespace
}  // namespace retentiond
