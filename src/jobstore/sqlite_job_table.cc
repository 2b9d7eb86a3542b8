#include "jobstore/sqlite_job_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "jobstore/creation_time.h"

namespace retentiond {
namespace {

using nlohmann::json;

// One column's value as a job id shows it.
std::string TextOfKey(const SqliteStatement& row, int column) {
  if (row.Type(column) != SQLITE_BLOB) return std::string(row.Text(column));
  std::string text = "x'";
  for (const char byte : row.Text(column)) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text + "'";
}

std::optional<std::string> BytesOfHex(const std::string& text) {
  if (text.size() < 3 || !text.starts_with("x'") || !text.ends_with('\'') ||
      text.size() % 2 == 0) {
    return std::nullopt;
  }
  std::string bytes;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] =
        std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc() || end != text.data() + i + 2) {
      return std::nullopt;
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// Binds what a column may hold that shows as `text`: to `index` the text, to
// the next one the other storage class that looks the same, if any.
void BindForms(SqliteStatement& statement, int index, const std::string& text) {
  statement.BindText(index, text);
  if (const auto bytes = BytesOfHex(text); bytes.has_value()) {
    statement.BindBlob(index + 1, *bytes);
    return;
  }
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) {
    statement.BindInt(index + 1, number);
  } else {
    statement.BindText(index + 1, text);
  }
}

// The texts of a JobId, one for each key column; none when it does not fit.
std::optional<std::vector<std::string>> PartsOf(const JobId& id,
                                                std::size_t columns) {
  if (columns == 1) return std::vector<std::string>{id.text};
  const json parts = json::parse(id.text, nullptr, /*allow_exceptions=*/false);
  if (!parts.is_array() || parts.size() != columns) return std::nullopt;
  std::vector<std::string> texts;
  for (const json& part : parts) {
    texts.push_back(part.is_string() ? part.get<std::string>() : part.dump());
  }
  return texts;
}

bool IsJson(const SqliteStatement& row, int column) {
  const char* type = sqlite3_column_decltype(row.get(), column);
  return type != nullptr && sqlite3_strlike("%json%", type, 0) == 0;
}

}  // namespace

absl::StatusOr<SqliteJobTable> SqliteJobTable::Make(const Catalog& catalog,
                                                    const JobLayout& layout) {
  const CatalogTable& table = *catalog.Find(layout.table);
  SqliteJobTable jobs;
  jobs.layout_ = layout;
  if (!absl::LoadTimeZone(layout.created_zone, &jobs.zone_)) {
    return absl::InvalidArgumentError(fmt::format(
        "jobs.created_zone: no time zone \"{}\"; expected an IANA name such as "
        "UTC or Europe/Helsinki",
        layout.created_zone));
  }
  ASSIGN_OR_RETURN(jobs.key_, RowKeyColumns(table));
  // A column's name would be quoted.
  jobs.by_rowid_ = !jobs.key_.front().starts_with('"');
  for (const FieldName& field : layout.fields) {
    jobs.sources_.push_back(FindField(field, table.columns));
  }
  return jobs;
}

