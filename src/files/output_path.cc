#include "files/output_path.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace retentiond {
namespace {

using Form = OutputPath::Form;

bool IsAlpha(char c) { return std::isalpha(static_cast<unsigned char>(c)); }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

// "C:\renders", "C:/renders", "\\server\share".
bool IsWindowsPath(std::string_view text) {
  if (text.substr(0, 2) == "\\\\") return true;
  return text.size() >= 3 && IsAlpha(text[0]) && text[1] == ':' &&
         (text[2] == '\\' || text[2] == '/');
}

// The scheme of a URL in lower case (RFC 3986, 3.1); "" when `text` is none.
std::string SchemeOf(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !IsAlpha(text[0])) return "";
  for (const char c : text.substr(0, colon)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' &&
        c != '.') {
      return "";
    }
  }
  return LowerCase(text.substr(0, colon));
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
}

// An escape that is none stands for itself.
std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() &&
        std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (!escape) {
      decoded += text[i];
      continue;
    }
    decoded +=
        static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return decoded;
}

// What follows "file:": "/path", "///path" or "//host/path".
OutputPath ParseFileUrl(std::string_view rest) {
  if (rest.substr(0, 2) == "//") {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string host = LowerCase(rest.substr(0, slash));
    if (!host.empty() && host != "localhost") return {Form::kForeign, ""};
    rest.remove_prefix(slash);
  }
  std::string path = PercentDecode(rest);
  const bool readable =
      !path.empty() && path[0] == '/' && path.find('\0') == std::string::npos;
  if (!readable) return {Form::kUnreadable, ""};
  if (IsWindowsPath(std::string_view(path).substr(1))) {
    return {Form::kForeign, ""};
  }
  return {Form::kAbsolute, std::move(path)};
}

}  // namespace

OutputPath ParseOutputPath(std::string_view text) {
  if (text.empty()) return {};
  if (text.find('\0') != std::string_view::npos || text[0] == '~') {
    return {Form::kUnreadable, ""};
  }
  if (IsWindowsPath(text)) return {Form::kForeign, ""};
  const std::string scheme = SchemeOf(text);
  if (scheme == "file") return ParseFileUrl(text.substr(5));
  if (!scheme.empty() && text.substr(scheme.size(), 3) == "://") {
    return {Form::kForeign, ""};
  }
  const Form form = text[0] == '/' ? Form::kAbsolute : Form::kRelative;
  return {form, std::string(text)};
}

std::string NormalisePath(std::string_view path) {
  const bool absolute = !path.empty() && path[0] == '/';
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    const bool up = part == "..";
    if (up && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (!up || !absolute) {
      parts.push_back(part);
    }
  }
  std::string normal;
  for (const std::string_view part : parts) {
    if (absolute || !normal.empty()) normal += '/';
    normal += part;
  }
  return absolute && normal.empty() ? "/" : normal;
}

std::optional<std::string_view> BelowDirectory(std::string_view path,
                                               std::string_view directory) {
  if (directory == "/") directory = "";
  if (path.substr(0, directory.size()) != directory) return std::nullopt;
  path.remove_prefix(directory.size());
  if (path.empty()) return path;
  if (path[0] != '/') return std::nullopt;
  return path.substr(1);
}

}  // namespace retentiond
