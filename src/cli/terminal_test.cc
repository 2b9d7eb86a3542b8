#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace retentiond {
namespace {

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

TEST_F(TerminalTest, AppendsWhatIsShownAgainWhereThereIsNoScreen) {
  terminal_.Redraw({"one", "two"});
  terminal_.Redraw({"three"});
  EXPECT_EQ("one\ntwo\nthree\n", Content(out_));
}

}  // namespace
}  // namespace retentiond
