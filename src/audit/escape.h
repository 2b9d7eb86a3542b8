// Bytes of any kind as text that JSON can hold, without loss.
#pragma once

#include <string>
#include <string_view>

namespace retentiond {

// Whether `bytes` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong
// forms, no surrogates).
bool IsUtf8(std::string_view bytes);

// `bytes` with each backslash doubled and each byte that is no part of
// well-formed UTF-8 as \xNN: two different byte strings never give one text.
std::string EscapeBytes(std::string_view bytes);

// A JSON value for `bytes`: a string when they are UTF-8, otherwise the object
// {"escaped":TEXT} with EscapeBytes's text.
std::string JsonOfBytes(std::string_view bytes);

}  // namespace retentiond
