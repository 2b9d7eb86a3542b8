#include "observe/http_server.h"

#include <microhttpd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "observe/open_connections.h"

namespace retentiond {
namespace {

using std::chrono::seconds;

// A page, a scraper and a few people at commands; each takes a thread.
constexpr std::size_t kMostConnections = 32;
// How long one may take before it makes room for another: a question is
// answered in far less, and a client that sends a byte now and then is none.
constexpr Micros kPatience = seconds(10);
// Without a byte for so long a connection is closed.
constexpr unsigned kIdleSeconds = 5;
// Request line and headers of one connection; a longer one is refused.
constexpr std::size_t kMostRequestBytes = 16 * 1024;
// A stream says something within kLongestWait; one that cannot be sent for as
// long again has nobody at its end.
constexpr unsigned kStreamIdleSeconds = 2 * kLongestWait.count();
constexpr std::size_t kStreamBlock = 4096;
// A handler asks SQLite and writes JSON: a tenth of this.
constexpr std::size_t kStackBytes = 1024 * 1024;

// Beyond those that are shut down and not closed yet, which the library still
// counts.
constexpr unsigned kMostInLibrary = 2 * kMostConnections;

std::string TextOf(MHD_Connection* connection, const char* header) {
  const char* text =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, header);
  return text == nullptr ? "" : text;
}

MHD_Result TakeArgument(void* query, MHD_ValueKind, const char* key,
                        const char* value) {
  auto& arguments = *static_cast<std::map<std::string, std::string>*>(query);
  arguments[key] = value == nullptr ? "" : value;
  return MHD_YES;
}

bool AnnouncesBody(MHD_Connection* connection) {
  const std::string length = TextOf(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return (!length.empty() && length != "0") ||
         !TextOf(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).empty();
}

HttpRequest RequestOf(MHD_Connection* connection, const char* path,
                      const char* method) {
  HttpRequest request{
      .method = method,
      .path = path,
      .host = TextOf(connection, MHD_HTTP_HEADER_HOST),
      .authorization = TextOf(connection, MHD_HTTP_HEADER_AUTHORIZATION),
      .has_body = AnnouncesBody(connection)};
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, TakeArgument,
                            &request.query);
  return request;
}

// What of a body that is made while it is sent is still to be sent.
struct Sending {
  std::string rest;
  std::size_t sent = 0;  // of `rest`
  BodyStream more;
};

// It may wait: its connection has a thread of its own.
ssize_t TakeMore(void* sending, std::uint64_t, char* to, std::size_t most) {
  auto& self = *static_cast<Sending*>(sending);
  while (self.sent == self.rest.size()) {
    std::optional<std::string> more = self.more();
    if (!more.has_value()) return MHD_CONTENT_READER_END_OF_STREAM;
    self.rest = *std::move(more);
    self.sent = 0;
  }
  const std::size_t size = self.rest.copy(to, most, self.sent);
  self.sent += size;
  return static_cast<ssize_t>(size);
}

void EndSending(void* sending) { delete static_cast<Sending*>(sending); }

MHD_Response* ResponseOf(const HttpResponse& answer) {
  if (answer.more == nullptr) {
    // The library only reads what it is to copy.
    return MHD_create_response_from_buffer(
        answer.body.size(), const_cast<char*>(answer.body.data()),
        MHD_RESPMEM_MUST_COPY);
  }
  auto sending = std::make_unique<Sending>(
      Sending{.rest = answer.body, .more = answer.more});
  MHD_Response* response = MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, kStreamBlock, TakeMore, sending.get(), EndSending);
  // From here on it is EndSending that frees it.
  if (response != nullptr) static_cast<void>(sending.release());
  return response;
}

std::map<std::string, std::string> HeadersOf(const HttpResponse& answer) {
  std::map<std::string, std::string> headers = answer.headers;
  headers.merge(std::map<std::string, std::string>{
      {"Content-Type", answer.type},
      {"Connection", "close"},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy",
       "default-src 'none'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"}});
  return headers;
}

MHD_Result Send(MHD_Connection* connection, const HttpResponse& answer) {
  MHD_Response* response = ResponseOf(answer);
  if (response == nullptr) return MHD_NO;  // GCOV_EXCL_LINE: no memory
  for (const auto& [name, value] : HeadersOf(answer)) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  if (answer.more != nullptr) {
    // The silence of one who waits for events is ours.
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              kStreamIdleSeconds);
  }
  const MHD_Result queued = MHD_queue_response(
      connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

// A path is compared as it was sent: none of ours needs an escape.
std::size_t KeepEscapes(void*, MHD_Connection*, char* text) {
  return std::char_traits<char>::length(text);
}

}  // namespace

struct HttpServer::Parts {
  Parts(ListeningSocket opened, const HttpHandler& answer, const Clock& now)
      : socket(std::move(opened)), handler(answer), clock(now) {}

  static MHD_Result Admit(void* parts, const sockaddr*, socklen_t) {
    auto& self = *static_cast<Parts*>(parts);
    return self.open.Admit(self.clock.BootTime()) ? MHD_YES : MHD_NO;
  }

  static void Notify(void* parts, MHD_Connection* connection, void**,
                     MHD_ConnectionNotificationCode code) {
    auto& self = *static_cast<Parts*>(parts);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      self.open.Remove(connection);
      return;
    }
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    self.open.Add(connection, info->connect_fd, self.clock.BootTime());
  }

  // Called when the headers are there: answered at once, so that the library
  // reads no body and closes the connection.
  static MHD_Result Answer(void* parts, MHD_Connection* connection,
                           const char* path, const char* method, const char*,
                           const char*, std::size_t*, void**) {
    auto& self = *static_cast<Parts*>(parts);
    return Send(connection, self.handler(RequestOf(connection, path, method)));
  }

  ListeningSocket socket;
  const HttpHandler& handler;
  const Clock& clock;
  OpenConnections open{kMostConnections, kPatience};
  MHD_Daemon* daemon = nullptr;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    ListeningSocket socket, const HttpHandler& handler, const Clock& clock) {
  auto parts = std::make_unique<Parts>(std::move(socket), handler, clock);
  Parts* const self = parts.get();
  self->daemon = MHD_start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION |
          MHD_USE_ITC,
      0, Parts::Admit, self, Parts::Answer, self,  //
      MHD_OPTION_LISTEN_SOCKET, self->socket.fd(), MHD_OPTION_CONNECTION_LIMIT,
      kMostInLibrary, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMostRequestBytes,
      MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,  //
      MHD_OPTION_STRICT_FOR_CLIENT, 1,            //
      MHD_OPTION_NOTIFY_CONNECTION, Parts::Notify, self,
      MHD_OPTION_UNESCAPE_CALLBACK, KeepEscapes, self, MHD_OPTION_END);
  if (self->daemon == nullptr) {
    return absl::ResourceExhaustedError(
        "http.listen: its threads cannot be started");
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

HttpServer::~HttpServer() {
  // The socket is ours to close.
  MHD_quiesce_daemon(parts_->daemon);
  parts_->open.ShutDownAll();
  MHD_stop_daemon(parts_->daemon);
}

}  // namespace retentiond
