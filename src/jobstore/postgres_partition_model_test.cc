// Random farms, each once partitioned by day and once not: a night leaves the
// same rows in both, holds the same jobs and writes the same counts. The cutoff
// is 2026-03-09T03:00:00Z.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/postgres_farm.h"

namespace retentiond {
namespace {

constexpr int kFarms = 24;
constexpr int kDays = 10;

class RandomFarm {
 public:
  explicit RandomFarm(unsigned seed) : random_(seed) {
    with_art_ = Pick(2) == 0;
    with_trace_ = Pick(2) == 0;
    trace_action_ = std::vector<const char*>{"CASCADE", "SET NULL", "NO ACTION",
                                             "RESTRICT"}[Pick(4)];
    // Partitions that a dependent lacks; its rows lie in the default one.
    for (int day = 1; day <= kDays; ++day) {
      log_lacks_.push_back(Pick(8) == 0);
      art_lacks_.push_back(Pick(8) == 0);
    }
    rows_ = Rows();
  }

  std::string Sql(bool partitioned) const {
    std::string sql =
        "CREATE TABLE \"Job\"(id text, status text, \"createdAt\" timestamptz, "
        "PRIMARY KEY (id, \"createdAt\"))" +
        By("\"createdAt\"", partitioned) +
        "CREATE TABLE log(job text, at timestamptz, line int, UNIQUE (job, at, "
        "line), FOREIGN KEY (job, at) REFERENCES \"Job\" ON DELETE CASCADE)" +
        By("at", partitioned) +
        "CREATE TABLE art(job text, at timestamptz, line int, part int, "
        "FOREIGN KEY (job, at, line) REFERENCES log(job, at, line) ON DELETE "
        "CASCADE)" +
        By("at", partitioned) + "CREATE INDEX ON art(job, at, line);";
    sql += fmt::format(
        "CREATE TABLE trace(n int PRIMARY KEY, job text, at timestamptz, "
        "FOREIGN KEY (job, "
        "at) REFERENCES \"Job\" ON DELETE {});",
        trace_action_);
    if (partitioned) sql += Partitions();
    return sql + rows_;
  }

 private:
  std::size_t Pick(unsigned bound) { return random_() % bound; }

  static std::string By(const char* column, bool partitioned) {
    return partitioned ? fmt::format(" PARTITION BY RANGE ({});", column) : ";";
  }

  std::string Partitions() const {
    std::string sql;
    for (int day = 1; day <= kDays; ++day) {
      for (const char* table : {"Job", "log", "art"}) {
        const auto index = static_cast<std::size_t>(day - 1);
        if (table == std::string("log") && log_lacks_[index]) continue;
        if (table == std::string("art") && art_lacks_[index]) continue;
        sql += fmt::format(
            "CREATE TABLE \"{0}_{1}\" PARTITION OF \"{0}\" FOR VALUES FROM "
            "('2026-03-{1:02}Z') TO ('2026-03-{2:02}Z');",
            table, day, day + 1);
      }
    }
    return sql +
           "CREATE TABLE log_rest PARTITION OF log DEFAULT;"
           "CREATE TABLE art_rest PARTITION OF art DEFAULT;";
  }

  std::string Rows() {
    std::string sql;
    for (int day = 1; day <= kDays; ++day) {
      const std::size_t jobs = Pick(4);
      for (std::size_t job = 0; job < jobs; ++job) {
        sql += RowsOf(fmt::format("d{}j{}", day, job),
                      fmt::format("2026-03-{:02} {:02}:00Z", day, Pick(24)));
      }
      if (Pick(8) == 0) {
        sql += fmt::format(
            "INSERT INTO log VALUES (NULL, '2026-03-{:02} 01:00Z', 1);", day);
      }
    }
    return sql;
  }

  std::string RowsOf(const std::string& id, const std::string& created) {
    std::string sql =
        fmt::format("INSERT INTO \"Job\" VALUES ('{}', '{}', '{}');", id,
                    Pick(16) == 0 ? "RENDERING" : "FAILED", created);
    const std::size_t lines = Pick(3);
    for (std::size_t line = 0; line < lines; ++line) {
      sql += fmt::format("INSERT INTO log VALUES ('{}', '{}', {});", id,
                         created, line);
      if (!with_art_ || Pick(2) == 0) continue;
      sql += fmt::format("INSERT INTO art VALUES ('{}', '{}', {}, 0);", id,
                         created, line);
    }
    if (with_trace_ && Pick(8) == 0) {
      sql += fmt::format("INSERT INTO trace VALUES ({}, '{}', '{}');",
                         ++traces_, id, created);
    }
    return sql;
  }

  std::mt19937 random_;
  bool with_art_ = false;
  bool with_trace_ = false;
  std::string trace_action_;
  int traces_ = 0;
  std::vector<bool> log_lacks_;
  std::vector<bool> art_lacks_;
  std::string rows_;
};

// What is left and what was written down, each as one text.
std::vector<std::string> Outcome(PostgresFarm& farm) {
  return {
      farm.Text("SELECT j FROM \"Job\" j ORDER BY 1"),
      farm.Text("SELECT l FROM log l ORDER BY 1"),
      farm.Text("SELECT a FROM art a ORDER BY 1"),
      farm.Text("SELECT t FROM trace t ORDER BY 1"),
      farm.Text("SELECT jobs_deleted FROM retentiond.run"),
      farm.Text("SELECT convert_from(table_name, 'UTF8') || rows FROM "
                "retentiond.run_table ORDER BY 1"),
      farm.Text("SELECT j || ':' || count(*) FROM retentiond.audit, "
                "jsonb_array_elements_text(convert_from(facts, 'UTF8')::jsonb"
                "->'jobs') AS j WHERE event = 'batch' GROUP BY j ORDER BY j"),
      farm.Text("SELECT key || sum(value::int) FROM retentiond.audit, "
                "jsonb_each_text(convert_from(facts, 'UTF8')::jsonb->'rows') "
                "WHERE event IN ('batch', 'part') GROUP BY key ORDER BY key")};
}

TEST(PostgresPartitionModelTest, LeavesTheSameRowsWithPartitionsAndWithout) {
  int dropped = 0;
  int kept = 0;
  for (unsigned seed = 0; seed < kFarms; ++seed) {
    SCOPED_TRACE(seed);
    const RandomFarm random(seed);
    PostgresFarm partitioned;
    partitioned.Execute(random.Sql(/*partitioned=*/true));
    PostgresFarm flat;
    flat.Execute(random.Sql(/*partitioned=*/false));
    partitioned.OutliveOthers();
    std::vector<CleanupResult> results;
    for (PostgresFarm* farm : {&partitioned, &flat}) {
      auto store = farm->Open();
      ASSERT_TRUE(store.ok()) << store.status();
      const auto result = CleanUp(**store, 1 + seed % 20);
      ASSERT_TRUE(result.ok()) << result.status();
      results.push_back(*result);
    }
    EXPECT_EQ(results[0].rows, results[1].rows);
    EXPECT_EQ(results[0].held, results[1].held);
    EXPECT_EQ(Outcome(partitioned), Outcome(flat));
    const std::int64_t left = partitioned.Int(
        "SELECT count(*) FROM pg_class WHERE relname ~ '^Job_\\d+$'");
    dropped += kDays - static_cast<int>(left);
    kept += static_cast<int>(left) - 2;  // the cutoff's day, and one after it
  }
  // Of both kinds there were enough to compare.
  EXPECT_GT(dropped, kFarms);
  EXPECT_GT(kept, kFarms);
}

}  // namespace
}  // namespace retentiond
