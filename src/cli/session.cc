#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "cli/commands.h"
#include "files/root.h"

namespace retentiond {

absl::StatusOr<Config> LoadValidConfig(const CommandContext& context) {
  ASSIGN_OR_RETURN(Config config,
                   LoadConfig(context.config_file, context.wiring.environment));
  std::optional<uid_t> owner;
  if (config.files.owner.has_value()) {
    ASSIGN_OR_RETURN(owner, LookUpUser(*config.files.owner));
  }
  std::vector<std::filesystem::path> roots = config.files.temp_roots;
  roots.insert(roots.end(), config.files.log_roots.begin(),
               config.files.log_roots.end());
  RETURN_IF_ERROR(ValidateRoots(roots, owner));
  return config;
}

JobLayout LayoutOf(const Config& config, const Naming& naming) {
  JobLayout layout{.table = config.jobs.table,
                   .id = config.jobs.id,
                   .created = config.jobs.created,
                   .status = config.jobs.status,
                   .finished = config.jobs.finished,
                   .created_zone = config.jobs.created_zone,
                   .created_zone_given = config.jobs.created_zone_given,
                   .fields = naming.fields(),
                   .required_fields = naming.required_fields()};
  for (const DependentConfig& dependent : config.dependents) {
    layout.declared.push_back({dependent.table, dependent.columns});
  }
  return layout;
}

absl::StatusOr<Session> OpenSession(const CommandContext& context,
                                    OpenMode mode) {
  ASSIGN_OR_RETURN(Config config, LoadValidConfig(context));
  ASSIGN_OR_RETURN(Naming naming, Naming::Make(config));
  ASSIGN_OR_RETURN(
      Database database,
      context.wiring.open(config.database, LayoutOf(config, naming), mode));
  return Session{std::move(config), std::move(naming), std::move(database)};
}

absl::StatusOr<Instant> InstantOption(const std::string& option,
                                      const std::string& text) {
  absl::StatusOr<Instant> instant = ParseInstant(text);
  if (!instant.ok()) {
    return absl::OutOfRangeError(
        fmt::format("{}: {}", option, MessageOf(instant.status())));
  }
  return instant;
}

}  // namespace retentiond
