#include "testing/observe/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>

namespace retentiond {

RawClient::RawClient(const HttpConfig& config) {
  if (config.listen == HttpConfig::Listen::kUnix) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config.socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
    fd_.Reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                         sizeof address) == 0;
    return;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(config.port);
  inet_pton(AF_INET, config.address.c_str(), &address.sin_addr);
  fd_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                       sizeof address) == 0;
}

bool RawClient::Send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t now =
        send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

std::string RawClient::Receive() {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string Exchange(const HttpConfig& config, const std::string& request) {
  RawClient client(config);
  client.Send(request);
  return client.Receive();
}

}  // namespace retentiond
