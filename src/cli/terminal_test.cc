#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class TerminalTest : public ::testing::Test {
 protected:
  ~TerminalTest() override {
    std::fclose(out_);
    std::fclose(err_);
  }
  static std::string Content(std::FILE* file) {
    std::rewind(file);
    std::string content;
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
      content += static_cast<char>(c);
    }
    return content;
  }

  std::FILE* out_ = std::tmpfile();
  std::FILE* err_ = std::tmpfile();
  Terminal terminal_{out_, err_};
};

TEST_F(TerminalTest, AlignsColumnsAndLeavesNoTrailingSpace) {
  terminal_.Out(Terminal::Table{.headings = {"NAME", "JOBS"},
                                .right = {false, true},
                                .rows = {{"é", "1"}, {"longer", "1,000"}}});
  EXPECT_EQ(Content(out_),
            "NAME     JOBS\n"
            "é           1\n"
            "longer  1,000\n");
}

TEST_F(TerminalTest, ColoursAndAnimatesNothingOffATerminal) {
  EXPECT_EQ(terminal_.In(Colour::kRed, "x"), "x");
  EXPECT_FALSE(terminal_.interactive());
  terminal_.Progress("50 %");
  terminal_.EndProgress();
  terminal_.Err("message");
  EXPECT_EQ(Content(err_), "message\n");
}

TEST(UnitsTest, SeparatesThousands) {
  EXPECT_EQ(WithSeparators(0), "0");
  EXPECT_EQ(WithSeparators(999), "999");
  EXPECT_EQ(WithSeparators(1000), "1,000");
  EXPECT_EQ(WithSeparators(-1234567), "-1,234,567");
}

TEST(UnitsTest, SaysBytesInBinaryUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.0 KiB");
  EXPECT_EQ(HumanBytes(1536L * 1024 * 1024), "1.5 GiB");
  EXPECT_EQ(HumanBytes(INT64_MAX), "8192.0 PiB");
}

TEST(UnitsTest, SaysDurationsAsAPersonWould) {
  EXPECT_EQ(HumanDuration(milliseconds(400)), "0.4 s");
  EXPECT_EQ(HumanDuration(milliseconds(9999)), "10.0 s");
  EXPECT_EQ(HumanDuration(seconds(48)), "48 s");
  EXPECT_EQ(HumanDuration(seconds(125)), "2 min 05 s");
  EXPECT_EQ(HumanDuration(hours(2) + minutes(5)), "2 h 05 min");
  EXPECT_EQ(HumanDuration(hours(50)), "2 days 2 h");
}

TEST(UnitsTest, CountsInTheSingularAndThePlural) {
  EXPECT_EQ(Counted(0, "job"), "0 jobs");
  EXPECT_EQ(Counted(1, "job"), "1 job");
  EXPECT_EQ(Counted(1200, "job"), "1,200 jobs");
}

}  // namespace
}  // namespace retentiond
