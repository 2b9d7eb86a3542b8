#include "observe/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/verify.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "observe/size_report.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "report/findings.h"
#include "report/json_text.h"
#include "report/status_report.h"
#include "run/preview.h"
#include "run/schedule_keeper.h"

namespace retentiond {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Query = std::map<std::string, std::string>;

// The loop gives a sign of life every fifteen seconds at least, and every five
// while it works.
constexpr Micros kLongestSilence = minutes(2);
// For a turn at the database, where each answer takes milliseconds.
constexpr Micros kPatience = seconds(5);
constexpr Micros kReadyFresh = seconds(5);
constexpr Micros kStatusFresh = seconds(1);
// A look at every job and file is not worth more than one a minute, nor more
// than a minute; it takes seconds where there are a hundred thousand jobs.
constexpr Micros kLookFresh = minutes(1);
constexpr Micros kLongestLook = minutes(1);

constexpr std::int64_t kMostRuns = 1'000;
constexpr std::int64_t kRuns = 14;  // as `runs`
constexpr std::int64_t kMostRecords = 1'000;
constexpr std::int64_t kRecords = 100;
constexpr std::size_t kMostSizes = 400;  // as the audit's days
// A batch's record holds the id of each of its jobs.
constexpr std::size_t kMostAuditBytes = 4 * 1024 * 1024;

constexpr char kJsonLines[] = "application/x-ndjson";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";

int StatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

HttpResponse ResponseOf(const absl::StatusOr<std::string>& text) {
  if (text.ok()) return {.body = *text + "\n"};
  const int status = StatusOf(text.status());
  if (status == 500) return ErrorResponse(status, MessageOf(text.status()));
  return TryLaterResponse(status, MessageOf(text.status()), 10);
}

// A whole number of `query`, from 1 to `most`; none: it is no such number.
std::optional<std::int64_t> NumberOf(const Query& query, const char* name,
                                     std::int64_t most,
                                     std::int64_t otherwise) {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  const std::string& text = found->second;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < 1 || number > most) {
    return std::nullopt;
  }
  return number;
}

HttpResponse NumberExpected(const char* name, std::int64_t most) {
  return ErrorResponse(
      400, fmt::format("{}: expected a whole number from 1 to {}", name, most));
}

HttpResponse NoSuchChoice() {
  return ErrorResponse(400, "an argument that this path does not have");
}

bool KnowsOnly(const Query& query, const std::vector<std::string>& names) {
  for (const auto& [name, value] : query) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return false;
    }
  }
  return true;
}

}  // namespace

Api::Api(Parts parts)
    : parts_(std::move(parts)),
      ready_(database_turn_, parts_.clock, kPatience, kReadyFresh),
      status_(database_turn_, parts_.clock, kPatience, kStatusFresh),
      unkept_(database_turn_, parts_.clock, kPatience, Micros(0)),
      plan_(look_turn_, parts_.clock, kPatience, kLookFresh),
      checks_(look_turn_, parts_.clock, kPatience, kLookFresh),
      audit_verdict_(look_turn_, parts_.clock, kPatience, kLookFresh),
      sizes_(look_turn_, parts_.clock, kPatience, kLookFresh) {}

