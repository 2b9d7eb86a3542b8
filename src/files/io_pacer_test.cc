#include "files/io_pacer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class IoPacerTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    Write("total=0");
  }
  void Write(const std::string& total) {
    std::ofstream(InRoot("io")) << "some avg10=1.00 avg60=0.00 avg300=0.00 "
                                << total << "\nfull avg10=0.00 total=0\n";
  }
  void Stall(Micros stalled) {
    stalled_ += stalled;
    Write("total=" + std::to_string(stalled_.count()));
  }
  IoPacer Make() {
    return IoPacer([this] { return now_; },
                   [this](Micros rest) {
                     rests_.push_back(rest);
                     now_ += rest;
                     if (others_wait_) Stall(rest);
                   },
                   InRoot("io").string());
  }
  // Half a second of work in which tasks waited so long.
  void Work(IoPacer& pacer, Micros stalled) {
    now_ += milliseconds(500);
    if (stalled > Micros(0)) Stall(stalled);
    pacer.Rest();
  }

  Micros now_{0};
  Micros stalled_{0};
  bool others_wait_ = false;
  std::vector<Micros> rests_;
};

TEST_F(IoPacerTest, DoesNotRestWhileNobodyWaits) {
  IoPacer pacer = Make();
  Work(pacer, Micros(0));
  Work(pacer, milliseconds(50));  // a tenth
  EXPECT_THAT(rests_, IsEmpty());
}

TEST_F(IoPacerTest, LooksBrieflyWhenOnlyWeWait) {
  IoPacer pacer = Make();
  Work(pacer, milliseconds(51));
  EXPECT_THAT(rests_, ElementsAre(milliseconds(25)));
  pacer.Rest();  // too early to tell anything new
  EXPECT_EQ(rests_.size(), 1U);
}

TEST_F(IoPacerTest, RestsLongerWhileOthersWait) {
  IoPacer pacer = Make();
  others_wait_ = true;
  Work(pacer, milliseconds(400));
  ASSERT_EQ(rests_.size(), 7U);
  EXPECT_EQ(rests_.back(), milliseconds(1600));
}

TEST_F(IoPacerTest, WorksGentlyWhereTheKernelDoesNotSay) {
  std::filesystem::remove(InRoot("io"));
  IoPacer pacer = Make();
  now_ += milliseconds(99);
  pacer.Rest();
  EXPECT_THAT(rests_, IsEmpty());
  now_ += milliseconds(1);
  pacer.Rest();
  pacer.Rest();
  EXPECT_THAT(rests_, ElementsAre(milliseconds(25)));
}

TEST_F(IoPacerTest, WorksGentlyWhenItCannotReadWhatTheKernelSays) {
  Write("total=none");
  IoPacer pacer = Make();
  now_ += milliseconds(100);
  pacer.Rest();
  EXPECT_THAT(rests_, ElementsAre(milliseconds(25)));
}

TEST_F(IoPacerTest, GoesOnWhenTheKernelStopsSaying) {
  IoPacer pacer = Make();
  std::filesystem::remove(InRoot("io"));
  Work(pacer, Micros(0));
  EXPECT_THAT(rests_, IsEmpty());
}

TEST_F(IoPacerTest, ReadsTheKernelsOwnFile) {
  IoPacer pacer([this] { return now_; }, [](Micros) {});
  pacer.Rest();
}

}  // namespace
}  // namespace retentiond
