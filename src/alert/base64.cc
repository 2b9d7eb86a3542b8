#include "alert/base64.h"

#include <openssl/evp.h>

#include <vector>

namespace retentiond {
namespace {

const unsigned char* BytesOf(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string ToBase64(const std::string& bytes) {
  std::vector<unsigned char> text(bytes.size() / 3 * 4 + 5);
  const int size = EVP_EncodeBlock(text.data(), BytesOf(bytes),
                                   static_cast<int>(bytes.size()));
  return {text.begin(), text.begin() + size};
}

std::optional<std::string> FromBase64(const std::string& text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3 + 1);
  const int size = EVP_DecodeBlock(bytes.data(), BytesOf(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::string decoded(bytes.begin(), bytes.begin() + size);
  // It counts the padding as zeros.
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) {
    decoded.pop_back();
  }
  return decoded;
}

}  // namespace retentiond
