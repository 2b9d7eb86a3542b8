#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace retentiond {
namespace {

bool IsScreen(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(stream)) != 0 && term != nullptr &&
         std::string_view(term) != "dumb";
}

bool WantsColours(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  return IsScreen(stream) && (no_color == nullptr || no_color[0] == '\0');
}

// Columns that `text` takes: code points, escape sequences not counted.
std::size_t WidthOf(std::string_view text) {
  std::size_t width = 0;
  bool escape = false;
  for (const char c : text) {
    if (c == '\033') escape = true;
    if (!escape && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++width;
    if (c == 'm') escape = false;
  }
  return width;
}

std::string Aligned(const std::string& text, std::size_t width, bool right) {
  const std::string padding(width - std::min(width, WidthOf(text)), ' ');
  return right ? padding + text : text + padding;
}

}  // namespace

Terminal::Terminal(std::FILE* out, std::FILE* err)
    : out_(out),
      err_(err),
      colours_(WantsColours(out)),
      interactive_(WantsColours(err)),
      screen_(IsScreen(out)) {}

void Terminal::Out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fputc('\n', out_);
}

void Terminal::Err(const std::string& text) {
  EndProgress();
  std::fwrite(text.data(), 1, text.size(), err_);
  std::fputc('\n', err_);
}

void Terminal::Out(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& heading : table.headings) {
    widths.push_back(WidthOf(heading));
  }
  for (const std::vector<std::string>& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += "  ";
      text += Aligned(cells[i], widths[i], table.right[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  Out(In(Colour::kBold, line(table.headings)));
  for (const std::vector<std::string>& row : table.rows) Out(line(row));
}

// Each line is cleared behind what is written, so that nothing flickers.
void Terminal::Redraw(const std::vector<std::string>& lines) {
  std::string text;
  if (screen_) text = redrawn_ ? "\033[H" : "\033[2J\033[H";
  for (const std::string& line : lines) {
    text += line + (screen_ ? "\033[K\n" : "\n");
  }
  if (screen_) text += "\033[J";
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
  redrawn_ = true;
}

std::string Terminal::In(Colour colour, const std::string& text) const {
  static constexpr std::array<const char*, 6> kCodes = {"0",  "1",  "2",
                                                        "32", "33", "31"};
  if (!colours_ || colour == Colour::kPlain) return text;
  return fmt::format("\033[{}m{}\033[0m",
                     kCodes[static_cast<std::size_t>(colour)], text);
}

void Terminal::Progress(const std::string& line) {
  if (!interactive_) return;
  std::fputs(("\r\033[K" + line).c_str(), err_);
  std::fflush(err_);
  progress_shown_ = true;
}

void Terminal::EndProgress() {
  if (!progress_shown_) return;
  std::fputs("\r\033[K", err_);
  progress_shown_ = false;
}

}  // namespace retentiond
