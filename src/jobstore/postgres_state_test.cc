#include "jobstore/postgres_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "jobstore/postgres_store.h"
#include "testing/jobstore/postgres_cluster.h"
#include "testing/jobstore/postgres_farm.h"

namespace retentiond {
namespace {

TEST(PostgresStateTest, ReadsTheClockOfAServerThatIsNotElsewhere) {
  const ScratchPostgres database;
  for (const PostgresParameters& parameters :
       {database.parameters(), database.pooler_parameters()}) {
    const auto connection = PostgresConnection::Open(parameters);
    ASSERT_TRUE(connection.ok()) << connection.status();
    PostgresStateSql state(**connection, PostgresStateSql::Tables::kAbsent);
    const auto now = [] {
      return std::chrono::time_point_cast<Micros>(
          std::chrono::system_clock::now());
    };
    const Instant before = now();
    const auto clock = state.ReadServerClock();
    ASSERT_TRUE(clock.ok()) << clock.status();
    ASSERT_TRUE(clock->has_value());
    EXPECT_GE((*clock)->wall, before);
    EXPECT_LE((*clock)->wall, now());
    EXPECT_FALSE((*clock)->elsewhere);
  }
}

TEST(PostgresStateTest, BringsAnOlderStateUpToDate) {
  PostgresFarm farm;
  farm.Execute(
      "CREATE TABLE \"Job\"(id text PRIMARY KEY, status text, "
      "\"createdAt\" timestamptz)");
  const PostgresTarget target{.parameters = farm.parameters(), .schema = ""};
  const auto open = [&](OpenMode mode) {
    return OpenPostgres(target, farm.layout, mode);
  };
  ASSERT_TRUE(open(OpenMode::kReadWrite).ok());
  farm.Execute(
      "ALTER TABLE retentiond.run DROP COLUMN tables;"
      "DROP TABLE retentiond.alert; DROP TABLE retentiond.outbox;"
      "INSERT INTO retentiond.run(slot, slot_start_us, cutoff_us, started_us, "
      "late, timezone) VALUES ('2026-03-16', 0, 0, 0, 0, 'UTC');"
      "UPDATE retentiond.meta SET value = '2' WHERE key = 'schema_version'");
  EXPECT_EQ(open(OpenMode::kReadOnly).status().code(),
            absl::StatusCode::kFailedPrecondition);
  auto database = open(OpenMode::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  const std::vector<RunRecord> runs = *database->state->ListRuns(9);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_TRUE(runs[0].tables.empty());
  EXPECT_EQ(database->state->ViewOutbox()->pending, 0);
}

TEST(PostgresStateTest, SaysThatTheServerIsGone) {
  ScratchPostgres database;
  const auto connection = PostgresConnection::Open(database.parameters());
  ASSERT_TRUE(connection.ok()) << connection.status();
  PostgresStateSql state(**connection, PostgresStateSql::Tables::kAbsent);
  database.Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
      "datname = current_database() AND pid <> pg_backend_pid()");
  EXPECT_EQ(state.ReadServerClock().status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace retentiond
