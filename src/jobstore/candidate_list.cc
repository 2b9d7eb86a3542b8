#include "jobstore/candidate_list.h"

#include <string>
#include <utility>

#include "base/status_macros.h"

namespace retentiond {
namespace {

void BindKey(SqliteStatement& statement, int first, const TextKey& key) {
  for (const std::string& text : key) statement.BindText(first++, text);
}

void ReadKey(const SqliteStatement& row, int first, std::size_t columns,
             RowKey& key) {
  key = TakeKey(row, first, columns);
}

void ReadKey(const SqliteStatement& row, int first, std::size_t columns,
             TextKey& key) {
  for (std::size_t i = 0; i < columns; ++i) {
    key.emplace_back(row.Text(first + static_cast<int>(i)));
  }
}

}  // namespace

template <typename Key>
BasicCandidateList<Key>::BasicCandidateList(
    std::shared_ptr<SqliteConnection> scratch, std::size_t key_columns)
    : scratch_(std::move(scratch)), key_columns_(key_columns) {}

template <typename Key>
absl::StatusOr<std::unique_ptr<BasicCandidateList<Key>>>
BasicCandidateList<Key>::Open(std::size_t key_columns) {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> scratch,
                   SqliteConnection::OpenScratch());
  std::unique_ptr<BasicCandidateList> list(
      new BasicCandidateList(std::move(scratch), key_columns));
  std::string columns;
  std::string parameters;
  for (std::size_t i = 0; i < key_columns; ++i) {
    columns += ", k" + std::to_string(i);
    parameters += ", ?" + std::to_string(i + 3);
  }
  // The key columns have no type, so that each value keeps its own.
  RETURN_IF_ERROR(list->scratch_->Execute(
      "CREATE TABLE candidate(created_us INTEGER, number INTEGER" + columns +
      ", PRIMARY KEY(created_us, number)) WITHOUT ROWID"));
  list->insert_ = "INSERT INTO candidate VALUES(?1, ?2" + parameters + ")";
  list->select_ = "SELECT created_us, number" + columns +
                  " FROM candidate WHERE (created_us, number) > (?1, ?2) "
                  "ORDER BY created_us, number LIMIT ?3";
  return list;
}

template <typename Key>
absl::Status BasicCandidateList<Key>::Add(
    const std::vector<Candidate>& candidates) {
  ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                   scratch_->BeginImmediate());
  for (const Candidate& candidate : candidates) {
    ASSIGN_OR_RETURN(SqliteStatement insert, scratch_->Prepare(insert_));
    insert.BindInt(1, MicrosOf(candidate.created)).BindInt(2, ++added_);
    BindKey(insert, 3, candidate.key);
    RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

template <typename Key>
absl::StatusOr<std::vector<Key>> BasicCandidateList<Key>::Peek(
    std::size_t count) {
  ASSIGN_OR_RETURN(SqliteStatement select, scratch_->Prepare(select_));
  select.BindInt(1, passed_created_us_)
      .BindInt(2, passed_number_)
      .BindInt(3, static_cast<std::int64_t>(count));
  std::vector<Key> keys;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return keys;
    ReadKey(select, 2, key_columns_, keys.emplace_back());
  }
}

template <typename Key>
absl::Status BasicCandidateList<Key>::Pass(std::size_t count) {
  ASSIGN_OR_RETURN(SqliteStatement select, scratch_->Prepare(select_));
  select.BindInt(1, passed_created_us_)
      .BindInt(2, passed_number_)
      .BindInt(3, static_cast<std::int64_t>(count));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    passed_created_us_ = select.Int(0);
    passed_number_ = select.Int(1);
  }
}

template <typename Key>
void BasicCandidateList<Key>::Rewind() {
  passed_created_us_ = 0;
  passed_number_ = 0;
}

template <typename Key>
absl::Status BasicCandidateList<Key>::Remove(Instant first, Instant last) {
  ASSIGN_OR_RETURN(
      SqliteStatement remove,
      scratch_->Prepare("DELETE FROM candidate WHERE created_us >= ?1 AND "
                        "created_us <= ?2"));
  remove.BindInt(1, MicrosOf(first)).BindInt(2, MicrosOf(last));
  return remove.Run();
}

template class BasicCandidateList<RowKey>;
template class BasicCandidateList<TextKey>;

}  // namespace retentiond
