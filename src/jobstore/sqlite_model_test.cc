// Random small databases of every mixture of references, cleaned by the store
// and by the model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/deletion_model.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

class SqliteModelTest : public testing::TestWithParam<int> {
 protected:
  SqliteModelTest() : random_(static_cast<unsigned>(GetParam())) {
    MakeColumns();
    MakeTables();
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

  void MakeTables() {
    const bool without_rowid = Pick(4) == 0;
    for (const char* table : {"Job", "Frame", "Tile", "Log", "Other"}) {
      std::string sql =
          fmt::format("CREATE TABLE {}(id INTEGER PRIMARY KEY", table);
      if (std::string(table) == "Job")
        sql += ", status TEXT, createdAt INTEGER";
      for (const ColumnOf& column : columns_) {
        if (column.table != table) continue;
        sql += fmt::format(", {} INTEGER REFERENCES {}(id) ON DELETE {}",
                           column.name, column.parent, column.action);
      }
      farm_.Execute(sql + (without_rowid ? ") WITHOUT ROWID" : ")"));
      tables_.emplace_back(table);
    }
    const int indexes = Pick(3);  // none, some, all
    for (const ColumnOf& column : columns_) {
      if (indexes == 0 || (indexes == 1 && Pick(2) == 0)) continue;
      farm_.Execute(fmt::format("CREATE INDEX i_{} ON {}({})", column.name,
                                column.table, column.name));
    }
  }

  void MakeRows() {
    farm_.Execute("PRAGMA foreign_keys = OFF; BEGIN");
    for (const std::string& table : tables_) {
      counts_[table] = 3 + Pick(10);
    }
    for (const std::string& table : tables_) {
      for (int id = 1; id <= counts_[table]; ++id) MakeRow({table, id});
    }
    farm_.Execute("COMMIT");
  }

  void MakeRow(const Row& row) {
    model_.rows.insert(row);
    std::string names = "id";
    std::string values = std::to_string(row.second);
    if (row.first == "Job") {
      const bool recent = Pick(5) == 0;
      const bool in_work = Pick(8) == 0;
      names += ", status, createdAt";
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
    farm_.Execute(
        fmt::format("INSERT INTO {}({}) VALUES({})", row.first, names, values));
  }

  std::set<Row> RowsThere() {
    std::set<Row> there;
    for (const Row& row : model_.rows) {
      if (farm_.Int(fmt::format("SELECT count(*) FROM {} WHERE id = {}",
                                row.first, row.second)) > 0) {
        there.insert(row);
      }
    }
    return there;
  }

  std::mt19937 random_;
  SqliteFarm farm_;
  std::vector<ColumnOf> columns_;
  std::vector<std::string> tables_;
  std::map<std::string, int> counts_;
  DeletionModel model_;
};

TEST_P(SqliteModelTest, DeletesExactlyWhatTheModelDeletes) {
  const std::set<Row> deleted = model_.Deleted();
  std::map<std::string, std::int64_t> counts;
  std::size_t jobs = 0;
  for (const Row& row : deleted) {
    ++counts[row.first];
    if (row.first == "Job") ++jobs;
  }
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
  EXPECT_EQ(farm_.Text("SELECT \"table\" FROM pragma_foreign_key_check"), "");
}

INSTANTIATE_TEST_SUITE_P(Random, SqliteModelTest, testing::Range(0, 120));

}  // namespace
}  // namespace retentiond
