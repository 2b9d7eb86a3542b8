#include "jobstore/companion_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CompanionIndexTest, FindsWhatWasAddedForTheSameFileOfTheSameRoot) {
  const auto index = *CompanionIndex::Open();
  for (const char* name : {"7.log.2.gz", "7.log.1", "7.log.1"}) {
    ASSERT_TRUE(index->Add("/log", "7.log", name).ok());
  }
  ASSERT_TRUE(index->Add("/log", "8.log", "8.log.1").ok());
  EXPECT_THAT(*index->Find("/log", "7.log"),
              ElementsAre("7.log.1", "7.log.2.gz"));
  EXPECT_THAT(*index->Find("/other", "7.log"), IsEmpty());
  EXPECT_THAT(*index->Find("/log", "7.lo"), IsEmpty());
}

}  // namespace
}  // namespace retentiond
