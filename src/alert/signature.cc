#include "alert/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>
#include <string>

#include "alert/base64.h"

namespace retentiond {
namespace {

constexpr char kPrefix[] = "whsec_";

// None: it is no key.
std::optional<std::string> KeyBytes(const std::string& key) {
  if (!key.starts_with(kPrefix)) return key;
  std::optional<std::string> bytes = FromBase64(key.substr(sizeof kPrefix - 1));
  if (bytes == "") return std::nullopt;
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> SignWebhook(const std::string& key,
                                        const std::string& id,
                                        const std::string& timestamp_s,
                                        const std::string& body) {
  const std::optional<std::string> secret = KeyBytes(key);
  if (!secret.has_value()) {
    return absl::InvalidArgumentError(
        "the signing key: expected base64 after \"whsec_\"");
  }
  const std::string content = id + "." + timestamp_s + "." + body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret->data(), static_cast<int>(secret->size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(),
       digest.data(), &size);
  return "v1," + ToBase64(std::string(digest.begin(), digest.begin() + size));
}

}  // namespace retentiond
