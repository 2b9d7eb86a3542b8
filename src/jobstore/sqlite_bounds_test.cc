// What a batch may cost, in counts that are the same on every machine:
// statements, steps of SQLite's virtual machine, pages, the log's length.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <utility>

#include "testing/jobstore/sqlite_job_store_fixture.h"

namespace retentiond {
namespace {

// Counts what every connection does that is opened while it lives. Threads:
// one.
class WorkCounter {
 public:
  struct Work {
    std::int64_t statements = 0;
    std::int64_t steps = 0;       // of the virtual machine
    std::int64_t scan_steps = 0;  // of scans through a table or an index
  };

  WorkCounter() {
    current_ = this;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&Watch));
  }
  WorkCounter(const WorkCounter&) = delete;
  WorkCounter& operator=(const WorkCounter&) = delete;
  ~WorkCounter() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&Watch));
    current_ = nullptr;
  }

  // Since it was asked the last time.
  Work Take() { return std::exchange(work_, {}); }

 private:
  static int Watch(sqlite3* db, char** /*error*/, const void* /*calls*/) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, &Count, nullptr);
  }
  static int Count(unsigned /*event*/, void* /*context*/, void* statement,
                   void* /*nanoseconds*/) {
    if (current_ == nullptr) return 0;
    const auto of = [statement](int counter) {
      return sqlite3_stmt_status(static_cast<sqlite3_stmt*>(statement), counter,
                                 /*resetFlg=*/1);
    };
    ++current_->work_.statements;
    current_->work_.steps += of(SQLITE_STMTSTATUS_VM_STEP);
    current_->work_.scan_steps += of(SQLITE_STMTSTATUS_FULLSCAN_STEP);
    return 0;
  }

  static inline WorkCounter* current_ = nullptr;
  Work work_;
};

class SqliteBoundsTest : public SqliteJobStoreTest {
 protected:
  static constexpr std::int64_t kLogs = 10;
  static constexpr std::int64_t kJobs = 50;  // of a batch
  static constexpr std::int64_t kRows = kJobs * (1 + kLogs);
  static constexpr std::int64_t kFrameBytes =
      4096 + 24;  // of a page in the log

  void SetUp() override {
    farm_.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    MakeJobs();
    farm_.Execute(
        "CREATE TABLE Log(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job ON "
        "DELETE CASCADE, line TEXT);"
        "CREATE INDEX Log_job ON Log(job);"
        "CREATE INDEX Job_created ON Job(createdAt);");
  }

  // Expired jobs with random ids and ten log rows each, as a render manager
  // keeps them.
  void AddJobs(int first, int last) {
    farm_.Execute(fmt::format(
        R"sql(
        WITH RECURSIVE n(i) AS (
          SELECT {} UNION ALL SELECT i + 1 FROM n WHERE i < {})
        INSERT INTO Job(id, status, createdAt)
          SELECT printf('%08x', (i * 2654435761) % 4294967296), 'COMPLETED',
                 1767225600 + i FROM n;
        WITH RECURSIVE n(i) AS (
          SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
        INSERT INTO Log(job, line)
          SELECT Job.id, printf('%.*c', 60, 'x') FROM Job, n
          WHERE Job.createdAt >= 1767225600 + {} ORDER BY createdAt;
        PRAGMA wal_checkpoint(TRUNCATE);
        ANALYZE)sql",
        first, last, kLogs, first));
  }

  // Batches until their size has settled, which is after a few.
  void Settle() {
    OpenStore();
    Survey();
    for (int i = 0; i < 4; ++i) Delete(kRows);
  }
  // What the next batch costs, which is of kJobs.
  WorkCounter::Work WorkOfABatch() {
    WorkCounter counter;
    Settle();
    counter.Take();
    EXPECT_EQ(Delete(kRows).jobs.size(), kJobs);
    return counter.Take();
  }

  std::int64_t LogPages() const {
    return static_cast<std::int64_t>(
               std::filesystem::file_size(farm_.path().string() + "-wal")) /
           kFrameBytes;
  }
};

TEST_F(SqliteBoundsTest, ABatchTakesAFewStatementsForAJobAndScansNothing) {
  AddJobs(1, 500);
  const WorkCounter::Work work = WorkOfABatch();
  EXPECT_GE(work.statements, kJobs);  // it is counted at all
  EXPECT_LE(work.statements, 4 * kJobs);
  EXPECT_LE(work.steps, 40 * kRows);
  EXPECT_EQ(work.scan_steps, 0);
}

TEST_F(SqliteBoundsTest, ABatchCostsTheSameInADatabaseTenTimesAsLarge) {
  AddJobs(1, 500);
  const WorkCounter::Work small = WorkOfABatch();
  AddJobs(501, 5000);
  const WorkCounter::Work large = WorkOfABatch();
  EXPECT_LE(large.statements, small.statements + 2);
  EXPECT_LE(large.steps, small.steps + small.steps / 20);
  EXPECT_EQ(large.scan_steps, 0);
}

TEST_F(SqliteBoundsTest, ABatchWritesFewPages) {
  AddJobs(1, 5000);
  Settle();
  const std::int64_t before = LogPages();
  EXPECT_EQ(Delete(kRows).jobs.size(), kJobs);
  // Two for each job with a random id, and those that lie beside each other.
  EXPECT_GT(LogPages(), before);
  EXPECT_LE(LogPages() - before, 120);
}

TEST_F(SqliteBoundsTest, KeepsItsLogShort) {
  AddJobs(1, 8000);
  OpenStore();
  const auto result = CleanUp(*store_, kRows);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->jobs.size(), 8000U);
  // It is moved when it has 1000 pages, after the batch that made it so long.
  EXPECT_GT(LogPages(), 1000);
  EXPECT_LE(LogPages(), 1300);
}

TEST_F(SqliteBoundsTest, SaysHowMuchOfTheLogAReaderKeeps) {
  AddJobs(1, 3000);
  OpenStore();
  Survey();
  farm_.Execute("BEGIN; SELECT count(*) FROM Job");
  const auto kept_pages = [this] {
    const absl::StatusOr<FarmLoad> load = store_->Load();
    EXPECT_TRUE(load.ok()) << load.status();
    return load.ok() ? load->kept_log_bytes / 4096 : -1;
  };
  const std::int64_t before = kept_pages();  // the state's own, not moved yet
  while (!Delete(kRows).finished) {
  }
  EXPECT_LT(before, 100);
  EXPECT_GT(kept_pages(), 1000);
  EXPECT_LE(kept_pages(), LogPages());
  farm_.Execute("COMMIT");
  EXPECT_EQ(kept_pages(), 0);
}

}  // namespace
}  // namespace retentiond
