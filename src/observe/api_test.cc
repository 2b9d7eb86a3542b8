#include "observe/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class ApiTest : public CleanupTest {
 protected:
  void SetUp() override {
    CleanupTest::SetUp();
    health_ = std::make_unique<HealthRecord>(service_, clock_);
    metrics_ = std::make_unique<Metrics>(Metrics::Build{"1", "c"}, Instant{});
    api_ = std::make_unique<Api>(
        Api::Parts{.open = [this](const Settings&) { return OpenOrFail(); },
                   .clock = clock_,
                   .calls = calls_,
                   .build_date = build_date_,
                   .metrics = *metrics_,
                   .health = *health_,
                   .live = live_,
                   .page = page_});
    api_->SetSettings(CurrentSettings());
  }
  absl::StatusOr<Database> OpenOrFail() {
    ++opened_;
    if (at_open_) at_open_();
    if (!open_fails_.ok()) return open_fails_;
    return database_.Open();
  }
  HttpResponse Get(const std::string& path,
                   const std::map<std::string, std::string>& query = {}) {
    return api_->Answer({.method = "GET", .path = path, .query = query});
  }
  json Json(const std::string& path,
            const std::map<std::string, std::string>& query = {}) {
    const HttpResponse answer = Get(path, query);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    EXPECT_EQ(answer.type, "application/json");
    return json::parse(answer.body);
  }

  std::unique_ptr<HealthRecord> health_;
  std::unique_ptr<Metrics> metrics_;
  LiveFeed live_;
  std::vector<PageFile> page_ = {{"/", "text/html", "<!doctype html>"},
                                 {"/page.js", "text/javascript", "1"}};
  std::unique_ptr<Api> api_;
  absl::Status open_fails_;
  std::function<void()> at_open_;
  int opened_ = 0;
};

TEST_F(ApiTest, IsHealthyWhileTheDaemonGivesSignsOfLife) {
  EXPECT_EQ(Json("/healthz")["ok"], true);
  clock_.Advance(minutes(2));
  EXPECT_EQ(Get("/healthz").status, 200);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_THAT(Get("/healthz").body, HasSubstr("no sign of life for 121 s"));
  health_->Alive();
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(opened_, 0);
}

TEST_F(ApiTest, IsReadyWhenTheDatabaseIsThere) {
  open_fails_ = absl::UnavailableError("farm.db: is not there");
  const HttpResponse answer = Get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(json::parse(answer.body)["error"], "farm.db: is not there");
  open_fails_ = absl::OkStatus();
  EXPECT_EQ(Json("/readyz")["ok"], true);
}

TEST_F(ApiTest, IsNotReadyBeforeItsConfigurationIsKnown) {
  api_->SetSettings(nullptr);
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/api/v1/status").status, 503);
}

TEST_F(ApiTest, GivesTheMetrics) {
  const HttpResponse answer = Get("/metrics");
  EXPECT_EQ(answer.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("retentiond_build_info"));
  EXPECT_EQ(opened_, 0);
}

TEST_F(ApiTest, GivesTheStatusAndTheRuns) {
  AddTwenty();
  MustRun();
  const json status = Json("/api/v1/status");
  EXPECT_EQ(status["state"], "idle");
  EXPECT_EQ(status["last_run"]["jobs_deleted"], 20);
  const json runs = Json("/api/v1/runs");
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["outcome"], "success");
  EXPECT_EQ(runs[0], status["last_run"]);
}

TEST_F(ApiTest, AsksTheDatabaseForItsStatusOnceASecond) {
  AddJob("young", slot().cutoff);
  for (int i = 0; i < 100; ++i) Get("/api/v1/status");
  EXPECT_EQ(opened_, 1);
  clock_.Advance(seconds(1));
  Get("/api/v1/status");
  EXPECT_EQ(opened_, 2);
}

TEST_F(ApiTest, GivesNoMoreAuditRecordsThanFitIntoAnAnswer) {
  Database database = database_.Open();
  const std::string facts = "{\"x\":\"" + std::string(1 << 20, 'x') + "\"}";
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(
        database.state->AppendAudit(std::nullopt, "large", facts, clock_.Now())
            .ok());
  }
  const std::string body = Get("/api/v1/audit").body;
  EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), 4);
}

TEST_F(ApiTest, GivesAsManyAuditRecordsAsAreAskedFor) {
  AddTwenty();
  MustRun();
  const HttpResponse all = Get("/api/v1/audit");
  EXPECT_EQ(all.type, "application/x-ndjson");
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(all.body), static_cast<long>(Audit().size()));
  const HttpResponse two =
      Get("/api/v1/audit", {{"from", "2"}, {"limit", "2"}});
  EXPECT_EQ(lines(two.body), 2);
  EXPECT_EQ(json::parse(two.body.substr(0, two.body.find('\n')))["seq"], 2);
  EXPECT_EQ(Get("/api/v1/audit", {{"from", "999999"}}).body, "");
}

