#include "alert/webhook_channel.h"

#include <chrono>
#include <string>

#include "alert/http_post.h"
#include "alert/rendering.h"
#include "alert/signature.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "config/secret_file.h"

namespace retentiond {

Delivery WebhookChannel::Deliver(const Parcel& parcel,
                                 const std::atomic<bool>& stop) {
  absl::StatusOr<Delivery> delivery = Try(parcel, stop);
  if (!delivery.ok()) return {.problem = MessageOf(delivery.status())};
  return *std::move(delivery);
}

absl::StatusOr<Delivery> WebhookChannel::Try(const Parcel& parcel,
                                             const std::atomic<bool>& stop) {
  HttpPost post{.body = JsonOf(parcel.message, sender_)};
  ASSIGN_OR_RETURN(post.url, ReadSecret(config_.url, "webhook's URL"));
  const std::string timestamp_s =
      std::to_string(std::chrono::floor<std::chrono::seconds>(clock_.Now())
                         .time_since_epoch()
                         .count());
  post.headers = {"webhook-id: " + parcel.id,
                  "webhook-timestamp: " + timestamp_s};
  if (config_.signing_key.has_value()) {
    ASSIGN_OR_RETURN(const std::string key,
                     ReadSecret(*config_.signing_key, "signing key"));
    ASSIGN_OR_RETURN(const std::string signature,
                     SignWebhook(key, parcel.id, timestamp_s, post.body));
    post.headers.push_back("webhook-signature: " + signature);
  }
  return Post(post, transfer_, stop);
}

}  // namespace retentiond
