// What is said some hours ahead of a run that deletes much more than usual, so
// that there is time to stop the service. Nobody has to answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/state_store.h"
#include "run/preview.h"

namespace retentiond {

// How long before a slot it is looked at: with a cleanup at 03:00, people are
// at work.
inline constexpr std::chrono::hours kAnnounceAhead{12};
// Nobody can do anything in less.
inline constexpr std::chrono::minutes kAnnounceUntil{10};

struct Announcement {
  Preview preview;
  // Jobs that the last runs deleted, the median; none: no run has ended on this
  // database yet.
  std::optional<std::int64_t> usual;
};

// `earlier`: the last runs that came to an end. A first run is much, whatever
// it deletes; another one with ten times the median and a hundred jobs.
bool IsMuch(std::int64_t expired, const std::vector<RunRecord>& earlier);

// None: the run of this slot is like the others. What is asked of every slot is
// one survey; files are looked at only for an announcement.
// Errors: as PreviewRun.
absl::StatusOr<std::optional<Announcement>> LookAhead(const PreviewParts& parts,
                                                      const Slot& slot);

}  // namespace retentiond