TEST_F(ApiTest, RefusesWhatCannotBeChosen) {
  for (const char* value : {"0", "-1", "1001", "1.5", "x", "", "1x"}) {
    EXPECT_EQ(Get("/api/v1/runs", {{"limit", value}}).status, 400) << value;
    EXPECT_EQ(Get("/api/v1/audit", {{"limit", value}}).status, 400) << value;
  }
  EXPECT_THAT(Get("/api/v1/runs", {{"limit", "0"}}).body,
              HasSubstr("limit: expected a whole number from 1 to 1000"));
  EXPECT_EQ(Get("/api/v1/audit", {{"from", "0"}}).status, 400);
  EXPECT_EQ(Get("/api/v1/runs", {{"from", "1"}}).status, 400);
  EXPECT_EQ(Get("/api/v1/audit", {{"to", "1"}}).status, 400);
  EXPECT_EQ(Get("/api/v1/plan", {{"at", "now"}}).status, 400);
  EXPECT_EQ(Get("/metrics", {{"x", ""}}).status, 400);
  EXPECT_EQ(Get("/api/v1/runs", {{"limit", "1000"}}).status, 200);
}

TEST_F(ApiTest, GivesThePageWhatItNeedsOfABrowserAndNothingElse) {
  const HttpResponse page = Get("/");
  EXPECT_EQ(page.type, "text/html");
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_THAT(page.headers.at("Content-Security-Policy"),
              ::testing::StartsWith("default-src 'none'; script-src 'self'; "));
  EXPECT_EQ(Get("/page.js").body, "1");
  EXPECT_EQ(Get("/page.css").status, 404);
  EXPECT_EQ(Get("/", {{"x", "1"}}).status, 400);
  EXPECT_EQ(opened_, 0);
}

TEST_F(ApiTest, SaysThatItWasBuiltWithoutItsPage) {
  page_.clear();
  EXPECT_EQ(Get("/").status, 404);
  EXPECT_THAT(Get("/").body, HasSubstr("built without node"));
}

TEST_F(ApiTest, GivesTheEmbeddedPageWhereNoneIsNamed) {
  const Api api({.open = [this](const Settings&) { return OpenOrFail(); },
                 .clock = clock_,
                 .calls = calls_,
                 .build_date = build_date_,
                 .metrics = *metrics_,
                 .health = *health_,
                 .live = live_});
  ASSERT_EQ(EmbeddedPage().size(), 3U);
  EXPECT_EQ(EmbeddedPage()[0].path, "/");
  EXPECT_THAT(std::string(EmbeddedPage()[0].body),
              ::testing::StartsWith("<!doctype html>"));
}

TEST_F(ApiTest, GivesEventsWhileTheyAreOpen) {
  const HttpResponse stream = Get("/api/v1/events");
  EXPECT_EQ(stream.type, "text/event-stream; charset=utf-8");
  EXPECT_THAT(*stream.more(), HasSubstr("starting"));
  api_->CloseStreams();
  EXPECT_EQ(stream.more(), std::nullopt);
  api_->OpenStreams();
  EXPECT_NE(Get("/api/v1/events").more(), std::nullopt);
}

TEST_F(ApiTest, GivesTheNewestAuditRecords) {
  EXPECT_EQ(Get("/api/v1/audit", {{"last", "5"}}).body, "");
  AddTwenty();
  MustRun();
  const auto all = static_cast<std::int64_t>(Audit().size());
  const std::string one = Get("/api/v1/audit", {{"last", "1"}}).body;
  EXPECT_EQ(json::parse(one)["seq"], all);
  const std::string many = Get("/api/v1/audit", {{"last", "1000"}}).body;
  EXPECT_EQ(std::count(many.begin(), many.end(), '\n'), all);
  EXPECT_EQ(Get("/api/v1/audit", {{"last", "0"}}).status, 400);
  EXPECT_EQ(Get("/api/v1/audit", {{"last", "5"}, {"from", "1"}}).status, 400);
}

TEST_F(ApiTest, GivesTheVerdictOnTheAudit) {
  AddTwenty();
  MustRun();
  const json verdict = Json("/api/v1/audit/verify");
  EXPECT_EQ(verdict["ok"], true);
  EXPECT_EQ(verdict["records"], Audit().size());
  opened_ = 0;
  Json("/api/v1/audit/verify");
  EXPECT_EQ(opened_, 0);
}

