// The sections of the configuration, each read into its struct and validated.
// Every error is InvalidArgument and names its place.
#pragma once

#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/settings_table.h"

namespace retentiond {

absl::StatusOr<DatabaseConfig> ReadDatabase(const SettingsTable& table,
                                            const Environment& env);
absl::StatusOr<JobsConfig> ReadJobs(const SettingsTable& table);
absl::StatusOr<std::vector<DependentConfig>> ReadDependents(
    const std::vector<SettingsTable>& tables, const JobsConfig& jobs);
absl::StatusOr<FilesConfig> ReadFiles(const SettingsTable& table,
                                      const JobsConfig& jobs,
                                      const Environment& env);
absl::StatusOr<ScheduleConfig> ReadSchedule(const SettingsTable& table,
                                            const Environment& env);
absl::StatusOr<HttpConfig> ReadHttp(const SettingsTable& table,
                                    const Environment& env);
absl::StatusOr<AlertsConfig> ReadAlerts(const SettingsTable& table,
                                        const Environment& env);

// The daemon's own files must not lie where it removes: neither the database
// nor the state directory may be below a root, by their names.
absl::Status CheckNotBelowARoot(const FilesConfig& files,
                                const std::filesystem::path& path,
                                const char* what);

}  // namespace retentiond
