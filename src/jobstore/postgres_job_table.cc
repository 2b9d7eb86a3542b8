#include "jobstore/postgres_job_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "base/status_macros.h"
#include "jobstore/creation_time.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

using nlohmann::json;

// What PostgreSQL keeps in microseconds reaches far beyond what counts as a
// creation time (creation_time.h), and beyond 64 bits: "infinity" and its like
// come as NULL.
constexpr char kMicrosSql[] =
    "CASE WHEN {0} >= {1} '2000-01-01 00:00:00+00' AND {0} < {1} "
    "'9999-12-30 00:00:00+00' THEN (extract(epoch FROM {0}) * 1000000)::bigint "
    "END";

bool IsOneOf(const std::string& type, std::initializer_list<const char*> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](const char* name) { return type == name; });
}

bool IsNumber(const std::string& type) {
  return IsOneOf(type, {"smallint", "integer", "bigint"});
}

absl::StatusOr<absl::TimeZone> ZoneOf(const std::string& name) {
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  return absl::InvalidArgumentError(fmt::format(
      "jobs.created_zone: no time zone \"{}\"; expected an IANA name such as "
      "UTC or Europe/Helsinki",
      name));
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

}  // namespace

absl::StatusOr<PostgresJobTable> PostgresJobTable::Make(
    const PostgresCatalog& catalog, const JobLayout& layout,
    const std::vector<std::string>& server_zones) {
  PostgresJobTable jobs;
  jobs.layout_ = layout;
  jobs.table_ = catalog.Of(layout.table);
  if (jobs.table_.key.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "table \"{}\": it has neither a primary key nor a unique index over "
        "columns that are NOT NULL; expected one of them, by which a row can "
        "be addressed",
        layout.table));
  }
  const PostgresTable::Column& created = jobs.table_.columns.at(layout.created);
  const std::string& type = created.base_type;
  jobs.date_ = type == "date";
  if (type == "timestamp with time zone") {
    jobs.form_ = Form::kMicros;
  } else if (jobs.date_ || type == "timestamp without time zone") {
    jobs.form_ = Form::kWall;
  } else if (IsNumber(type)) {
    jobs.form_ = Form::kInteger;
  } else if (IsOneOf(type, {"numeric", "real", "double precision"})) {
    jobs.form_ = Form::kReal;
  }
  ASSIGN_OR_RETURN(absl::TimeZone zone, ZoneOf(layout.created_zone));
  jobs.zones_.push_back(zone);
  const bool ambiguous = jobs.form_ == Form::kWall &&
                         !layout.created_zone_given &&
                         !created.default_value.empty();
  for (const std::string& name : server_zones) {
    if (!ambiguous || !absl::LoadTimeZone(name, &zone)) continue;
    if (name == layout.created_zone) continue;
    jobs.zones_.push_back(zone);
  }
  for (const std::string& id : layout.id) {
    jobs.id_is_number_.push_back(
        IsNumber(jobs.table_.columns.at(id).base_type));
  }
  const CatalogTable& table = *catalog.catalog.Find(layout.table);
  for (const FieldName& field : layout.fields) {
    const std::optional<FieldSource> source = FindField(field, table.columns);
    if (source.has_value()) {
      jobs.sources_.emplace_back(jobs.SourceOf(*source));
    } else {
      jobs.sources_.emplace_back();
    }
  }
  return jobs;
}

// A path into a JSON column is followed by the server, so that the document
// need not be sent.
PostgresJobTable::Source PostgresJobTable::SourceOf(
    const FieldSource& field) const {
  const std::string& type = table_.columns.at(field.column).base_type;
  const std::string column = QuoteName(field.column);
  Source source;
  source.json = IsOneOf(type, {"json", "jsonb"});
  if (!source.json || field.path.empty()) {
    source.sql = column + "::text";
    source.path = field.path;
    return source;
  }
  std::vector<std::string> keys;
  for (const std::string& key : field.path) {
    keys.push_back(QuotePostgresText(key));
  }
  source.sql = fmt::format("{} #> ARRAY[{}]", column, fmt::join(keys, ", "));
  return source;
}

std::string PostgresJobTable::CreatedSql(const std::string& alias) const {
  const std::string column = alias + "." + QuoteName(layout_.created);
  switch (form_) {
    case Form::kMicros:
      return fmt::format(kMicrosSql, column, "timestamptz");
    case Form::kWall:
      return fmt::format(kMicrosSql,
                         date_ ? "(" + column + " + 1)::timestamp" : column,
                         "timestamp");
    default:
      return column + "::text";
  }
}

