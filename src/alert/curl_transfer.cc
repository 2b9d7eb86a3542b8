#include "alert/curl_transfer.h"

#include <signal.h>

#include <algorithm>
#include <ctime>

namespace retentiond {
namespace {

constexpr std::size_t kMostOfAnswer = 64UL * 1024;

// Before the first handle; libcurl's own way is safe among threads, and counts.
void PrepareCurl() {
  static const CURLcode prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)prepared;
}

absl::StatusCode CodeOf(CURLcode code) {
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return absl::StatusCode::kCancelled;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// OpenSSL writes to a peer that has gone without asking for no signal, and
// libcurl leaves the signal alone where threads use it: one would end the
// process. For the calling thread alone.
class NoBrokenPipeSignal {
 public:
  NoBrokenPipeSignal() {
    sigemptyset(&broken_pipe_);
    sigaddset(&broken_pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before_);
  }
  ~NoBrokenPipeSignal() {
    const timespec at_once{};
    sigtimedwait(&broken_pipe_, nullptr, &at_once);  // of one that waits
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;

 private:
  sigset_t broken_pipe_{};
  sigset_t before_{};
};

}  // namespace

CurlTransfer::CurlTransfer(const TransferSettings& settings,
                           const std::atomic<bool>& stop)
    : stop_(stop) {
  PrepareCurl();
  handle_.reset(curl_easy_init());
  CURL* const curl = handle();
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs must not hold up a stop.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(settings.limits.connect.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(settings.limits.total.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &CurlTransfer::Receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &CurlTransfer::Progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
  if (!settings.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, settings.ca_file.c_str());
  }
}

void CurlTransfer::AddHeader(const std::string& line) {
  headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
}

absl::Status CurlTransfer::Perform() {
  const NoBrokenPipeSignal no_signal;
  curl_easy_setopt(handle(), CURLOPT_HTTPHEADER, headers_.get());
  const CURLcode code = curl_easy_perform(handle());
  if (code == CURLE_OK) return absl::OkStatus();
  return absl::Status(CodeOf(code), curl_easy_strerror(code));
}

long CurlTransfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::optional<std::chrono::seconds> CurlTransfer::retry_after() const {
  curl_off_t seconds = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &seconds);
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::size_t CurlTransfer::Receive(char* data, std::size_t size,
                                  std::size_t count, void* transfer) {
  std::string& answer = static_cast<CurlTransfer*>(transfer)->answer_;
  const std::size_t bytes = size * count;
  answer.append(data, std::min(bytes, kMostOfAnswer - answer.size()));
  return bytes;
}

int CurlTransfer::Progress(void* transfer, curl_off_t, curl_off_t, curl_off_t,
                           curl_off_t) {
  return static_cast<CurlTransfer*>(transfer)->stop_ ? 1 : 0;
}

}  // namespace retentiond
