// Random small databases of every mixture of references, cleaned by the store
// and by the model, with row locks and without.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/deletion_model.h"
#include "testing/jobstore/postgres_farm.h"

namespace retentiond {
namespace {

constexpr char kTables[5][6] = {"Job", "Frame", "Tile", "Log", "Other"};

class PostgresModelTest : public testing::TestWithParam<int> {
 protected:
  PostgresModelTest() : random_(static_cast<unsigned>(GetParam())) {
    MakeColumns();
    MakeRows();
  }

  int Pick(int bound) {
    return static_cast<int>(random_() % static_cast<unsigned>(bound));
  }

  void MakeColumns() {
    const std::vector<std::string> actions = {"CASCADE", "CASCADE", "SET NULL",
                                              "RESTRICT", "NO ACTION"};
    const std::vector<std::pair<std::string, std::string>> shape = {
        {"Job", "Job"},    {"Frame", "Job"}, {"Frame", "Tile"},
        {"Tile", "Frame"}, {"Tile", "Job"},  {"Log", "Job"},
        {"Log", "Frame"},  {"Other", "Job"}, {"Other", "Tile"},
        {"Job", "Frame"}};
    for (const auto& [table, parent] : shape) {
      if (Pick(3) == 0) continue;
      columns_.push_back({table, fmt::format("c{}", columns_.size()), parent,
                          actions[static_cast<std::size_t>(
                              Pick(static_cast<int>(actions.size())))]});
    }
  }

  // Rows first, references afterwards: they may form cycles.
  void MakeRows() {
    std::string sql;
    for (const char* table : kTables) {
      counts_[table] = 3 + Pick(10);
      sql += fmt::format("CREATE TABLE \"{}\"(id bigint PRIMARY KEY", table);
      if (std::string(table) == "Job") {
        sql += ", status text, \"createdAt\" bigint";
      }
      for (const ColumnOf& column : columns_) {
        if (column.table == table) sql += ", " + column.name + " bigint";
      }
      sql += ");";
    }
    for (const char* table : kTables) {
      for (int id = 1; id <= counts_[table]; ++id) sql += MakeRow({table, id});
    }
    for (const ColumnOf& column : columns_) {
      sql += fmt::format(
          "ALTER TABLE \"{}\" ADD FOREIGN KEY ({}) REFERENCES \"{}\" ON "
          "DELETE {}{};",
          column.table, column.name, column.parent, column.action,
          Pick(3) == 0 ? " DEFERRABLE" : "");
    }
    farm_.Execute(sql);
  }

  std::string MakeRow(const Row& row) {
    model_.rows.insert(row);
    std::string names = "id";
    std::string values = std::to_string(row.second);
    if (row.first == "Job") {
      const bool recent = Pick(5) == 0;
      const bool in_work = Pick(8) == 0;
      names += ", status, \"createdAt\"";
      values += fmt::format(", '{}', {}", in_work ? "RENDERING" : "FAILED",
                            recent ? 1773662400 : 1767225600 + Pick(100));
      if (!recent && !in_work) model_.expired.insert(row);
    }
    for (const ColumnOf& column : columns_) {
      if (column.table != row.first || Pick(2) == 0) continue;
      const Row parent = {column.parent, 1 + Pick(counts_[column.parent])};
      names += ", " + column.name;
      values += fmt::format(", {}", parent.second);
      model_.edges.push_back({row, parent, column.action});
    }
    return fmt::format("INSERT INTO \"{}\"({}) VALUES({});", row.first, names,
                       values);
  }

  std::set<Row> RowsThere() {
    std::set<Row> there;
    for (const Row& row : model_.rows) {
      if (farm_.Int(fmt::format("SELECT count(*) FROM \"{}\" WHERE id = {}",
                                row.first, row.second)) > 0) {
        there.insert(row);
      }
    }
    return there;
  }

  std::mt19937 random_;
  PostgresFarm farm_;
  std::vector<ColumnOf> columns_;
  std::map<std::string, int> counts_;
  DeletionModel model_;
};

TEST_P(PostgresModelTest, DeletesExactlyWhatTheModelDeletes) {
  const std::set<Row> deleted = model_.Deleted();
  std::map<std::string, std::int64_t> counts;
  std::size_t jobs = 0;
  for (const Row& row : deleted) {
    ++counts[row.first];
    if (row.first == "Job") ++jobs;
  }
  farm_.locks = GetParam() % 4 == 0 ? RowLocks::kNone : RowLocks::kTaken;
  auto store = farm_.Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const std::int64_t row_limit = GetParam() % 3 == 0 ? 1 : 1 + Pick(30);
  const auto counted = CleanUp(**store, row_limit, DryRun::kYes);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->rows, counts);
  const auto result = CleanUp(**store, row_limit);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->jobs, counted->jobs);
  EXPECT_EQ(result->rows, counts);
  EXPECT_EQ(result->held, counted->held);
  EXPECT_EQ(result->held.size(), model_.expired.size() - jobs);
  std::set<Row> kept = model_.rows;
  for (const Row& row : deleted) kept.erase(row);
  EXPECT_EQ(RowsThere(), kept);
}

INSTANTIATE_TEST_SUITE_P(Random, PostgresModelTest, testing::Range(0, 40));

}  // namespace
}  // namespace retentiond
