#include "observe/live_feed.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "policy/clock_guard.h"

namespace retentiond {
namespace {

constexpr char kEventStream[] = "text/event-stream; charset=utf-8";
// A line that a reader passes over.
constexpr char kHeartbeat[] = ":\n\n";
// How soon a browser asks again after the stream has ended.
constexpr char kRetry[] = "retry: 2000\n\n";

std::int64_t RowsOf(const RunRecord& run) {
  std::int64_t rows = 0;
  for (const auto& [table, count] : run.rows_deleted) rows += count;
  return rows;
}

}  // namespace

// One stream. It counts for as long as it is there.
struct LiveFeed::Reader {
  explicit Reader(LiveFeed& from) : feed(from) {}
  ~Reader() {
    const std::lock_guard lock(feed.mutex_);
    --feed.streams_;
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  LiveFeed& feed;
  std::int64_t seen = 0;  // version
};

HttpResponse LiveFeed::Follow() {
  {
    const std::lock_guard lock(mutex_);
    if (streams_ == kMostStreams) {
      return TryLaterResponse(
          503, "as many pages are open as can be told what is going on", 10);
    }
    ++streams_;
  }
  const auto reader = std::make_shared<Reader>(*this);
  return {.type = kEventStream, .body = kRetry, .more = [this, reader] {
            return Next(*reader);
          }};
}

std::optional<std::string> LiveFeed::Next(Reader& reader) {
  std::unique_lock lock(mutex_);
  const auto is_closed = [this] { return closed_; };
  // What comes within the gap after an event waits for its end.
  if (reader.seen != 0) changed_.wait_for(lock, pacing_.gap, is_closed);
  changed_.wait_for(lock, pacing_.heartbeat,
                    [&] { return closed_ || version_ != reader.seen; });
  if (closed_) return std::nullopt;
  if (version_ == reader.seen) return kHeartbeat;
  reader.seen = version_;
  return "data: " + text_ + "\n\n";
}

void LiveFeed::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void LiveFeed::Open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
}

std::string LiveFeed::JsonOf(const Moment& moment) {
  using Json = nlohmann::ordered_json;
  Json progress = nullptr;
  if (moment.state == "running") {
    const RunRecord& run = moment.run;
    progress = {{"slot", FormatDate(run.slot)},
                {"started", FormatInstant(run.started)},
                {"phase", run.phase},
                {"pace", run.pace},
                {"pause_ms", moment.pause_ms},
                {"jobs_deleted", run.jobs_deleted},
                {"expired", run.expired},
                {"rows_deleted", RowsOf(run)},
                {"files_deleted", run.files_deleted},
                {"bytes_freed", run.bytes_freed}};
  }
  return Json{{"state", moment.state},
              {"reason", moment.reason},
              {"progress", progress}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename Change>
void LiveFeed::Set(const Change& change) {
  const std::lock_guard lock(mutex_);
  change(moment_);
  std::string text = JsonOf(moment_);
  if (text == text_) return;
  text_ = std::move(text);
  ++version_;
  changed_.notify_all();
}

void LiveFeed::Idle(const std::string& state, const std::string& reason) {
  Set([&](Moment& moment) { moment = {.state = state, .reason = reason}; });
}

void LiveFeed::OnWait(Instant) { Idle("idle", ""); }
void LiveFeed::OnRunEnd(const RunRecord&) { Idle("idle", ""); }

void LiveFeed::OnStandby(const std::string& leader) {
  Idle("standby", leader + " leads");
}

void LiveFeed::OnBlocked(const RunRecord& run) {
  Idle("blocked", run.blocked.empty() ? "" : SentenceOf(run.blocked.front()));
}

void LiveFeed::OnRunBegin(const RunRecord& run) { OnPhase(run); }

void LiveFeed::OnPhase(const RunRecord& run) {
  Set([&](Moment& moment) {
    const std::string pace = moment.run.pace;
    moment = {.state = "running", .run = run};
    moment.run.pace = pace;
  });
}

void LiveFeed::OnSurvey(const RunRecord& run, const SurveyTotals&) {
  OnPhase(run);
}

void LiveFeed::OnBatch(const RunRecord& run, const Batch&,
                       const Governor& governor) {
  Set([&](Moment& moment) {
    moment = {.state = "running", .run = run};
    moment.run.pace = governor.reason();
  });
}

void LiveFeed::OnPause(const Governor& governor) {
  Set([&](Moment& moment) {
    moment.run.pace = governor.reason();
    moment.pause_ms =
        std::chrono::floor<std::chrono::milliseconds>(governor.pause()).count();
  });
}

void LiveFeed::OnFiles(const RunRecord& run, const FilesOutcome&) {
  OnPhase(run);
}

}  // namespace retentiond
