#include "report/json_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

const Instant kStart = sys_days(year(2026) / 3 / 16) + hours(3);
const Slot kSlot{.date = LocalDate(year(2026) / 3 / 16),
                 .start = kStart,
                 .cutoff = kStart - hours(168)};

RunRecord ARun() {
  return {.id = RunId(7),
          .slot = kSlot.date,
          .slot_start = kSlot.start,
          .cutoff = kSlot.cutoff,
          .started = kStart,
          .finished = kStart + seconds(90),
          .outcome = RunOutcome::kSuccess,
          .timezone = "UTC",
          .jobs_deleted = 121,
          .rows_deleted = {{"Job", 121}, {"JobLog", 300}},
          .held = 1};
}

TEST(JsonTextTest, DescribesAPlan) {
  Preview preview{.slot = kSlot,
                  .totals = {.total = 300, .expired = 121, .in_work = 1},
                  .held = 1,
                  .to_delete = 121,
                  .dependents = {{"JobLog", 300, "cascade", true}},
                  .files = 5};
  const json plan = json::parse(JsonOf(preview, "UTC"));
  EXPECT_EQ(plan["slot"], "2026-03-16");
  EXPECT_EQ(plan["start"], "2026-03-16T03:00:00Z");
  EXPECT_EQ(plan["cutoff"], "2026-03-09T03:00:00Z");
  EXPECT_EQ(plan["jobs"], json::parse(R"({"total":300,"expired":121,"held":1,
      "undatable":0,"to_delete":121})"));
  EXPECT_EQ(plan["dependents"][0], json::parse(R"({"table":"JobLog","rows":300,
      "on_delete":"cascade","indexed":true})"));
  EXPECT_EQ(plan["files"]["files"], 5);
  EXPECT_EQ(plan["blocked"], json::array());
}

TEST(JsonTextTest, DescribesARun) {
  const json run = json::parse(JsonOf(std::vector<RunRecord>{ARun()}))[0];
  EXPECT_EQ(run["id"], 7);
  EXPECT_EQ(run["outcome"], "success");
  EXPECT_EQ(run["duration_s"], 90.0);
  EXPECT_EQ(run["rows_deleted"]["JobLog"], 300);
}

TEST(JsonTextTest, LeavesTheOutcomeOfARunningRunOpen) {
  RunRecord run = ARun();
  run.finished.reset();
  run.outcome.reset();
  run.phase = "batches";
  EXPECT_EQ(OutcomeOf(run), std::nullopt);
  const json open = json::parse(JsonOf(std::vector<RunRecord>{run}))[0];
  EXPECT_TRUE(open["outcome"].is_null());
  EXPECT_TRUE(open["finished"].is_null());
  EXPECT_TRUE(open["duration_s"].is_null());
  run.phase = "interrupted";
  EXPECT_EQ(OutcomeOf(run), "interrupted");
}

TEST(JsonTextTest, DescribesSlots) {
  EXPECT_EQ(json::parse(JsonOf(std::vector<Slot>{kSlot})),
            json::parse(R"([{"slot":"2026-03-16",
      "start":"2026-03-16T03:00:00Z","cutoff":"2026-03-09T03:00:00Z"}])"));
}

TEST(JsonTextTest, DescribesAnIdleDaemon) {
  const json status = json::parse(
      JsonOf(StatusReport{.state = "idle",
                          .next = kSlot,
                          .size = {.kind = "sqlite", .size_bytes = 4096}}));
  EXPECT_EQ(status["state"], "idle");
  EXPECT_TRUE(status["last_run"].is_null());
  EXPECT_TRUE(status["lease"].is_null());
  EXPECT_TRUE(status["progress"].is_null());
  EXPECT_EQ(status["database"]["kind"], "sqlite");
}

TEST(JsonTextTest, DescribesWhatStandsAndWaits) {
  StatusReport report{.state = "idle", .next = kSlot};
  report.alerts = {
      {"slow", AlertWeight::kWarning, "it was slow", kStart, kStart}};
  report.outbox = {.pending = 2, .next_try = kStart, .dropped = 1};
  EXPECT_EQ(json::parse(JsonOf(report))["alerts"],
            json::parse(R"({"standing":[{"key":"slow","severity":"warning",
      "since":")" + FormatInstant(kStart) +
                        R"(","text":"it was slow"}],
      "pending":2,"dropped":1})"));
}

TEST(JsonTextTest, DescribesARunningDaemon) {
  const json status = json::parse(JsonOf(
      StatusReport{.state = "running",
                   .next = kSlot,
                   .last_run = ARun(),
                   .lease = {.holder = "farm:1:2", .epoch = LeaseEpoch(4)},
                   .running = ARun()}));
  EXPECT_EQ(status["lease"]["epoch"], 4);
  EXPECT_EQ(status["progress"]["jobs_deleted"], 121);
  EXPECT_EQ(status["last_run"]["id"], 7);
}

TEST(JsonTextTest, PrintsAnAuditRecordOnOneLine) {
  const std::string line = JsonOf(AuditRecord{.seq = AuditSeq(3),
                                              .time = kStart,
                                              .run = RunId(7),
                                              .event = "batch",
                                              .facts = R"({"jobs":["a"]})",
                                              .previous = "00",
                                              .hash = "ff"});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const json record = json::parse(line);
  EXPECT_EQ(record["facts"]["jobs"][0], "a");
  EXPECT_EQ(record["run"], 7);
  EXPECT_TRUE(json::parse(JsonOf(AuditRecord{.facts = "{}"}))["run"].is_null());
}

TEST(JsonTextTest, DescribesAVerdict) {
  const json good = json::parse(
      JsonOf(ChainVerdict{.records = 2, .head = AuditHead{AuditSeq(2), "ab"}}));
  EXPECT_EQ(good["ok"], true);
  EXPECT_EQ(good["head"]["seq"], 2);
  EXPECT_TRUE(good["problem"].is_null());
  const json bad =
      json::parse(JsonOf(ChainVerdict{.ok = false, .problem = "a gap"}));
  EXPECT_EQ(bad["problem"], "a gap");
  EXPECT_TRUE(bad["head"].is_null());
}

TEST(JsonTextTest, IsOkWithWarningsAndNotWithErrors) {
  std::vector<Finding> findings = {
      {.level = Finding::Level::kInfo, .code = "created-not-indexed"},
      {.level = Finding::Level::kWarning, .code = "missing-index"}};
  EXPECT_TRUE(IsOk(findings));
  EXPECT_EQ(json::parse(JsonOf(findings, {}, true))["findings"][1]["level"],
            "warning");
  findings.push_back({.level = Finding::Level::kError, .code = "root-owner"});
  const json report = json::parse(JsonOf(findings, {"CREATE INDEX x"}, false));
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["findings"][2]["level"], "error");
  EXPECT_EQ(report["done"][0], "CREATE INDEX x");
}

TEST(JsonTextTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json::parse(JsonOfPairs({{"subject", "a\xff"}}))["subject"],
            "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace retentiond
