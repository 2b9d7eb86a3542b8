// A scratch directory with a root in it and a world around the root, which must
// be the same after each test as before.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "files/root.h"
#include "testing/files/file_tree.h"

namespace retentiond {

class ScratchTest : public testing::Test {
 protected:
  void SetUp() override;
  // Fails the test when anything outside the root has changed.
  void TearDown() override;

  // "<scratch>/root", "<scratch>/outside", and a path below each.
  std::filesystem::path root_path() const { return scratch_ / "root"; }
  std::filesystem::path outside() const { return scratch_ / "outside"; }
  std::filesystem::path InRoot(const std::string& relative) const {
    return root_path() / relative;
  }
  std::filesystem::path scratch() const { return scratch_; }

  // Takes what is outside now for what must be there at the end.
  void RememberOutside();
  Root OpenRoot() const;
  std::vector<std::string> Remaining() const { return ListTree(root_path()); }

 private:
  std::filesystem::path scratch_;
  Snapshot before_;
};

// Acts as a user without any right of root's, while it lives.
class AsNobody {
 public:
  AsNobody();
  ~AsNobody();
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
};

inline constexpr unsigned kNobody = 65534;

bool IsSuperuser();

// Gives this process mounts of its own; false when it may not.
bool EnterPrivateMounts();

}  // namespace retentiond

// For what only root can set up. `make test` runs as root where it can.
#define RETENTIOND_NEEDS_ROOT()                                        \
  if (!::retentiond::IsSuperuser()) {                                  \
    GTEST_SKIP() << "NOT TESTED: run as root to test what it sets up"; \
  }                                                                    \
  static_assert(true)
#define RETENTIOND_NEEDS_MOUNTS()                                        \
  if (!::retentiond::EnterPrivateMounts()) {                             \
    GTEST_SKIP() << "NOT TESTED: run as root, with the right to mount, " \
                    "to test what lies on mounts";                       \
  }                                                                      \
  static_assert(true)
