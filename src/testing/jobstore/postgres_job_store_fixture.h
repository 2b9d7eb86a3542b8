// A PostgreSQL job store over a farm in a scratch database.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/postgres_farm.h"

namespace retentiond {

inline Belongings RecordNothing(const std::vector<Job>&) { return {}; }

class PostgresJobStoreTest : public testing::Test {
 protected:
  void MakeJobs(const std::string& created = "timestamptz") {
    farm_.Execute(
        "CREATE TABLE \"Job\"(id text PRIMARY KEY, status text, "
        "\"createdAt\" " +
        created + ")");
  }
  void Add(const std::string& id, const std::string& created,
           const std::string& state = "COMPLETED") {
    farm_.Execute(fmt::format("INSERT INTO \"Job\" VALUES({}, {}, {})",
                              QuotePostgresText(id), QuotePostgresText(state),
                              created));
  }
  void AddExpired(int count) {
    for (int i = 1; i <= count; ++i) {
      Add(fmt::format("j{}", i), fmt::format("'2026-01-0{}Z'", i));
    }
  }
  void OpenStore(OpenMode mode = OpenMode::kReadWrite) {
    auto store = farm_.Open(mode);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  CleanupResult Clean(std::int64_t row_limit = 500,
                      DryRun dry_run = DryRun::kNo) {
    const auto result = CleanUp(*store_, row_limit, dry_run);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(CleanupResult());
  }
  std::map<std::string, JobClass> Classes() {
    OpenStore(OpenMode::kReadOnly);
    std::map<std::string, JobClass> classes;
    EXPECT_TRUE(store_
                    ->Survey(TestSurvey(),
                             [&](const Job& job) {
                               classes[job.id.text] = job.job_class;
                               return absl::OkStatus();
                             })
                    .ok());
    return classes;
  }
  std::string OpenError() {
    const auto store = farm_.Open(OpenMode::kReadOnly);
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument)
        << store.status();
    return MessageOf(store.status());
  }
  std::map<std::string, std::string> Findings() {
    OpenStore(OpenMode::kReadOnly);
    const auto findings = store_->Check();
    EXPECT_TRUE(findings.ok()) << findings.status();
    std::map<std::string, std::string> fixes;
    if (!findings.ok()) return fixes;
    for (const Finding& finding : *findings) {
      fixes[finding.code] = finding.fix;
    }
    return fixes;
  }

  PostgresFarm farm_;
  std::unique_ptr<PostgresJobStore> store_;
};

}  // namespace retentiond
