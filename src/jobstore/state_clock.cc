#include "jobstore/state_clock.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/status_macros.h"

namespace retentiond {

absl::StatusOr<std::optional<ClockReading>> ReadClock(StateSql& connection,
                                                      const char* kind) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("SELECT wall_us, boot_id, boot_time_us, "
                         "kernel_synchronised FROM retentiond_clock "
                         "WHERE kind = ?1"));
  statement->BindText(1, kind);
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return std::optional<ClockReading>();
  // SQLite keeps any value in any column: what is no number here would read as
  // 0, as 1970.
  if (!statement->IsInt(0) || !statement->IsInt(2)) {
    return absl::DataLossError(
        fmt::format("retentiond_clock: the reading \"{}\" is damaged", kind));
  }
  ClockReading reading;
  reading.wall = InstantFromMicros(statement->Int(0));
  reading.boot_id = statement->Text(1);
  reading.boot_time = Micros(statement->Int(2));
  reading.kernel_synchronised = statement->Int(3) != 0;
  return std::optional<ClockReading>(reading);
}

absl::Status WriteClock(StateSql& connection, const char* kind,
                        const std::optional<ClockReading>& reading) {
  if (!reading.has_value()) {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<StateStatement> statement,
        connection.Prepare("DELETE FROM retentiond_clock WHERE kind = ?1"));
    return statement->BindText(1, kind).Run();
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "INSERT INTO retentiond_clock VALUES (?1, ?2, ?3, ?4, ?5) ON "
          "CONFLICT (kind) DO UPDATE SET wall_us = ?2, boot_id = ?3, "
          "boot_time_us = ?4, kernel_synchronised = ?5"));
  statement->BindText(1, kind).BindInt(2, MicrosOf(reading->wall));
  statement->BindText(3, reading->boot_id);
  statement->BindInt(4, reading->boot_time.count());
  return statement->BindInt(5, reading->kernel_synchronised ? 1 : 0).Run();
}

}  // namespace retentiond
