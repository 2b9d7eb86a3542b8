// An SQLite job store over a farm in a scratch directory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobstore/sqlite_job_store.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {

inline Belongings RecordNothing(const std::vector<Job>&) { return {}; }

class SqliteJobStoreTest : public testing::Test {
 protected:
  void MakeJobs(const std::string& options = "") {
    farm_.Execute(
        "CREATE TABLE Job(id TEXT PRIMARY KEY, status TEXT, createdAt, "
        "outputPath TEXT, nexrenderConfig JSON)" +
        options);
  }

  void AddJob(const std::string& id, const std::string& created,
              const std::string& state = "COMPLETED") {
    farm_.Execute("INSERT INTO Job(id, status, createdAt) VALUES('" + id +
                  "', '" + state + "', " + created + ")");
  }

  // `count` expired jobs, the oldest first: j00001, j00002, ...
  void AddExpired(int count) {
    farm_.Execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < " +
        std::to_string(count) +
        ") INSERT INTO Job(id, status, "
        "createdAt) SELECT printf('j%05d', i), 'COMPLETED', 1767225600 + i "
        "FROM n");
  }

  void OpenStore(OpenMode mode = OpenMode::kReadWrite) {
    auto store = farm_.Open(mode);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  SurveyTotals Survey(const JobVisitor& visit = nullptr) {
    const auto totals = store_->Survey(TestSurvey(), visit);
    EXPECT_TRUE(totals.ok()) << totals.status();
    return *totals;
  }

  Batch Delete(std::int64_t row_limit = 500, DryRun dry_run = DryRun::kNo) {
    auto batch =
        store_->DeleteBatch(TestBatch(row_limit, dry_run), RecordNothing);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }

  std::string OpenError() {
    const auto store = farm_.Open();
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument);
    return MessageOf(store.status());
  }

  SqliteFarm farm_;
  std::unique_ptr<SqliteJobStore> store_;
};

}  // namespace retentiond