std::string PostgresJobTable::SelectList(const std::string& alias) const {
  std::vector<std::string> columns;
  for (const std::string& column : table_.key) {
    columns.push_back(alias + "." + column + "::text");
  }
  for (const std::string& column : layout_.id) {
    columns.push_back(alias + "." + QuoteName(column) + "::text");
  }
  columns.push_back(CreatedSql(alias));
  columns.push_back(alias + "." + QuoteName(layout_.created) + "::text");
  if (layout_.status.has_value()) {
    columns.push_back(alias + "." + QuoteName(*layout_.status) + "::text");
  }
  for (const auto& source : sources_) {
    if (source.has_value()) columns.push_back(alias + "." + source->sql);
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

int PostgresJobTable::SelectColumns() const {
  const auto fields =
      std::count_if(sources_.begin(), sources_.end(),
                    [](const auto& source) { return source.has_value(); });
  return static_cast<int>(table_.key.size() + layout_.id.size() + 2) +
         (layout_.status.has_value() ? 1 : 0) + static_cast<int>(fields);
}

std::string PostgresJobTable::Select() const {
  return fmt::format("SELECT {} FROM {} AS j", SelectList("j"), table_.only);
}

PostgresJobRow PostgresJobTable::Read(const PostgresRows& rows, int row,
                                      int first, const JobAges& ages) const {
  PostgresJobRow result;
  int column = first;
  for (std::size_t i = 0; i < table_.key.size(); ++i) {
    result.key.emplace_back(rows.Text(row, column++));
  }
  Job& job = result.job;
  job.id = ReadId(rows, row, column);
  column += static_cast<int>(layout_.id.size());
  if (!rows.IsNull(row, column)) {
    job.created = ReadCreated(rows.Text(row, column));
  }
  ++column;
  result.created_text = rows.Value(row, column++);
  if (layout_.status.has_value()) {
    result.status_text = rows.Value(row, column++);
    job.state = result.status_text.value_or("");
  }
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
    if (rows.IsNull(row, at)) continue;
    if (source->json || !source->path.empty()) {
      value = TextsInJson(rows.Text(row, at), source->path);
    } else {
      value = {std::string(rows.Text(row, at))};
    }
  }
  return result;
}

JobId PostgresJobTable::ReadId(const PostgresRows& rows, int row,
                               int first) const {
  if (layout_.id.size() == 1) return {std::string(rows.Text(row, first))};
  json parts = json::array();
  for (std::size_t i = 0; i < layout_.id.size(); ++i) {
    const int column = first + static_cast<int>(i);
    if (rows.IsNull(row, column)) {
      parts.push_back(nullptr);
    } else if (id_is_number_[i]) {
      parts.push_back(rows.Int(row, column));
    } else {
      parts.push_back(std::string(rows.Text(row, column)));
    }
  }
  return {parts.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::optional<Instant> PostgresJobTable::ReadCreated(
    std::string_view text) const {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  switch (form_) {
    case Form::kMicros:
    case Form::kWall:
      std::from_chars(text.data(), end, number);
      return form_ == Form::kMicros ? InstantFromMicros(number)
                                    : ReadWall(number);
    case Form::kInteger:
      std::from_chars(text.data(), end, number);
      return CreationTimeOfInteger(number);
    case Form::kReal: {
      double real = 0;
      const auto [stop, error] = std::from_chars(text.data(), end, real);
      if (error != std::errc() || stop != end) return std::nullopt;
      return CreationTimeOfReal(real);
    }
    case Form::kText:
      break;
  }
  return CreationTimeOfText(text, zones_.front());
}

// A reading of a wall clock that was taken as if it were UTC, in the zone that
// makes it younger, and in the younger reading where the zone repeats it.
std::optional<Instant> PostgresJobTable::ReadWall(std::int64_t micros) const {
  const auto whole = std::chrono::floor<std::chrono::seconds>(Micros(micros));
  const absl::CivilSecond civil = absl::CivilSecond() + whole.count();
  absl::Time youngest = absl::InfinitePast();
  for (const absl::TimeZone& zone : zones_) {
    const absl::TimeZone::TimeInfo info = zone.At(civil);
    youngest = std::max({youngest, info.pre, info.trans, info.post});
  }
  return InstantFromMicros(absl::ToUnixMicros(youngest)) +
         (Micros(micros) - whole);
}

// A date's bound is where the day begins, unlike a job's date.
absl::StatusOr<std::optional<Instant>> PostgresJobTable::ReadBound(
    PostgresConnection& connection, const std::string& literal) const {
  std::string sql;
  switch (form_) {
    case Form::kMicros:
      sql = fmt::format(kMicrosSql, literal + "::timestamptz", "timestamptz");
      break;
    case Form::kWall:
      sql = fmt::format(kMicrosSql, literal + "::timestamp", "timestamp");
      break;
    case Form::kInteger:
      sql = literal + "::bigint";
      break;
    default:
      return std::optional<Instant>();
  }
  ASSIGN_OR_RETURN(const auto text,
                   connection.QueryText("SELECT (" + sql + ")::text"));
  if (!text.has_value()) return std::optional<Instant>();
  return ReadCreated(*text);
}

absl::StatusOr<std::optional<PostgresJobRow>> PostgresJobTable::Find(
    PostgresConnection& connection, const JobId& id,
    const JobAges& ages) const {
  const auto parts = PartsOf(id, layout_.id.size());
  if (!parts.has_value()) return std::optional<PostgresJobRow>();
  // Cast to the column's type, so that its index serves; what is no value of
  // that type is nobody's id.
  std::string sql = Select();
  PostgresValues values;
  for (std::size_t i = 0; i < layout_.id.size(); ++i) {
    sql += fmt::format(" {} j.{} = ${}::{}", i == 0 ? "WHERE" : "AND",
                       QuoteName(layout_.id[i]), i + 1,
                       table_.columns.at(layout_.id[i]).type);
    values.push_back(PostgresValue::Text((*parts)[i]));
  }
  const absl::StatusOr<PostgresRows> rows = connection.Query(sql, values);
  if (SqlStateOf(rows.status()).starts_with("22")) {
    return std::optional<PostgresJobRow>();
  }
  RETURN_IF_ERROR(rows.status());
  if (rows->size() == 0) return std::optional<PostgresJobRow>();
  return std::optional<PostgresJobRow>(Read(*rows, 0, 0, ages));
}

std::string PostgresJobTable::Unchanged(const std::string& alias,
                                        const std::string& noted) const {
  std::string sql = fmt::format("{}.{}::text IS NOT DISTINCT FROM {}.created",
                                alias, QuoteName(layout_.created), noted);
  if (layout_.status.has_value()) {
    sql += fmt::format(" AND {}.{}::text IS NOT DISTINCT FROM {}.status", alias,
                       QuoteName(*layout_.status), noted);
  }
  return sql;
}

}  // namespace retentiond
