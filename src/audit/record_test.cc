#include "audit/record.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

const Instant kTime = InstantFromMicros(1'773'630'000'000'000);

AuditRecord First() {
  return NextRecord(std::nullopt, kTime, RunId{7}, "batch",
                    R"({ "rows": {"Job": 2}, "jobs": ["b", "a"] })");
}

TEST(NextRecord, StartsAChainAtOneWithAnEmptyLink) {
  const AuditRecord record = First();
  EXPECT_EQ(record.seq, AuditSeq{1});
  EXPECT_EQ(record.previous, std::string(64, '0'));
}

TEST(NextRecord, LinksToTheHead) {
  const AuditHead head{AuditSeq{41}, std::string(64, 'a')};
  const AuditRecord record =
      NextRecord(head, kTime, std::nullopt, "anchor", "{}");
  EXPECT_EQ(record.seq, AuditSeq{42});
  EXPECT_EQ(record.previous, head.hash);
}

TEST(NextRecord, WritesFactsWithSortedKeysAndWithoutSpace) {
  EXPECT_EQ(First().facts, R"({"jobs":["b","a"],"rows":{"Job":2}})");
}

TEST(NextRecord, WrapsFactsThatAreNoObjectRatherThanLoseThem) {
  const auto facts = [](const std::string& text) {
    return NextRecord(std::nullopt, kTime, std::nullopt, "note", text).facts;
  };
  EXPECT_EQ(facts("not json"), R"({"text":"not json"})");
  EXPECT_EQ(facts("[1]"), R"({"text":"[1]"})");
  EXPECT_EQ(facts("{\"a\":\"\xff\"}"),
            R"({"text":{"escaped":"{\"a\":\"\\xff\"}"}})");
  EXPECT_EQ(facts(""), R"({"text":""})");
}

TEST(CanonicalForm, IsAJsonArrayOfTheFieldsInOrder) {
  EXPECT_EQ(CanonicalForm(First()), R"([1,"2026-03-16T03:00:00Z",7,"batch",)"
                                    R"({"jobs":["b","a"],"rows":{"Job":2}},")" +
                                        std::string(64, '0') + R"("])");
}

TEST(CanonicalForm, WritesNullForARecordOfNoRun) {
  AuditRecord record = First();
  record.run.reset();
  EXPECT_NE(CanonicalForm(record).find(R"(Z",null,"batch")"),
            std::string::npos);
}

// Computed apart from this program: printf '%s' FORM | sha256sum.
TEST(HashOf, IsTheSha256OfTheCanonicalForm) {
  const AuditRecord record =
      NextRecord(std::nullopt, kTime, std::nullopt, "e", "{}");
  ASSERT_EQ(CanonicalForm(record),
            R"([1,"2026-03-16T03:00:00Z",null,"e",{},")" +
                std::string(64, '0') + R"("])");
  EXPECT_EQ(record.hash,
            "f925c3ed2592ff7e1bed00a502adcc275c2455446606c0dee0e7e167cc9cfdef");
  EXPECT_EQ(HashOf(record), record.hash);
}

TEST(HashOf, ChangesWithEveryField) {
  const AuditRecord record = First();
  AuditRecord other = record;
  other.seq = AuditSeq{2};
  EXPECT_NE(HashOf(other), record.hash);
  other = record;
  other.time += Micros(1);
  EXPECT_NE(HashOf(other), record.hash);
  other = record;
  other.run = RunId{8};
  EXPECT_NE(HashOf(other), record.hash);
  other = record;
  other.event = "files";
  EXPECT_NE(HashOf(other), record.hash);
  other = record;
  other.facts += " ";
  EXPECT_NE(HashOf(other), record.hash);
  other = record;
  other.previous[0] = '1';
  EXPECT_NE(HashOf(other), record.hash);
}

}  // namespace
}  // namespace retentiond
