#include "jobstore/job_field.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

namespace retentiond {
namespace {

using nlohmann::json;

std::vector<std::string> SplitAtDots(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The member or element of `node` called `key`; null when there is none.
const json* Descend(const json& node, const std::string& key) {
  if (node.is_object()) {
    const auto member = node.find(key);
    return member == node.end() ? nullptr : &*member;
  }
  std::size_t index = 0;
  const char* end = key.data() + key.size();
  const auto [stop, error] = std::from_chars(key.data(), end, index);
  if (!node.is_array() || error != std::errc() || stop != end ||
      index >= node.size()) {
    return nullptr;
  }
  return &node[index];
}

void AppendScalar(const json& node, FieldValue& texts) {
  if (node.is_string()) {
    texts.push_back(node.get<std::string>());
  } else if (node.is_number() || node.is_boolean()) {
    texts.push_back(node.dump());
  }
}

}  // namespace

std::optional<FieldSource> FindField(const FieldName& field,
                                     const std::vector<std::string>& columns) {
  for (std::size_t end = field.size(); end != std::string::npos && end > 0;
       end = field.rfind('.', end - 1)) {
    const std::string column = field.substr(0, end);
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      continue;
    }
    FieldSource source{column, {}};
    if (end < field.size()) source.path = SplitAtDots(field.substr(end + 1));
    return source;
  }
  return std::nullopt;
}

FieldValue TextsInJson(std::string_view text,
                       const std::vector<std::string>& path) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json* node = &document;
  for (const std::string& key : path) {
    node = Descend(*node, key);
    if (node == nullptr) return {};
  }
  FieldValue texts;
  if (node->is_array()) {
    for (const json& element : *node) AppendScalar(element, texts);
  } else {
    AppendScalar(*node, texts);
  }
  return texts;
}

}  // namespace retentiond
