// The signature of Standard Webhooks (standardwebhooks.com), version v1.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace retentiond {

// "v1,<base64 of the HMAC-SHA256 of ID.TIMESTAMP.BODY>". A key that begins with
// "whsec_" is base64 from there on; any other is taken as it is.
// InvalidArgument: what follows "whsec_" is no base64; the key is not named.
absl::StatusOr<std::string> SignWebhook(const std::string& key,
                                        const std::string& id,
                                        const std::string& timestamp_s,
                                        const std::string& body);

}  // namespace retentiond
