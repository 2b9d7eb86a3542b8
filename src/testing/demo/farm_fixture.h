// A scratch directory with the paths of a farm, a calendar that is always the
// same, and the way to the farm's database.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "demo/calendar.h"
#include "demo/farm_paths.h"
#include "demo/night.h"
#include "demo/scratch_directory.h"

namespace retentiond {

inline constexpr char kFarmToday[] = "2026-11-23T12:00:00Z";

// Through the SQLite store, as main does.
absl::StatusOr<Database> OpenFarm(const Config& config, const Naming& naming,
                                  OpenMode mode);

class FarmTest : public testing::Test {
 protected:
  FarmTest();

  // The directories that a farm has from its beginning.
  void MakeDirectories() const;

  ScratchDirectory scratch_;
  FarmPaths paths_;
  DemoCalendar calendar_;
};

}  // namespace retentiond
