// A scratch directory with the paths of a farm, and a calendar that is always
// the same.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "demo/calendar.h"
#include "demo/farm_paths.h"
#include "demo/scratch_directory.h"

namespace retentiond {

class FarmTest : public testing::Test {
 protected:
  FarmTest()
      : scratch_(*ScratchDirectory::Make()),
        paths_(scratch_.path()),
        calendar_(*PlanCalendar(*ParseInstant("2026-11-23T12:00:00Z"),
                                *LoadZone("Europe/Helsinki"))) {}

  void MakeDirectories() const {
    for (const auto& directory :
         {paths_.temporary, paths_.logs, paths_.outputs, paths_.library}) {
      std::filesystem::create_directories(directory);
    }
  }

  ScratchDirectory scratch_;
  FarmPaths paths_;
  DemoCalendar calendar_;
};

}  // namespace retentiond
