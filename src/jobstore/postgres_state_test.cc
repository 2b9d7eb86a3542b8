#include "jobstore/postgres_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "testing/jobstore/postgres_cluster.h"

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
