// A TOML file as plain values with their lines. Keeps the parser, and the
// exceptions it throws, out of the rest of the module.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace retentiond {

struct TomlEntry;

struct TomlValue {
  enum class Kind {
    kText,
    kArray,  // elements
    kTable,  // entries
    kOther,  // a number, a truth value, a time: no setting is one
  };
  Kind kind = Kind::kTable;
  unsigned line = 0;                // from 1; 0: not known
  std::string text;                 // kText
  std::string type;                 // "a text", "an array", "a number", ...
  std::vector<TomlValue> elements;  // kArray
  std::vector<TomlEntry> entries;   // kTable, sorted by key
};

struct TomlEntry {
  std::string key;
  TomlValue value;
};

// The file's outermost table. InvalidArgument "FILE:LINE: what is wrong"; the
// message repeats no value of the file, which may be a secret.
absl::StatusOr<TomlValue> ParseToml(const std::string& text,
                                    const std::string& file);

}  // namespace retentiond
