#include "files/mount_points.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// The kernel writes a space, a tab, a newline and a backslash as \ooo.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      plain += text[i];
      continue;
    }
    int code = 0;
    for (int digit = 1; digit <= 3; ++digit) {
      code = code * 8 + (text[i + static_cast<std::size_t>(digit)] - '0');
    }
    plain += static_cast<char>(code);
    i += 3;
  }
  return plain;
}

}  // namespace

MountPoints::MountPoints(std::string table)
    : table_(std::move(table)),
      fd_(::open(table_.c_str(), O_RDONLY | O_CLOEXEC)) {}

bool MountPoints::HasChanged() const {
  pollfd watched = {fd_.get(), POLLPRI, 0};
  return ::poll(&watched, 1, 0) != 0;
}

bool MountPoints::Read() {
  std::string text;
  std::array<char, 16 * 1024> buffer = {};
  off_t offset = 0;
  while (true) {
    const ssize_t size =
        ::pread(fd_.get(), buffer.data(), buffer.size(), offset);
    if (size < 0) return false;
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    offset += size;
  }
  points_.clear();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    // id, parent, device, root, mount point (proc(5)).
    std::istringstream fields(line);
    std::string skipped, point;
    for (int field = 0; field < 4; ++field) fields >> skipped;
    if (fields >> point) points_.push_back(Unescape(point));
  }
  return !points_.empty();
}

bool MountPoints::AnyAtOrBelow(std::string_view directory) {
  // Asked first: what changes while it is read shows at the next question.
  const bool changed = HasChanged();
  if (!known_ || changed) known_ = Read();
  return !known_ ||
         std::any_of(points_.begin(), points_.end(),
                     [&](const std::string& point) {
                       return std::string_view(point).starts_with(directory) &&
                              (point.size() == directory.size() ||
                               point[directory.size()] == '/');
                     });
}

}  // namespace retentiond
