#include "audit/escape.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace retentiond {
namespace {

struct ByteRange {
  unsigned char first;
  unsigned char last;

  bool Contains(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return first <= byte && byte <= last;
  }
};

// One row of Unicode's table 3-7: the lead byte, the second byte, and how many
// bytes of 80..BF follow.
struct Utf8Form {
  ByteRange lead;
  ByteRange second;
  std::size_t more;
};

constexpr ByteRange kContinuation{0x80, 0xbf};
constexpr Utf8Form kForms[] = {
    {{0xc2, 0xdf}, kContinuation, 0}, {{0xe0, 0xe0}, {0xa0, 0xbf}, 1},
    {{0xe1, 0xec}, kContinuation, 1}, {{0xed, 0xed}, {0x80, 0x9f}, 1},
    {{0xee, 0xef}, kContinuation, 1}, {{0xf0, 0xf0}, {0x90, 0xbf}, 2},
    {{0xf1, 0xf3}, kContinuation, 2}, {{0xf4, 0xf4}, {0x80, 0x8f}, 2},
};

bool Fits(const Utf8Form& form, std::string_view bytes) {
  if (bytes.size() < 2 + form.more) return false;
  if (!form.lead.Contains(bytes[0]) || !form.second.Contains(bytes[1])) {
    return false;
  }
  for (std::size_t i = 0; i < form.more; ++i) {
    if (!kContinuation.Contains(bytes[2 + i])) return false;
  }
  return true;
}

// The length of the character that `bytes` (not empty) begins with; 0 when it
// begins with none.
std::size_t LengthOfFirst(std::string_view bytes) {
  if (static_cast<unsigned char>(bytes[0]) < 0x80) return 1;
  for (const Utf8Form& form : kForms) {
    if (Fits(form, bytes)) return 2 + form.more;
  }
  return 0;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = LengthOfFirst(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string EscapeBytes(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = LengthOfFirst(bytes);
    if (length == 0) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
      bytes.remove_prefix(1);
      continue;
    }
    if (bytes[0] == '\\') text += '\\';
    text += bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return text;
}

std::string JsonOfBytes(std::string_view bytes) {
  if (IsUtf8(bytes)) return nlohmann::json(bytes).dump();
  return nlohmann::json({{"escaped", EscapeBytes(bytes)}}).dump();
}

}  // namespace retentiond
