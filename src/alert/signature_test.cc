#include "alert/signature.h"

#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

// The example of the specification.
TEST(SignatureTest, SignsAsTheSpecificationDoes) {
  EXPECT_EQ(*SignWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                         "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                         R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SignatureTest, TakesAnyOtherKeyAsItIs) {
  const auto bare = SignWebhook("secret", "a", "1", "{}");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(*bare, *SignWebhook("whsec_c2VjcmV0", "a", "1", "{}"));
  EXPECT_NE(*bare, *SignWebhook("secret", "b", "1", "{}"));
  EXPECT_NE(*bare, *SignWebhook("secret", "a", "2", "{}"));
  EXPECT_NE(*bare, *SignWebhook("secret", "a", "1", "[]"));
  // One and two bytes of padding.
  EXPECT_EQ(*SignWebhook("abcd", "a", "1", ""),
            *SignWebhook("whsec_YWJjZA==", "a", "1", ""));
  EXPECT_EQ(*SignWebhook("abcde", "a", "1", ""),
            *SignWebhook("whsec_YWJjZGU=", "a", "1", ""));
}

TEST(SignatureTest, RefusesAKeyThatIsNoBase64AndDoesNotRepeatIt) {
  for (const std::string key : {"whsec_", "whsec_abc", "whsec_ab!d"}) {
    const absl::Status status = SignWebhook(key, "a", "1", "").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_EQ(MessageOf(status),
              "the signing key: expected base64 after \"whsec_\"");
  }
}

}  // namespace
}  // namespace retentiond
