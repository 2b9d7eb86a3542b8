#include "config/postgres_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::HasSubstr;
using testing::Not;
using Parameters = std::map<std::string, std::string>;

Parameters ParametersOf(const std::string& url) {
  const absl::StatusOr<PostgresUrl> parsed = ParsePostgresUrl(url);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->parameters : Parameters();
}

TEST(PostgresUrlTest, ReadsEachPart) {
  EXPECT_EQ(ParametersOf("postgresql://render:s3c@db.example:5433/farm"),
            (Parameters{{"user", "render"},
                        {"password", "s3c"},
                        {"host", "db.example"},
                        {"port", "5433"},
                        {"dbname", "farm"}}));
  EXPECT_EQ(ParametersOf("postgres://db.example/farm"),
            (Parameters{{"host", "db.example"}, {"dbname", "farm"}}));
  EXPECT_EQ(ParametersOf("postgresql://"), Parameters());
  EXPECT_EQ(ParametersOf("postgresql:///farm"),
            (Parameters{{"dbname", "farm"}}));
  EXPECT_EQ(
      ParametersOf("postgresql://u@/farm?host=/run/pg"),
      (Parameters{{"user", "u"}, {"dbname", "farm"}, {"host", "/run/pg"}}));
}

TEST(PostgresUrlTest, DecodesWhatIsEscaped) {
  EXPECT_EQ(ParametersOf("postgresql://a%40b:p%2Fw%3a@%2Frun%2Fpg/f%20m"),
            (Parameters{{"user", "a@b"},
                        {"password", "p/w:"},
                        {"host", "/run/pg"},
                        {"dbname", "f m"}}));
}

TEST(PostgresUrlTest, TakesAPasswordWithSeparatorsThatAreNotEscaped) {
  EXPECT_EQ(ParametersOf("postgresql://u:p/w@x:y@h/farm").at("password"),
            "p/w@x:y");
}

TEST(PostgresUrlTest, ReadsSeveralHostsAndAddresses) {
  EXPECT_EQ(ParametersOf("postgresql://a:1,b/farm"),
            (Parameters{{"host", "a,b"}, {"port", "1,"}, {"dbname", "farm"}}));
  EXPECT_EQ(
      ParametersOf("postgresql://[::1]:5433/farm"),
      (Parameters{{"host", "::1"}, {"port", "5433"}, {"dbname", "farm"}}));
  EXPECT_EQ(ParametersOf("postgresql://[::1]/farm").at("host"), "::1");
}

TEST(PostgresUrlTest, UnderstandsPrismasParameters) {
  const auto parsed = ParsePostgresUrl(
      "postgresql://h/farm?schema=render&connection_limit=5&pgbouncer=true&"
      "pool_timeout=10&socket_timeout=3&statement_cache_size=0&connect_timeout="
      "7&sslmode=require&nothing&empty=");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->schema, "render");
  EXPECT_EQ(parsed->parameters, (Parameters{{"host", "h"},
                                            {"dbname", "farm"},
                                            {"connect_timeout", "7"},
                                            {"sslmode", "require"}}));
}

TEST(PostgresUrlTest, TranslatesPrismasCertificates) {
  EXPECT_EQ(ParametersOf("postgresql://h?sslaccept=strict&sslcert=ca.pem"),
            (Parameters{{"host", "h"},
                        {"sslmode", "verify-full"},
                        {"sslrootcert", "ca.pem"}}));
  EXPECT_EQ(ParametersOf("postgresql://h?sslaccept=accept_invalid_certs"),
            (Parameters{{"host", "h"}}));
  EXPECT_EQ(ParametersOf("postgresql://h?sslmode=disable&sslaccept=strict")
                .at("sslmode"),
            "disable");
  EXPECT_EQ(ParametersOf("postgresql://h?sslcert=c&sslkey=k").at("sslcert"),
            "c");
}

TEST(PostgresUrlTest, NamesTheDatabaseWithoutASecret) {
  const auto public_url = [](const std::string& url) {
    return PublicUrl(*ParsePostgresUrl(url));
  };
  EXPECT_EQ(public_url("postgres://u%40x:CANARY@h:5433/f?schema=s&password=C"),
            "postgresql://u%40x@h:5433/f?schema=s");
  EXPECT_EQ(public_url("postgresql://%2Frun%2Fpg/f"),
            "postgresql://%2Frun%2Fpg/f");
  EXPECT_EQ(public_url("postgresql://"), "postgresql://");
}

TEST(PostgresUrlTest, NamesSeveralHostsSoThatTheyAreReadBack) {
  for (const std::string url :
       {"postgresql://a:1,b:2/farm", "postgresql://a:1,b/farm",
        "postgresql://a,b:2/farm", "postgresql://a,b/farm",
        "postgresql://u@[::1]:5433,[fe80::1%25eth0]/farm",
        "postgresql://%2Frun%2Fpg:5433,h/farm", "postgresql://:5433/farm",
        "postgresql://a.example:1,b-c.example:2,%2Ftmp:3/farm?schema=s"}) {
    EXPECT_EQ(PublicUrl(*ParsePostgresUrl(url)), url);
    EXPECT_EQ(UrlWithoutSecrets(*ParsePostgresUrl(url)), url);
  }
  // One port is that of all.
  EXPECT_EQ(PublicUrl(*ParsePostgresUrl("postgresql:///f?host=a,b&port=5433")),
            "postgresql://a:5433,b:5433/f");
}

TEST(PostgresUrlTest, RefusesWhatIsMalformedAndRepeatsNothingOfIt) {
  for (const std::string url :
       {"postgresql://u:CANARY%@h/farm", "postgresql://u:CANARY%4@h/farm",
        "postgresql://u:CANARY%zz@h/farm", "postgresql://u:CANARY%00@h/farm",
        "postgresql://u:CANARY/farm", "postgresql://h/CANARY%g0",
        "postgresql://h/farm?password=CANARY%"}) {
    const absl::Status status = ParsePostgresUrl(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(MessageOf(status), Not(HasSubstr("CANARY")));
  }
}

TEST(PostgresUrlTest, IsWrittenForAConfigurationWithoutItsSecrets) {
  const auto written = [](const std::string& url) {
    return UrlWithoutSecrets(*ParsePostgresUrl(url));
  };
  EXPECT_EQ(
      written("postgresql://u:secret@h:1/farm?schema=s&sslmode=verify-full"
              "&sslrootcert=/etc/ca.pem&sslpassword=secret"),
      "postgresql://u@h:1/farm?schema=s&sslmode=verify-full"
      "&sslrootcert=%2Fetc%2Fca.pem");
  EXPECT_EQ(written("postgresql:///?service=farm"),
            "postgresql://?service=farm");
  EXPECT_EQ(written("postgresql://h/farm"), "postgresql://h/farm");
}

}  // namespace
}  // namespace retentiond
