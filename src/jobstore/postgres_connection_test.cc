#include "jobstore/postgres_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(CheckServerVersion, TakesTheOldestAndNewerOnes) {
  for (const int version : {130000, 130014, 150004, 180000}) {
    EXPECT_EQ(CheckServerVersion("h/farm", version), absl::OkStatus());
  }
}

TEST(CheckServerVersion, SaysWhatIsTooOldWhatIsNeededAndWhatToDo) {
  struct Case {
    int version;
    const char* name;
  };
  for (const Case& old :
       {Case{129999, "PostgreSQL 12.9999;"}, Case{120017, "PostgreSQL 12.17;"},
        Case{100001, "PostgreSQL 10.1;"}, Case{90624, "PostgreSQL 9.6.24;"}}) {
    const absl::Status status = CheckServerVersion("h:1/farm", old.version);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(MessageOf(status),
                AllOf(HasSubstr("h:1/farm"), HasSubstr(old.name),
                      HasSubstr("expected 13 or newer"),
                      HasSubstr("upgrade the server")));
  }
}

}  // namespace
}  // namespace retentiond
