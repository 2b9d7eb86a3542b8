#include "jobstore/state_meta.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>

#include "base/status_macros.h"

namespace retentiond {

absl::StatusOr<std::optional<std::string>> ReadMeta(StateSql& connection,
                                                    const std::string& key) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("SELECT value FROM retentiond_meta WHERE key = ?1"));
  statement->BindText(1, key);
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::string(statement->Text(0)));
}

absl::StatusOr<std::optional<std::int64_t>> ReadMetaInt(
    StateSql& connection, const std::string& key) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   ReadMeta(connection, key));
  if (!text.has_value()) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end) {
    return absl::DataLossError(
        fmt::format("retentiond_meta: {} is not a number", key));
  }
  return std::optional<std::int64_t>(value);
}

absl::Status WriteMeta(StateSql& connection, const std::string& key,
                       const std::string& value) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("INSERT INTO retentiond_meta VALUES (?1, ?2) "
                         "ON CONFLICT (key) DO UPDATE SET value = ?2"));
  return statement->BindText(1, key).BindText(2, value).Run();
}

absl::StatusOr<std::int64_t> ReadStateVersion(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> version,
                   ReadMetaInt(connection, kMetaVersion));
  if (version.has_value()) return *version;
  return absl::DataLossError(
      "retentiond_meta: the state's version is missing; restore the "
      "retentiond_* tables from a backup, or drop them all to begin anew");
}

absl::Status CheckStateVersion(std::int64_t version, std::int64_t known) {
  if (version <= known) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "the state in this database has version {}, and this program knows "
      "versions up to {}; please use the newer retentiond",
      version, known));
}

absl::Status OlderState(std::int64_t version, std::int64_t known) {
  return absl::FailedPreconditionError(fmt::format(
      "the state in this database has version {}, and this program reads "
      "version {}; please start the daemon once, which brings it up to date",
      version, known));
}

}  // namespace retentiond
