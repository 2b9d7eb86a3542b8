#include "config/toml_document.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>
#include <string>
#include <string_view>

namespace retentiond {
namespace {

const char* NameOf(toml::node_type type) {
  switch (type) {
    case toml::node_type::integer:
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a truth value";
    default:
      return "a time";
  }
}

TomlValue ValueOf(const toml::node& node) {
  TomlValue value;
  value.line = node.source().begin.line;
  if (const toml::table* const table = node.as_table()) {
    value.type = "a table";
    for (const auto& [key, child] : *table) {
      value.entries.push_back({std::string(key.str()), ValueOf(child)});
    }
  } else if (const toml::array* const array = node.as_array()) {
    value.kind = TomlValue::Kind::kArray;
    value.type = "an array";
    for (const toml::node& element : *array) {
      value.elements.push_back(ValueOf(element));
    }
  } else if (const auto* const text = node.as_string()) {
    value.kind = TomlValue::Kind::kText;
    value.type = "a text";
    value.text = text->get();
  } else {
    value.kind = TomlValue::Kind::kOther;
    value.type = NameOf(node.type());
  }
  return value;
}

// "expected 'false', saw 'falsX'" ends in a piece of the file, which may be a
// password that lacks its quotes.
std::string_view WithoutQuote(std::string_view description) {
  return description.substr(0, description.find(", saw "));
}

}  // namespace

absl::StatusOr<TomlValue> ParseToml(const std::string& text,
                                    const std::string& file) {
  try {
    return ValueOf(toml::parse(std::string_view(text), std::string_view(file)));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(fmt::format(
        "{}:{}: not valid TOML: {}", file, error.source().begin.line,
        WithoutQuote(error.description())));
  }
}

}  // namespace retentiond
