#include "demo/farm_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

namespace retentiond {
namespace {

using std::chrono::milliseconds;

const FarmPaths kPaths("/farm");
const Instant kCreated = *ParseInstant("2027-03-16T03:00:00.987Z");

FarmJob Make(int number) {
  return MakeJob(number, kCreated, "COMPLETED", kPaths);
}

const FarmFile* FindOutput(const FarmJob& job) {
  const auto output =
      std::find_if(job.files.begin(), job.files.end(),
                   [](const FarmFile& file) { return file.output; });
  return output == job.files.end() ? nullptr : &*output;
}

TEST(FarmJobTest, StoresItsCreationInThreeFormsAndKnowsTheirPrecision) {
  EXPECT_EQ(Make(0).stored_created, "1805166000987");
  EXPECT_EQ(Make(1).stored_created, "2027-03-16T03:00:00.987+00:00");
  EXPECT_EQ(Make(2).stored_created, "2027-03-16 03:00:00");
  EXPECT_EQ(Make(0).created, kCreated);
  EXPECT_EQ(Make(1).created, kCreated);
  EXPECT_EQ(Make(2).created, kCreated - milliseconds(987));
}

TEST(FarmJobTest, IsTheSameWheneverItIsMade) {
  EXPECT_EQ(Make(123), Make(123));
}

TEST(FarmJobTest, AlwaysHasAnOutputAndALog) {
  for (int number = 0; number < 600; ++number) {
    const FarmJob job = Make(number);
    EXPECT_NE(FindOutput(job), nullptr) << number;
    EXPECT_TRUE(std::any_of(job.files.begin(), job.files.end(),
                            [&](const FarmFile& file) {
                              return file.path ==
                                     "/farm/logs/" + job.id + ".log";
                            }))
        << number;
  }
}

TEST(FarmJobTest, PutsSomeOutputsIntoItsOwnDirectory) {
  const FarmJob job = Make(7);
  EXPECT_EQ(job.output, "/farm/nexrender/uid7/result.mp4");
  EXPECT_EQ(FindOutput(job)->path, job.output);
}

TEST(FarmJobTest, NamesAnImageSequenceByItsPattern) {
  const FarmJob job = Make(23);
  EXPECT_EQ(job.output, "/farm/nexrender/uid23/frames/frame_[#####].png");
  EXPECT_EQ(std::count_if(job.files.begin(), job.files.end(),
                          [](const FarmFile& file) { return file.output; }),
            5);
}

TEST(FarmJobTest, LinksOutOfItsDirectoryNowAndThen) {
  std::set<FarmFile::Kind> kinds;
  for (int number = 0; number < 120; ++number) {
    for (const FarmFile& file : Make(number).files) kinds.insert(file.kind);
  }
  EXPECT_EQ(kinds.size(), 3U);
}

TEST(ContentOfTest, HasTheSizeAskedForAndDiffersByPath) {
  EXPECT_EQ(ContentOf("/a", 0), "");
  EXPECT_EQ(ContentOf("/a", 1).size(), 1U);
  EXPECT_EQ(ContentOf("/a", 1001).size(), 1001U);
  EXPECT_NE(HashOfContent(ContentOf("/a", 1001)),
            HashOfContent(ContentOf("/b", 1001)));
}

TEST(HashOfContentTest, IsFnv1a) {
  // From the reference vectors of its authors.
  EXPECT_EQ(HashOfContent(""), 0xcbf29ce484222325U);
  EXPECT_EQ(HashOfContent("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace retentiond
