// Base64 (RFC 4648), with padding.
#pragma once

#include <optional>
#include <string>

namespace retentiond {

std::string ToBase64(const std::string& bytes);
// None: it is no base64.
std::optional<std::string> FromBase64(const std::string& text);

}  // namespace retentiond
