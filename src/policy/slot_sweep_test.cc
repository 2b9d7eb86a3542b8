// Every zone of the installed zone data, on every date, against libc as the
// independent judge: a slot starts at the first instant at which the wall clock
// reads 03:00 of its date or later.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "policy/slot.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace fs = std::filesystem;

constexpr char kInstalled[] = "/usr/share/zoneinfo";

LocalDate Date(const std::string& text) { return *ParseDate(text); }

// Sets TZ for libc while it lives.
class LibcZone {
 public:
  explicit LibcZone(const fs::path& file) {
    setenv("TZ", (":" + file.string()).c_str(), 1);
    tzset();
  }
  LibcZone(const LibcZone&) = delete;
  LibcZone& operator=(const LibcZone&) = delete;
  ~LibcZone() {
    unsetenv("TZ");
    tzset();
  }

  struct Wall {
    LocalDate date;
    int second = 0;  // of the date
    long offset = 0;

    bool operator<(const Wall& other) const {
      return std::tie(date, second) < std::tie(other.date, other.second);
    }
  };

  Wall Read(Instant instant) const {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(
        std::chrono::floor<std::chrono::seconds>(instant));
    std::tm wall{};
    localtime_r(&seconds, &wall);
    const LocalDate date(std::chrono::year_month_day(
        std::chrono::year(wall.tm_year + 1900),
        std::chrono::month(static_cast<unsigned>(wall.tm_mon + 1)),
        std::chrono::day(static_cast<unsigned>(wall.tm_mday))));
    return {date, wall.tm_hour * 3600 + wall.tm_min * 60 + wall.tm_sec,
            wall.tm_gmtoff};
  }
};

// The zones below a directory by their content: many names are one zone, and
// the same bytes have the same slots.
std::map<std::string, fs::path> ZonesBelow(const fs::path& directory) {
  std::map<std::string, fs::path> zones;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(directory)) {
    const std::string name =
        entry.path().lexically_relative(directory).string();
    if (!entry.is_regular_file() || name.front() < 'A' || name.front() > 'Z') {
      continue;
    }
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (bytes.starts_with("TZif")) zones.emplace(bytes, entry.path());
  }
  return zones;
}

// A zone's file, and the one that the judge reads.
struct ZoneFile {
  fs::path ours;
  fs::path judge;
};

// False, with a failure, at the first date that differs.
bool AgreesWithLibc(const ZoneFile& file, LocalDate first, LocalDate last) {
  SCOPED_TRACE(file.ours);
  Schedule schedule;
  EXPECT_TRUE(absl::LoadTimeZone(file.ours.string(), &schedule.zone));
  const LibcZone libc(file.judge);
  std::array<Instant, 7> week{};  // the starts of the last seven dates
  int known = 0;
  for (LocalDate date = first; date <= last; date += days(1), ++known) {
    const std::optional<Slot> slot = SlotOn(date, schedule);
    if (!slot.has_value()) {
      ADD_FAILURE() << FormatDate(date) << " has no slot";
      return false;
    }
    const LibcZone::Wall due{date, 3 * 3600};
    const LibcZone::Wall at_start = libc.Read(slot->start);
    const LibcZone::Wall before =
        libc.Read(slot->start - std::chrono::seconds(1));
    bool first_time = before < due;
    // Only where the clock was changed it can have read 03:00 earlier.
    if (libc.Read(slot->start - hours(4)).offset != at_start.offset) {
      for (int quarter = 1; quarter <= 16; ++quarter) {
        first_time =
            first_time && libc.Read(slot->start - minutes(15) * quarter) < due;
      }
    }
    Instant& week_ago = week[static_cast<std::size_t>(known % 7)];
    const bool cutoff_fits =
        known < 7 ||
        slot->cutoff == std::min(week_ago, slot->start - kShortestRetention);
    week_ago = slot->start;
    if (at_start < due || at_start.date != date || !first_time ||
        !cutoff_fits) {
      ADD_FAILURE() << FormatDate(date) << " starts at "
                    << FormatInstant(slot->start);
      return false;
    }
  }
  return true;
}

// The judge reads the same zones in `judge`.
void Sweep(const fs::path& directory, const fs::path& judge, LocalDate first,
           LocalDate last) {
  const std::map<std::string, fs::path> zones = ZonesBelow(directory);
  EXPECT_GT(zones.size(), 200U);
  for (const auto& [bytes, file] : zones) {
    AgreesWithLibc({file, judge / file.lexically_relative(directory)}, first,
                   last);
  }
}

// Debian's files are "fat": they spell every change until 2037.
TEST(SlotSweepTest, AgreesWithLibcForEveryInstalledZoneFrom2015To2037) {
  Sweep(kInstalled, kInstalled, Date("2015-01-01"), Date("2037-12-31"));
}

TEST(SlotSweepTest, AgreesWithLibcForEveryInstalledZoneBeyond2037) {
  Sweep(kInstalled, kInstalled, Date("2037-12-01"), Date("2042-12-31"));
  Sweep(kInstalled, kInstalled, Date("2099-01-01"), Date("2100-12-31"));
}

// Slim files, as zic makes them by default, end with a rule. The judge reads
// the fat ones all the same: in a zone whose last change is not one of its
// rule's (America/Ojinaga, 2022), libc takes the slim file's rule to hold from
// that very change on, and is wrong for a week.
class SlimZoneTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "zones_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    const std::string command =
        "/usr/sbin/zic -b slim -d " + name + " " + kInstalled + "/tzdata.zi";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path directory_;
};

TEST_F(SlimZoneTest, AgreesWithLibcFrom2015To2037) {
  Sweep(directory_, kInstalled, Date("2015-01-01"), Date("2037-12-31"));
}

TEST_F(SlimZoneTest, AgreesWithLibcBeyond2037) {
  Sweep(directory_, kInstalled, Date("2037-12-01"), Date("2042-12-31"));
  Sweep(directory_, kInstalled, Date("2099-01-01"), Date("2100-12-31"));
}

}  // namespace
}  // namespace retentiond
