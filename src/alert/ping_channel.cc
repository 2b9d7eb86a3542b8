#include "alert/ping_channel.h"

#include <string>

#include "alert/http_post.h"
#include "alert/rendering.h"
#include "base/status.h"
#include "config/secret_file.h"

namespace retentiond {
namespace {

std::string SuffixOf(const AlertMessage& message) {
  if (message.key == kNoticeRunBegin) return "/start";
  return message.event == AlertEvent::kRaised ||
                 message.event == AlertEvent::kStill
             ? "/fail"
             : "";
}

}  // namespace

Delivery PingChannel::Deliver(const Parcel& parcel,
                              const std::atomic<bool>& stop) {
  absl::StatusOr<std::string> url = ReadSecret(url_, "URL");
  if (!url.ok()) return {.problem = MessageOf(url.status())};
  while (url->ends_with('/')) url->pop_back();
  return Post({.url = *url + SuffixOf(parcel.message),
               .body = HeadingOf(parcel.message, sender_) + "\n" +
                       BodyOf(parcel.message) + "\n",
               .content_type = "text/plain; charset=utf-8"},
              transfer_, stop);
}

}  // namespace retentiond
