// What an output column holds, read as a path of this machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace retentiond {

struct OutputPath {
  enum class Form {
    kNone,        // empty: the job has no output
    kAbsolute,    // `path` starts with '/'
    kRelative,    // relative to whatever the renderer took it for
    kForeign,     // a URL or a Windows path: on another machine
    kUnreadable,  // a path here, but nobody can say which: "~/x", a NUL byte
  };
  Form form = Form::kNone;
  std::string path;  // kAbsolute, kRelative

  friend bool operator==(const OutputPath&, const OutputPath&) = default;
};

// A file:// URL of this machine is percent-decoded (RFC 8089).
OutputPath ParseOutputPath(std::string_view text);

// `path` without "//", "." and trailing slashes, and with ".." taken back
// lexically; an absolute path never goes above "/". "" for ".".
std::string NormalisePath(std::string_view path);

// The part of a normalised `path` below the normalised `directory`, without
// leading slash; "" when they are the same; none when it is not below.
std::optional<std::string_view> BelowDirectory(std::string_view path,
                                               std::string_view directory);

}  // namespace retentiond
