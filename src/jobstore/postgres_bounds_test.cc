// What batches may read, in counts that are the same on every machine.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

constexpr std::chrono::seconds kPatience{60};

class PostgresBoundsTest : public PostgresJobStoreTest {
 protected:
  static constexpr std::int64_t kLogs = 10;
  static constexpr std::int64_t kRowLimit = 550;  // 50 jobs, at the most

  // Jobs with random ids, and log rows in the order of their creation.
  void MakeFarm(int jobs) {
    MakeJobs();
    farm_.Execute(fmt::format(
        R"sql(
        CREATE TABLE "Log"(id bigserial PRIMARY KEY, job text NOT NULL
          REFERENCES "Job" ON DELETE CASCADE, line text);
        INSERT INTO "Job" SELECT md5(n::text), 'COMPLETED',
          timestamptz '2026-01-01Z' + n * interval '1 s'
          FROM generate_series(1, {}) n;
        INSERT INTO "Log"(job, line) SELECT id, repeat('x', 60)
          FROM "Job", generate_series(1, {}) ORDER BY "createdAt";
        CREATE INDEX ON "Log"(job);
        CREATE INDEX ON "Job"("createdAt");
        ANALYZE)sql",
        jobs, kLogs));
  }

  // A connection tells what it did when it ends.
  void CloseStore() {
    store_.reset();
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (farm_.Int("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                     "current_database()") > 1 &&
           std::chrono::steady_clock::now() < give_up) {
    }
  }
  std::int64_t Count(const std::string& what, const std::string& table) {
    return farm_.Int(
        fmt::format("SELECT {} FROM pg_stat_user_tables WHERE relname = '{}'",
                    what, table));
  }
};

// By its default costs the server would read a table of this size from end to
// end in every batch.
TEST_F(PostgresBoundsTest, BatchesReadByIndexOnly) {
  MakeFarm(5000);
  // What the farm itself read is not ours.
  farm_.Execute("SELECT pg_stat_force_next_flush()");
  const std::int64_t scans = Count("seq_scan", "Log");
  const std::int64_t read = Count("seq_tup_read", "Job");
  OpenStore();
  EXPECT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  std::int64_t jobs = 0;
  for (int i = 0; i < 10; ++i) {
    const auto batch = store_->DeleteBatch(TestBatch(kRowLimit), RecordNothing);
    ASSERT_TRUE(batch.ok()) << batch.status();
    jobs += static_cast<std::int64_t>(batch->jobs.size());
  }
  EXPECT_GT(jobs, 100);
  CloseStore();
  EXPECT_EQ(Count("seq_scan", "Log"), scans);
  // Once for the survey, perhaps.
  EXPECT_LE(Count("seq_tup_read", "Job") - read, 5000);
  // Counted, deleted, and asked by the foreign key.
  EXPECT_GE(Count("idx_scan", "Log"), jobs);  // it has told
  EXPECT_LE(Count("idx_scan", "Log"), 4 * jobs);
  EXPECT_LE(Count("idx_tup_fetch", "Log"), 3 * kLogs * jobs);
}

}  // namespace
}  // namespace retentiond