void Api::SetSettings(SharedSettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

HttpResponse Api::Answer(const HttpRequest& request) {
  const std::string& path = request.path;
  const Query& query = request.query;
  if (path == "/api/v1/runs") return Runs(query);
  if (path == "/api/v1/audit") return Audit(query);
  if (!KnowsOnly(query, {})) return NoSuchChoice();
  if (path == "/healthz") return Health();
  if (path == "/readyz") return Ready();
  if (path == "/metrics") return MetricsText();
  if (path == "/api/v1/status") return Status();
  if (path == "/api/v1/plan") return Plan();
  if (path == "/api/v1/checks") return Checks();
  if (path == "/api/v1/audit/verify") return AuditVerdict();
  if (path == "/api/v1/sizes") return Sizes();
  if (path == "/api/v1/events") return parts_.live.Follow();
  return PageOrNothing(path);
}

HttpResponse Api::PageOrNothing(const std::string& path) const {
  for (const PageFile& file : parts_.page) {
    if (file.path == path) return PageResponse(file);
  }
  if (path == "/" && parts_.page.empty()) {
    return ErrorResponse(
        404,
        "this retentiond was built without node, and so without its page; ask "
        "/api/v1/status and the like");
  }
  return ErrorResponse(404, "there is no such page");
}

HttpResponse Api::Health() const {
  const Micros silent = parts_.clock.BootTime() - parts_.health.LastAlive();
  if (silent <= kLongestSilence) return {.body = "{\"ok\": true}\n"};
  return ErrorResponse(
      503, fmt::format("no sign of life for {} s",
                       std::chrono::duration_cast<seconds>(silent).count()));
}

HttpResponse Api::Ready() {
  return ready_.Get([this] {
    const absl::Status opened = Open().status();
    if (!opened.ok()) return TryLaterResponse(503, MessageOf(opened), 10);
    return HttpResponse{.body = "{\"ok\": true}\n"};
  });
}

HttpResponse Api::MetricsText() const {
  return {.type = kPrometheus, .body = parts_.metrics.Text()};
}

absl::StatusOr<Api::Opened> Api::Open() const {
  SharedSettings settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  if (settings == nullptr) return absl::UnavailableError("starting");
  ASSIGN_OR_RETURN(Database database, parts_.open(*settings));
  return Opened{std::move(settings), std::move(database)};
}

HttpResponse Api::Status() {
  return status_.Get([this] { return ResponseOf(StatusText()); });
}

absl::StatusOr<std::string> Api::StatusText() const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  const Instant now = parts_.clock.Now();
  ZoneFiles zones;
  ASSIGN_OR_RETURN(const Schedule schedule,
                   ScheduleInEffect(opened.settings->config.schedule, zones,
                                    *opened.database.state, now));
  ASSIGN_OR_RETURN(const StatusReport report,
                   MakeStatusReport(opened.database, schedule, now));
  return JsonOf(report);
}

HttpResponse Api::Runs(const Query& query) {
  const auto limit = NumberOf(query, "limit", kMostRuns, kRuns);
  if (!KnowsOnly(query, {"limit"})) return NoSuchChoice();
  if (!limit.has_value()) return NumberExpected("limit", kMostRuns);
  return unkept_.Get(
      [&] { return ResponseOf(RunsText(static_cast<int>(*limit))); });
}

absl::StatusOr<std::string> Api::RunsText(int limit) const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                   opened.database.state->ListRuns(limit));
  return JsonOf(runs);
}

HttpResponse Api::Audit(const Query& query) {
  constexpr std::int64_t kLastSeq = std::numeric_limits<std::int64_t>::max();
  const auto from = NumberOf(query, "from", kLastSeq, 1);
  const auto limit = NumberOf(query, "limit", kMostRecords, kRecords);
  const auto last = NumberOf(query, "last", kMostRecords, kRecords);
  const bool newest = query.count("last") > 0;
  if (newest ? !KnowsOnly(query, {"last"})
             : !KnowsOnly(query, {"from", "limit"})) {
    return NoSuchChoice();
  }
  if (!from.has_value()) return NumberExpected("from", kLastSeq);
  if (!limit.has_value()) return NumberExpected("limit", kMostRecords);
  if (!last.has_value()) return NumberExpected("last", kMostRecords);
  return unkept_.Get([&] {
    absl::StatusOr<std::string> text =
        newest ? NewestAuditText(static_cast<int>(*last))
               : AuditText(*from, static_cast<int>(*limit));
    if (!text.ok()) return ResponseOf(text);
    return HttpResponse{.type = kJsonLines, .body = *std::move(text)};
  });
}

absl::StatusOr<std::string> Api::AuditText(std::int64_t from, int limit) const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  std::string text;
  int left = limit;
  const absl::Status visited = opened.database.state->VisitAudit(
      AuditSeq(from), [&](const AuditRecord& record) {
        text += JsonOf(record) + "\n";
        --left;
        return left > 0 && text.size() < kMostAuditBytes
                   ? absl::OkStatus()
                   : absl::CancelledError("that is enough");
      });
  if (!visited.ok() && !absl::IsCancelled(visited)) return visited;
  return text;
}

