#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "config/secret_file.h"
#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Tls = EmailConfig::Tls;

class AlertsSectionTest : public ConfigFixture {
 protected:
  AlertsConfig Alerts(const std::string& text) const {
    return Good(text).alerts;
  }
  // Of [alerts.email] with these lines besides the needed ones.
  static std::string Email(const std::string& more,
                           const std::string& server = "smtp://mail:587") {
    return "[alerts.email]\nserver = \"" + server +
           "\"\nfrom = \"farm@example.com\"\nto = \"a@example.com\"\n" + more;
  }
};

TEST_F(AlertsSectionTest, HasNoChannelByDefault) {
  EXPECT_EQ(Alerts(""), AlertsConfig());
  EXPECT_EQ(Alerts("[alerts]\n[alerts.webhook]\n"), AlertsConfig());
}

TEST_F(AlertsSectionTest, TakesTheRenderManagersSlackVariables) {
  env_["SLACK_BOT_TOKEN"] = "xoxb-canary";
  EXPECT_EQ(Alerts("").slack, std::nullopt);
  env_["SLACK_ADMIN_CHANNEL"] = "#admins";
  const AlertsConfig alerts = Alerts("");
  ASSERT_TRUE(alerts.slack.has_value());
  EXPECT_EQ(alerts.slack->channel, "#admins");
  EXPECT_EQ(*ReadSecret(alerts.slack->secret, "token"), "xoxb-canary");
  EXPECT_EQ(alerts.slack->secret.key, "SLACK_BOT_TOKEN");
  EXPECT_EQ(alerts.slack->api_url, "https://slack.com/api/chat.postMessage");
  // A file takes precedence.
  const AlertsConfig named = Alerts(
      "[alerts]\nslack_token_file = \"/etc/token\"\n"
      "slack_channel = \"#render\"\n");
  EXPECT_EQ(named.slack->channel, "#render");
  EXPECT_EQ(named.slack->secret.file, "/etc/token");
  const AlertsConfig webhook =
      Alerts("[alerts]\nslack_webhook_file = \"/etc/hook\"\n");
  EXPECT_EQ(webhook.slack->secret.file, "/etc/hook");
  EXPECT_EQ(webhook.slack->channel, "");
}

TEST_F(AlertsSectionTest, WantsSlackWholeOrNotAtAll) {
  EXPECT_EQ(Refusal("[alerts]\nslack_token_file = \"/t\"\n"),
            "r.toml:2: alerts.slack_token_file: expected slack_channel beside "
            "it: where the bot is to post, like \"#render\"");
  EXPECT_EQ(Refusal("[alerts]\nslack_channel = \"#render\"\n"),
            "r.toml:2: alerts.slack_channel: expected slack_token_file beside "
            "it, or a webhook in slack_webhook_file");
  EXPECT_THAT(Refusal("[alerts]\nslack_webhook_file = \"/h\"\n"
                      "slack_channel = \"#render\"\n"),
              HasSubstr("r.toml:2: alerts.slack_webhook_file: a webhook has "
                        "its channel and needs no token"));
  EXPECT_THAT(Refusal("[alerts]\nslack_api_url = \"slack.com\"\n"),
              HasSubstr("alerts.slack_api_url: expected a URL like"));
}

TEST_F(AlertsSectionTest, ReadsAWebhook) {
  const AlertsConfig plain =
      Alerts("[alerts.webhook]\nurl = \"https://h.example/x?y=z\"\n");
  EXPECT_EQ(plain.webhook->url.value, "https://h.example/x?y=z");
  EXPECT_EQ(plain.webhook->signing_key, std::nullopt);
  const AlertsConfig signed_one = Alerts(
      "[alerts.webhook]\nurl_file = \"/etc/url\"\nsecret_file = "
      "\"/etc/key\"\n");
  EXPECT_EQ(signed_one.webhook->url.file, "/etc/url");
  EXPECT_EQ(signed_one.webhook->signing_key->file, "/etc/key");
}

TEST_F(AlertsSectionTest, ReadsTheSectionsThatAreAUrl) {
  const AlertsConfig alerts = Alerts(
      "[alerts]\nca_file = \"/etc/ca.pem\"\n"
      "[alerts.alertmanager]\nurl = \"http://localhost:9093\"\n"
      "[alerts.ping]\nurl_file = \"/etc/ping\"\n");
  EXPECT_EQ(alerts.alertmanager->value, "http://localhost:9093");
  EXPECT_EQ(alerts.ping->file, "/etc/ping");
  EXPECT_EQ(alerts.ca_file, "/etc/ca.pem");
}

TEST_F(AlertsSectionTest, RefusesAUrlWithoutRepeatingIt) {
  for (const std::string section : {"webhook", "alertmanager", "ping"}) {
    for (const std::string url :
         {"canary", "ftp://canary/", "https://", "https://:80/canary",
          "https:///canary", "http://canary/a b"}) {
      const std::string refusal =
          Refusal("[alerts." + section + "]\nurl = \"" + url + "\"\n");
      EXPECT_THAT(refusal, HasSubstr("r.toml:2: alerts." + section +
                                     ".url: expected a URL like"));
      EXPECT_THAT(refusal, Not(HasSubstr("canary")));
    }
    EXPECT_THAT(Refusal("[alerts." + section +
                        "]\nurl = \"http://h\"\nurl_file = \"/f\"\n"),
                HasSubstr("r.toml:3: alerts." + section +
                          ".url_file: expected either"));
  }
  EXPECT_THAT(Refusal("[alerts.webhook]\nsecret_file = \"/k\"\n"),
              HasSubstr("r.toml:1: alerts.webhook.url: expected either"));
}