std::string SqliteJobTable::SelectList(const std::string& alias) const {
  std::vector<std::string> columns;
  for (const std::string& column : key_) {
    columns.push_back(alias + "." + column);
  }
  for (const std::string& column : layout_.id) {
    columns.push_back(alias + "." + QuoteName(column));
  }
  columns.push_back(alias + "." + QuoteName(layout_.created));
  if (layout_.status.has_value()) {
    columns.push_back(alias + "." + QuoteName(*layout_.status));
  }
  for (const auto& source : sources_) {
    if (source.has_value()) {
      columns.push_back(alias + "." + QuoteName(source->column));
    }
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::string SqliteJobTable::Select() const {
  return fmt::format("SELECT {} FROM main.{} AS j", SelectList("j"),
                     QuoteName(layout_.table));
}

JobRow SqliteJobTable::Read(const SqliteStatement& row,
                            const JobAges& ages) const {
  JobRow result;
  result.key = TakeKey(row, 0, key_.size());
  int column = static_cast<int>(key_.size());
  Job& job = result.job;
  job.id = ReadId(row, column);
  column += static_cast<int>(layout_.id.size());
  job.created = ReadCreated(row, column++);
  if (layout_.status.has_value()) job.state = std::string(row.Text(column++));
  job.job_class =
      ClassOf(job.created, job.state, ages,
              layout_.status.has_value() ? &layout_.finished : nullptr);
  if (IsAhead(job.created, ages)) {
    result.ahead = true;
    job.created.reset();
  }
  for (const auto& source : sources_) {
    FieldValue& value = job.fields.emplace_back();
    if (!source.has_value()) continue;
    const int at = column++;
    if (row.IsNull(at)) continue;
    if (!source->path.empty() || IsJson(row, at)) {
      value = TextsInJson(row.Text(at), source->path);
    } else {
      value = {std::string(row.Text(at))};
    }
  }
  return result;
}

JobId SqliteJobTable::ReadId(const SqliteStatement& row, int column) const {
  if (layout_.id.size() == 1) return {TextOfKey(row, column)};
  json parts = json::array();
  for (std::size_t i = 0; i < layout_.id.size(); ++i, ++column) {
    if (row.IsNull(column)) {
      parts.push_back(nullptr);
    } else if (row.Type(column) == SQLITE_INTEGER) {
      parts.push_back(row.Int(column));
    } else {
      parts.push_back(TextOfKey(row, column));
    }
  }
  // Bytes that are no UTF-8 are shown as the replacement character.
  return {parts.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::optional<Instant> SqliteJobTable::ReadCreated(const SqliteStatement& row,
                                                   int column) const {
  switch (row.Type(column)) {
    case SQLITE_INTEGER:
      return CreationTimeOfInteger(row.Int(column));
    case SQLITE_FLOAT:
      return CreationTimeOfReal(row.Real(column));
    case SQLITE_TEXT:
      return CreationTimeOfText(row.Text(column), zone_);
    default:
      return std::nullopt;
  }
}

absl::StatusOr<std::optional<JobRow>> SqliteJobTable::ReadByKey(
    SqliteConnection& connection, const RowKey& key,
    const JobAges& ages) const {
  std::string sql = Select();
  for (std::size_t i = 0; i < key_.size(); ++i) {
    sql +=
        fmt::format(" {} j.{} = ?{}", i == 0 ? "WHERE" : "AND", key_[i], i + 1);
  }
  ASSIGN_OR_RETURN(SqliteStatement row, connection.Prepare(sql));
  BindKey(row, 1, key);
  ASSIGN_OR_RETURN(const bool there, row.Step());
  if (!there) return std::optional<JobRow>();
  return std::optional<JobRow>(Read(row, ages));
}

absl::StatusOr<std::optional<JobRow>> SqliteJobTable::Find(
    SqliteConnection& connection, const JobId& id, const JobAges& ages) const {
  const auto parts = PartsOf(id, layout_.id.size());
  if (!parts.has_value()) return std::optional<JobRow>();
  std::string sql = Select();
  for (std::size_t i = 0; i < layout_.id.size(); ++i) {
    sql += fmt::format(" {} j.{} IN (?{}, ?{})", i == 0 ? "WHERE" : "AND",
                       QuoteName(layout_.id[i]), 2 * i + 1, 2 * i + 2);
  }
  ASSIGN_OR_RETURN(SqliteStatement row, connection.Prepare(sql));
  for (std::size_t i = 0; i < parts->size(); ++i) {
    BindForms(row, static_cast<int>(2 * i + 1), (*parts)[i]);
  }
  ASSIGN_OR_RETURN(const bool there, row.Step());
  if (!there) return std::optional<JobRow>();
  return std::optional<JobRow>(Read(row, ages));
}

}  // namespace retentiond