TEST_F(ApiTest, TellsHowLargeTheDatabaseWas) {
  EXPECT_EQ(Json("/api/v1/sizes"), json::array());
  AddTwenty();
  MustRun();
  clock_.Advance(minutes(1));
  const json sizes = Json("/api/v1/sizes");
  ASSERT_EQ(sizes.size(), 1U);
  EXPECT_EQ(sizes[0]["slot"], "2040-03-16");
  const json now = Json("/api/v1/status")["database"];
  EXPECT_EQ(sizes[0]["size_bytes"], now["size_bytes"]);
  EXPECT_EQ(sizes[0]["reclaimable_bytes"], now["reclaimable_bytes"]);
}

TEST_F(ApiTest, NamesTheHeldJobsInThePlan) {
  AddJob("long", slot().cutoff - minutes(1), "RENDERING");
  const json held = Json("/api/v1/plan")["held_jobs"];
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0]["id"], "long");
  EXPECT_EQ(held[0]["state"], "RENDERING");
  EXPECT_EQ(held[0]["created"], FormatInstant(slot().cutoff - minutes(1)));
}

TEST_F(ApiTest, KnowsNoOtherPage) {
  for (const char* path :
       {"/etc/passwd", "/../etc/passwd", "/metrics/", "//metrics", "", "*",
        "/api/v1/../v1/status", "/api/v1/run", "/METRICS", "/metrics%00"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(ApiTest, GivesThePlanWithoutChangingAnything) {
  AddTwenty();
  const std::vector<std::string> before = Remaining();
  const json plan = Json("/api/v1/plan");
  EXPECT_EQ(plan["jobs"]["to_delete"], 20);
  EXPECT_EQ(plan["files"]["job_directories"], 20);
  EXPECT_EQ(Remaining(), before);
  EXPECT_EQ(database_.Ids().size(), 21U);
  EXPECT_EQ(opened_, 1);
  Get("/api/v1/plan");
  EXPECT_EQ(opened_, 1);
}

TEST_F(ApiTest, GivesTheFindings) {
  AddTwenty();
  const json checks = Json("/api/v1/checks");
  EXPECT_TRUE(checks.contains("ok"));
  EXPECT_TRUE(checks["findings"].is_array());
}

TEST_F(ApiTest, TakesNoLookAtEveryJobDuringARun) {
  AddTwenty();
  api_->SetRunning(true);
  for (const char* path : {"/api/v1/plan", "/api/v1/checks",
                           "/api/v1/audit/verify", "/api/v1/sizes"}) {
    const HttpResponse answer = Get(path);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("Retry-After"), "60");
  }
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(Get("/api/v1/status").status, 200);
  api_->SetRunning(false);
  EXPECT_EQ(Get("/api/v1/plan").status, 200);
}

TEST_F(ApiTest, EndsALookWhenARunBegins) {
  AddTwenty();
  at_open_ = [this] { api_->SetRunning(true); };
  EXPECT_THAT(Get("/api/v1/plan").body, HasSubstr("was ended"));
  api_->SetRunning(false);
  EXPECT_EQ(Get("/api/v1/checks").status, 503);
  api_->SetRunning(false);
  database_.Open()
      .state->AppendAudit(std::nullopt, "e", "{}", {})
      .IgnoreError();
  EXPECT_THAT(Get("/api/v1/audit/verify").body, HasSubstr("was ended"));
}

TEST_F(ApiTest, EndsALookWhenTheDaemonEnds) {
  AddTwenty();
  api_->Stop();
  EXPECT_EQ(Get("/api/v1/plan").status, 503);
}

TEST_F(ApiTest, SaysWhatIsWrongWithTheDatabase) {
  open_fails_ = absl::DataLossError("farm.db: is malformed");
  const HttpResponse answer = Get("/api/v1/runs");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("is malformed"));
  open_fails_ = absl::UnavailableError("away");
  EXPECT_EQ(Get("/api/v1/runs").headers.at("Retry-After"), "10");
  EXPECT_EQ(Get("/api/v1/audit").status, 503);
}

TEST_F(ApiTest, PassesOnWhatTheServiceManagerIsTold) {
  health_->Ready();
  health_->Status("waiting");
  health_->Reloading();
  health_->Stopping();
  EXPECT_THAT(service_.said,
              ::testing::ElementsAre("ready", "reloading", "stopping"));
  EXPECT_THAT(service_.status, ::testing::ElementsAre("waiting"));
}

}  // namespace
}  // namespace retentiond