TEST_F(AlertsSectionTest, ReadsEmail) {
  const AlertsConfig alerts = Alerts(Email(""));
  EXPECT_EQ(alerts.email->server, "smtp://mail:587");
  EXPECT_EQ(alerts.email->tls, Tls::kStartTls);
  EXPECT_EQ(alerts.email->from, "farm@example.com");
  EXPECT_THAT(alerts.email->to, ElementsAre("a@example.com"));
  EXPECT_EQ(Alerts(Email("tls = \"starttls\"\n")).email->tls, Tls::kStartTls);
  EXPECT_EQ(Alerts(Email("tls = \"none\"\n")).email->tls, Tls::kNone);
  EXPECT_EQ(Alerts(Email("", "smtps://mail:465")).email->tls,
            Tls::kFromTheStart);
  const AlertsConfig named =
      Alerts(Email("user = \"farm\"\npassword_file = \"/etc/pw\"\n"));
  EXPECT_EQ(named.email->user, "farm");
  EXPECT_EQ(named.email->password->file, "/etc/pw");
}

TEST_F(AlertsSectionTest, RefusesEmailThatCannotBeSent) {
  for (const std::string server :
       {"mail", "http://mail", "smtp://", "smtp://u:canary@mail",
        "smtp://mail?canary"}) {
    EXPECT_THAT(
        Refusal(Email("", server)),
        testing::AllOf(HasSubstr("alerts.email.server: expected a server like"),
                       Not(HasSubstr("canary"))));
  }
  EXPECT_THAT(Refusal(Email("tls = \"no\"\n")),
              HasSubstr("alerts.email.tls: expected \"starttls\" or"));
  EXPECT_THAT(Refusal(Email("tls = \"none\"\n", "smtps://mail")),
              HasSubstr("a server of smtps:// needs neither"));
  EXPECT_THAT(Refusal(Email("user = \"farm\"\n")),
              HasSubstr("alerts.email.user: expected user and password_file"));
  EXPECT_THAT(
      Refusal(Email("password_file = \"/f\"\n")),
      HasSubstr("alerts.email.password_file: expected user and password_file"));
  EXPECT_THAT(Refusal(Email("user = \"farm\"\npassword_file = \"/f\"\n"
                            "tls = \"none\"\n")),
              HasSubstr("without TLS no password is sent"));
  for (const std::string address :
       {"", "farm", "@x", "farm@", "a@b@c", "A <a@b>", "a@b, c@d"}) {
    EXPECT_NE(Refusal("[alerts.email]\nserver = \"smtp://mail\"\nfrom = \"" +
                      address + "\"\nto = \"a@b\"\n"),
              "");
    EXPECT_NE(Refusal("[alerts.email]\nserver = \"smtp://mail\"\nfrom = "
                      "\"a@b\"\nto = [\"a@b\", \"" +
                      address + "\"]\n"),
              "");
  }
  EXPECT_THAT(Refusal("[alerts.email]\nserver = \"smtp://mail\"\nfrom = "
                      "\"a@b\"\n"),
              HasSubstr("alerts.email.to: expected who is to get the mail"));
}

TEST_F(AlertsSectionTest, ReadsACommand) {
  EXPECT_THAT(
      Alerts("[alerts.command]\nargv = [\"/usr/bin/page\", \"-x\"]\n").command,
      ElementsAre("/usr/bin/page", "-x"));
  EXPECT_THAT(Refusal("[alerts.command]\nargv = [\"page\"]\n"),
              HasSubstr("r.toml:2: alerts.command.argv: expected the absolute "
                        "path of a program first, not \"page\""));
  EXPECT_THAT(Refusal("[alerts.command]\nargv = []\n"),
              HasSubstr("expected at least one text"));
}

TEST_F(AlertsSectionTest, KnowsItsKeys) {
  EXPECT_THAT(Refusal("[alerts]\nslack_chanel = \"x\"\n"),
              HasSubstr("did you mean \"slack_channel\"?"));
  EXPECT_THAT(Refusal("[alerts.ping]\nurI = \"x\"\n"),
              HasSubstr("did you mean \"url\"?"));
  EXPECT_THAT(Refusal("[alerts]\nwebhook = \"x\"\n"),
              HasSubstr("alerts.webhook: expected a section"));
}

TEST_F(AlertsSectionTest, ReadsASecretAtEachUse) {
  std::ofstream(directory_ / "token") << "first\n";
  const SecretConfig secret{.key = "alerts.slack_token_file",
                            .file = directory_ / "token"};
  EXPECT_EQ(*ReadSecret(secret, "token"), "first");
  std::ofstream(directory_ / "token") << "second\n";
  EXPECT_EQ(*ReadSecret(secret, "token"), "second");
  std::filesystem::remove(directory_ / "token");
  EXPECT_THAT(MessageOf(ReadSecret(secret, "token").status()),
              testing::StartsWith("alerts.slack_token_file: "));
}

}  // namespace
}  // namespace retentiond
