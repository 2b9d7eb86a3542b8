#include "observe/listening_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// More than the server serves at a time; the others wait in the kernel.
constexpr int kBacklog = 64;
// Owner and group.
constexpr mode_t kSocketMode = 0660;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

template <typename T>
Address AddressOf(const T& specific) {
  Address address;
  std::memcpy(&address.storage, &specific, sizeof specific);
  address.size = sizeof specific;
  return address;
}

Address AddressOf(const HttpConfig& config) {
  if (config.listen == HttpConfig::Listen::kUnix) {
    sockaddr_un unix_address{};
    unix_address.sun_family = AF_UNIX;
    config.socket.native().copy(unix_address.sun_path,
                                sizeof unix_address.sun_path - 1);
    return AddressOf(unix_address);
  }
  sockaddr_in6 six{};
  if (inet_pton(AF_INET6, config.address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(config.port);
    return AddressOf(six);
  }
  sockaddr_in four{};
  inet_pton(AF_INET, config.address.c_str(), &four.sin_addr);
  four.sin_family = AF_INET;
  four.sin_port = htons(config.port);
  return AddressOf(four);
}

absl::StatusOr<UniqueFd> MakeSocket(const Address& address) {
  UniqueFd fd(::socket(address.get()->sa_family,
                       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket");
  const int on = 1;
  // A restart must not wait until the last connections are forgotten.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.get()->sa_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  return fd;
}

// A path that is bound stays when its process dies: whether somebody listens
// there is seen by knocking.
absl::Status RemoveIfDead(const std::filesystem::path& path,
                          const Address& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) {
    return absl::OkStatus();  // bind says what is wrong, if anything is
  }
  ASSIGN_OR_RETURN(const UniqueFd knock, MakeSocket(address));
  if (::connect(knock.get(), address.get(), address.size) != 0 &&
      errno == ECONNREFUSED) {
    ::unlink(path.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

std::string NameOf(const HttpConfig& config) {
  switch (config.listen) {
    case HttpConfig::Listen::kOff:
      return "off";
    case HttpConfig::Listen::kUnix:
      return "unix:" + config.socket.string();
    case HttpConfig::Listen::kTcp:
      break;
  }
  const bool six = config.address.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", config.address, config.port)
             : fmt::format("{}:{}", config.address, config.port);
}

ListeningSocket::ListeningSocket(UniqueFd fd, std::filesystem::path path)
    : fd_(std::move(fd)), path_(std::move(path)) {}

ListeningSocket::~ListeningSocket() {
  if (fd_.valid() && !path_.empty()) ::unlink(path_.c_str());
}

absl::StatusOr<ListeningSocket> ListeningSocket::Open(
    const HttpConfig& config) {
  const std::string name = "http.listen: " + NameOf(config);
  const Address address = AddressOf(config);
  if (!config.socket.empty()) {
    RETURN_IF_ERROR(Annotate(RemoveIfDead(config.socket, address), name));
  }
  absl::StatusOr<UniqueFd> fd = MakeSocket(address);
  if (!fd.ok()) return Annotate(fd.status(), name);
  if (::bind(fd->get(), address.get(), address.size) != 0) {
    if (errno != EADDRINUSE) return ErrnoStatus(errno, name);
    return absl::AlreadyExistsError(name + ": another process listens there");
  }
  ListeningSocket socket(*std::move(fd), config.socket);
  // Nobody can connect before the listen.
  if (!config.socket.empty() &&
      ::chmod(config.socket.c_str(), kSocketMode) != 0) {
    return ErrnoStatus(errno, name);
  }
  if (::listen(socket.fd(), kBacklog) == 0) return socket;
  // Two that bound the same port by SO_REUSEADDR before either listened.
  return ErrnoStatus(errno, name);  // GCOV_EXCL_LINE: a race of two processes
}

}  // namespace retentiond
