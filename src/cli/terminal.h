// What a person reads: tables, units, colours. Data goes to standard output,
// messages to standard error; colours only to a terminal that wants them.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace retentiond {

enum class Colour { kPlain, kBold, kDim, kGreen, kYellow, kRed };

class Terminal {
 public:
  // Writes to these streams; colours by isatty, NO_COLOR and TERM=dumb.
  Terminal(std::FILE* out, std::FILE* err);

  void Out(const std::string& text);  // a newline is added
  void Err(const std::string& text);

  // Rows of cells, the first row is the heading; columns named in `right` are
  // aligned to the right.
  struct Table {
    std::vector<std::string> headings;
    std::vector<bool> right;
    std::vector<std::vector<std::string>> rows;
  };
  void Out(const Table& table);
  // Shows the lines at once: on a terminal in place of what the last Redraw
  // showed, elsewhere after it.
  void Redraw(const std::vector<std::string>& lines);

  // For readers that do not wait for the end.
  void Flush() { std::fflush(out_); }

  // `text` in `colour` on a coloured standard output.
  std::string In(Colour colour, const std::string& text) const;
  bool interactive() const { return interactive_; }
  // Writes over the last such line; only on an interactive standard error.
  void Progress(const std::string& line);
  void EndProgress();

 private:
  std::FILE* out_;
  std::FILE* err_;
  bool colours_;
  bool interactive_;
  bool screen_;  // standard output understands control sequences
  bool redrawn_ = false;
  bool progress_shown_ = false;
};

}  // namespace retentiond
