#include "files/sequence_pattern.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace retentiond {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The length of "####" or "[####]" at the start of `text`; 0 if it is neither.
std::size_t HashTokenLength(std::string_view text) {
  const std::size_t open = text.front() == '[' ? 1 : 0;
  const std::size_t end =
      std::min(text.find_first_not_of('#', open), text.size());
  if (end == open) return 0;
  if (open == 0) return end;
  return end < text.size() && text[end] == ']' ? end + 1 : 0;
}

// The length of "%d" or "%05d" at the start of `text`; 0 if it is neither.
std::size_t PrintfTokenLength(std::string_view text) {
  if (text.front() != '%') return 0;
  std::size_t end = 1;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end < text.size() && text[end] == 'd' ? end + 1 : 0;
}

}  // namespace

std::optional<SequencePattern> SequencePattern::Parse(std::string_view name) {
  SequencePattern pattern;
  bool has_token = false;
  while (!name.empty()) {
    std::size_t taken =
        std::max(HashTokenLength(name), PrintfTokenLength(name));
    Part part{Part::Kind::kNumber};
    if (taken > 0) {
      has_token = true;
    } else if (name.front() == '*') {
      part.kind = Part::Kind::kAnything;
      has_token = true;
      taken = 1;
    } else {
      part = {Part::Kind::kByte, name.front()};
      taken = name.substr(0, 2) == "%%" ? 2 : 1;
    }
    pattern.parts_.push_back(part);
    name.remove_prefix(taken);
  }
  if (!has_token) return std::nullopt;
  return pattern;
}

bool SequencePattern::Matches(std::string_view name) const {
  // reached[i]: the parts so far can stand for the first i bytes of the name.
  // Every part moves the whole set on, so that no pattern takes long.
  std::vector<bool> reached(name.size() + 1, false);
  reached[0] = true;
  for (const Part& part : parts_) {
    std::vector<bool> next(name.size() + 1, false);
    bool in_number = false, in_anything = false;
    for (std::size_t i = 0; i <= name.size(); ++i) {
      in_anything = in_anything || reached[i];
      if (part.kind == Part::Kind::kAnything) {
        next[i] = in_anything;
        continue;
      }
      if (i == 0) continue;
      const char c = name[i - 1];
      if (part.kind == Part::Kind::kByte) {
        next[i] = reached[i - 1] && c == part.byte;
        continue;
      }
      const bool after_sign = i >= 2 && name[i - 2] == '-' && reached[i - 2];
      in_number = IsDigit(c) && (in_number || reached[i - 1] || after_sign);
      next[i] = in_number;
    }
    reached = std::move(next);
  }
  return reached[name.size()];
}

}  // namespace retentiond