absl::StatusOr<std::string> Api::NewestAuditText(int limit) const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  ASSIGN_OR_RETURN(const std::optional<AuditHead> head,
                   opened.database.state->Head());
  if (!head.has_value()) return std::string();
  const auto seq = static_cast<std::int64_t>(head->seq);
  return AuditText(std::max<std::int64_t>(seq - limit + 1, 1), limit);
}

bool Api::MayGoOn(Micros begun) const {
  return !stopped_ && !running_ &&
         parts_.clock.BootTime() - begun < kLongestLook;
}

HttpResponse Api::Look(
    KeptAnswer& kept,
    const std::function<absl::StatusOr<std::string>()>& make) {
  return kept.Get([&] {
    if (running_) {
      return TryLaterResponse(
          503, "a run is going on, which a look at every job would disturb",
          60);
    }
    const absl::StatusOr<std::string> text = make();
    if (!absl::IsCancelled(text.status())) return ResponseOf(text);
    return TryLaterResponse(
        503,
        "the look at everything was ended: a run began, or it took over a "
        "minute; the commands `plan`, `check` and `audit verify` take their "
        "time",
        60);
  });
}

HttpResponse Api::Plan() {
  return Look(plan_, [this] { return PlanText(); });
}

absl::StatusOr<std::string> Api::PlanText() const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  const Micros begun = parts_.clock.BootTime();
  const Instant now = parts_.clock.Now();
  const Config& config = opened.settings->config;
  ZoneFiles zones;
  ASSIGN_OR_RETURN(
      const Schedule schedule,
      ScheduleInEffect(config.schedule, zones, *opened.database.state, now));
  ASSIGN_OR_RETURN(
      const Preview preview,
      PreviewRun({.database = opened.database,
                  .config = config,
                  .naming = opened.settings->naming,
                  .clock = parts_.clock,
                  .calls = parts_.calls,
                  .build_date = parts_.build_date,
                  .stop_requested = [&] { return !MayGoOn(begun); }},
                 FirstSlotFrom(now, schedule)));
  return JsonOf(preview, config.schedule.timezone);
}

HttpResponse Api::Checks() {
  return Look(checks_, [this] { return ChecksText(); });
}

absl::StatusOr<std::string> Api::ChecksText() const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  const Micros begun = parts_.clock.BootTime();
  ASSIGN_OR_RETURN(
      const std::vector<Finding> findings,
      FindAll({.database = opened.database,
               .config = opened.settings->config,
               .naming = opened.settings->naming,
               .clock = parts_.clock,
               .calls = parts_.calls,
               .build_date = parts_.build_date,
               .stop_requested = [&] { return !MayGoOn(begun); }}));
  return JsonOf(findings, {}, IsOk(findings));
}

HttpResponse Api::AuditVerdict() {
  return Look(audit_verdict_, [this] { return AuditVerdictText(); });
}

absl::StatusOr<std::string> Api::AuditVerdictText() const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  const Micros begun = parts_.clock.BootTime();
  ChainVerifier verifier;
  RETURN_IF_ERROR(opened.database.state->VisitAudit(
      AuditSeq(1), [&](const AuditRecord& record) {
        verifier.Add(record);
        return MayGoOn(begun) ? absl::OkStatus()
                              : absl::CancelledError("asked to stop");
      }));
  return JsonOf(verifier.Finish());
}

HttpResponse Api::Sizes() {
  return Look(sizes_, [this] { return SizesText(); });
}

absl::StatusOr<std::string> Api::SizesText() const {
  ASSIGN_OR_RETURN(Opened opened, Open());
  const Micros begun = parts_.clock.BootTime();
  ASSIGN_OR_RETURN(const std::vector<SizeAtNight> sizes,
                   ListSizes(*opened.database.state, kMostSizes,
                             [&] { return MayGoOn(begun); }));
  return JsonOf(sizes);
}

}  // namespace retentiond
