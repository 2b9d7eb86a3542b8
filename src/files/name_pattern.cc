#include "files/name_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace retentiond {
namespace {

absl::Status Refused(std::string_view text, std::string_view reason) {
  return absl::InvalidArgumentError(fmt::format(
      "name pattern '{}': {}; expected something like '{{id}}.json'",
      EscapeName(text), reason));
}

// The length of the UTF-8 sequence at the start of `text`, and its code point;
// 0 when there is none (RFC 3629: shortest form only, no surrogates).
std::size_t DecodeUtf8(std::string_view text, std::uint32_t& code_point) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  std::size_t length = 0;
  std::uint32_t smallest = 0;
  if (first < 0x80) {
    code_point = first;
    return 1;
  } else if ((first & 0xe0) == 0xc0) {
    length = 2, smallest = 0x80, code_point = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, smallest = 0x800, code_point = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, smallest = 0x10000, code_point = first & 0x07;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < smallest || code_point > 0x10ffff || surrogate) return 0;
  return length;
}

// Whether a reader of a log or a terminal sees the character for what it is.
bool IsPlain(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;  // C0, DEL, C1
  if (c == '\'' || c == '"' || c == '\\') return false;
  // Line and paragraph separators, and what reverses the direction of text.
  return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

}  // namespace

absl::StatusOr<NamePattern> NamePattern::Parse(std::string_view text) {
  NamePattern pattern;
  std::string_view rest = text;
  for (std::size_t open = rest.find('{'); open != std::string_view::npos;
       open = rest.find('{')) {
    const std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos) {
      return Refused(text, "a brace is not closed");
    }
    const std::string_view field = rest.substr(open + 1, close - open - 1);
    if (field.empty()) return Refused(text, "a brace names no field");
    if (field.find('{') != std::string_view::npos) {
      return Refused(text, "a brace lies within another");
    }
    pattern.literals_.emplace_back(rest.substr(0, open));
    pattern.fields_.emplace_back(field);
    rest.remove_prefix(close + 1);
  }
  if (pattern.fields_.empty()) {
    return Refused(text, "it names no field, so that all jobs would share it");
  }
  pattern.literals_.emplace_back(rest);
  return pattern;
}

std::vector<std::string> NamePattern::Expand(
    const std::function<std::vector<std::string>(const std::string& field)>&
        values) const {
  // One beginning of a name, and the values that it has given to fields.
  struct Beginning {
    std::string text;
    std::map<std::string, std::string> taken;
  };
  std::vector<Beginning> beginnings = {{literals_[0], {}}};
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const std::vector<std::string> choices = values(fields_[i]);
    std::vector<Beginning> longer;
    for (const Beginning& beginning : beginnings) {
      const auto taken = beginning.taken.find(fields_[i]);
      for (const std::string& value : choices) {
        if (taken != beginning.taken.end() && taken->second != value) continue;
        Beginning next = beginning;
        next.text += value + literals_[i + 1];
        next.taken[fields_[i]] = value;
        longer.push_back(std::move(next));
      }
    }
    beginnings = std::move(longer);
  }
  std::vector<std::string> names;
  for (Beginning& beginning : beginnings) {
    if (std::find(names.begin(), names.end(), beginning.text) == names.end()) {
      names.push_back(std::move(beginning.text));
    }
  }
  return names;
}

bool IsRemovableName(std::string_view name) {
  return !name.empty() && name.size() <= NAME_MAX && name != "." &&
         name != ".." && name != kTrashName &&
         name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

std::string EscapeName(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t code_point = 0;
    const std::size_t length = DecodeUtf8(text, code_point);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (length > 0 && IsPlain(code_point)) {
      escaped += text.substr(0, taken);
    } else {
      for (const char c : text.substr(0, taken)) {
        escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    text.remove_prefix(taken);
  }
  return escaped;
}

}  // namespace retentiond
