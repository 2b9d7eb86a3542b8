#include "config/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SecretFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name =
        (std::filesystem::temp_directory_path() / "retentiond-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<std::string> Read(const std::string& content) {
    std::ofstream(directory_ / "password") << content;
    return ReadSecret(directory_ / "password", "database.password_file",
                      "password");
  }

  std::filesystem::path directory_;
};

TEST_F(SecretFileTest, TakesTheFirstLine) {
  EXPECT_EQ(*Read("secret"), "secret");
  EXPECT_EQ(*Read("secret\n"), "secret");
  EXPECT_EQ(*Read(" se cret \r\nmore\n"), " se cret ");
}

TEST_F(SecretFileTest, RefusesAnEmptyFile) {
  for (const char* content : {"", "\n", "\r\n"}) {
    const absl::Status status = Read(content).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(MessageOf(status),
                HasSubstr("is empty; expected the password in its first line"));
  }
}

TEST_F(SecretFileTest, NamesTheFileThatCannotBeRead) {
  const absl::Status missing =
      ReadSecret(directory_ / "none", "http.token_file", "token").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(missing), StartsWith("http.token_file: "));
  EXPECT_THAT(MessageOf(missing), HasSubstr("none: cannot be read: No such"));
  EXPECT_FALSE(ReadSecret(directory_, "a.b", "token").ok());
}

}  // namespace
}  // namespace retentiond
