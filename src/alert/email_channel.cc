#include "alert/email_channel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>

#include "alert/base64.h"
#include "alert/rendering.h"
#include "base/status.h"
#include "config/secret_file.h"

namespace retentiond {
namespace {

// An encoded word has 75 characters at most: 45 bytes are 60 of base64.
constexpr std::size_t kBytesOfWord = 45;

struct FreeMime {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// RFC 5322, in UTC: "Mon, 16 Mar 2026 03:00:00 +0000".
std::string DateText(Instant instant) {
  const std::time_t time =
      std::chrono::floor<std::chrono::seconds>(instant.time_since_epoch())
          .count();
  std::tm fields{};
  gmtime_r(&time, &fields);
  char text[64];
  // The daemon's locale is C: names of days and months are English.
  const std::size_t size =
      std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &fields);
  return {text, size};
}

std::string ProblemOf(const absl::Status& status, long answer) {
  if (answer == 0) return MessageOf(status);
  return fmt::format("{} (SMTP {})", MessageOf(status), answer);
}

}  // namespace

std::string HeaderText(const std::string& text) {
  std::string line = text;
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; },
      ' ');
  const bool is_ascii = std::all_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < 128;
  });
  if (is_ascii) return line;
  std::string encoded;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = std::min(at + kBytesOfWord, line.size());
    // Not in the middle of a character.
    while (end < line.size() && end > at + 1 &&
           (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    encoded += fmt::format("{}=?UTF-8?B?{}?=", encoded.empty() ? "" : " ",
                           ToBase64(line.substr(at, end - at)));
    at = end;
  }
  return encoded;
}

Delivery EmailChannel::Deliver(const Parcel& parcel,
                               const std::atomic<bool>& stop) {
  CurlTransfer transfer(transfer_, stop);
  CURL* const curl = transfer.handle();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_URL, config_.server.c_str());
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(config_.tls == EmailConfig::Tls::kNone
                                         ? CURLUSESSL_NONE
                                         : CURLUSESSL_ALL));
  if (config_.password.has_value()) {
    const absl::StatusOr<std::string> password =
        ReadSecret(*config_.password, "password");
    if (!password.ok()) return {.problem = MessageOf(password.status())};
    curl_easy_setopt(curl, CURLOPT_USERNAME, config_.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password->c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config_.from.c_str());
  std::unique_ptr<curl_slist, FreeMime> to;
  for (const std::string& address : config_.to) {
    to.reset(curl_slist_append(to.release(), address.c_str()));
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to.get());
  transfer.AddHeader("Date: " + DateText(parcel.message.at));
  transfer.AddHeader("From: retentiond <" + config_.from + ">");
  transfer.AddHeader(fmt::format("To: {}", fmt::join(config_.to, ", ")));
  transfer.AddHeader("Subject: " +
                     HeaderText(HeadingOf(parcel.message, sender_)));
  transfer.AddHeader(
      fmt::format("Message-ID: <{}@retentiond.invalid>", parcel.id));
  transfer.AddHeader("Auto-Submitted: auto-generated");  // no out-of-office
  const std::unique_ptr<curl_mime, FreeMime> mime(curl_mime_init(curl));
  curl_mimepart* const part = curl_mime_addpart(mime.get());
  const std::string body = HeadingOf(parcel.message, sender_) + "\n\n" +
                           BodyOf(parcel.message) + "\n";
  curl_mime_data(part, body.data(), body.size());
  curl_mime_type(part, "text/plain; charset=utf-8");
  curl_mime_encoder(part, "quoted-printable");
  curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime.get());
  if (const absl::Status sent = transfer.Perform(); !sent.ok()) {
    return {.problem = ProblemOf(sent, transfer.status())};
  }
  return {};
}

}  // namespace retentiond
