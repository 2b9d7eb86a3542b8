#include "files/live_sockets.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace retentiond {

LiveSockets::LiveSockets(std::string list) : list_(std::move(list)) {}

bool LiveSockets::MayBeInUse(const std::string& name) const {
  std::ifstream file(list_);
  if (!file) return true;
  // As one text: a name may hold a newline, which the kernel writes as it is.
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.find("/" + name + "\n") != std::string::npos ||
         text.find(" " + name + "\n") != std::string::npos;
}

}  // namespace retentiond
