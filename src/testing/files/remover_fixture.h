// A remover on a scratch root, with a shield of outputs named by the test.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "files/root.h"
#include "files/shield.h"
#include "files/tree_remover.h"
#include "testing/files/scratch.h"
#include "testing/files/scripted_calls.h"

namespace retentiond {

class RemoverTest : public ScratchTest {
 protected:
  void SetUp() override;

  // Shields outputs by their paths below the root, and nothing else.
  void Shield(const std::vector<std::string>& relative);
  Removal Remove(const std::string& relative,
                 const TreeRemover::Options& options = {});
  // With a trash in the root, which is used.
  Removal RemoveByTrash(const std::string& relative,
                        TreeRemover::Options options = {});
  Removal EmptyTrash(const TreeRemover::Options& options = {});
  // Nothing was kept, shielded or failed.
  static void ExpectNothingElse(const Removal& removal);

  // The newest stamp of everything in the root.
  Instant NewestStamp() const;
  // A socket with ourselves behind it, until the test ends.
  void Bind(const std::filesystem::path& path);
  // Makes everything from `path` down the property of nobody.
  static void GiveAway(const std::filesystem::path& path);

  const std::vector<Root>& roots() const { return roots_; }

  std::optional<Root> root_;
  ScriptedCalls calls_;

 private:
  std::vector<Root> roots_;
  std::optional<retentiond::Shield> shield_;
  std::vector<UniqueFd> sockets_;
};

}  // namespace retentiond
