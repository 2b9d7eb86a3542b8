// The names of an image sequence: "frame_[#####].png", "frame_####.png",
// "frame_%05d.png", "frame_*.png".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace retentiond {

class SequencePattern {
 public:
  // None when `name` holds no token: it names one file. A run of '#', in
  // brackets or not, and %d with any width stand for a frame number of any
  // length, perhaps negative: a renderer pads it but never cuts it. '*' stands
  // for anything, "%%" next to a token for a percent sign.
  static std::optional<SequencePattern> Parse(std::string_view name);

  bool Matches(std::string_view name) const;

 private:
  struct Part {
    enum class Kind { kByte, kNumber, kAnything };
    Kind kind;
    char byte = '\0';
  };
  std::vector<Part> parts_;
};

}  // namespace retentiond
