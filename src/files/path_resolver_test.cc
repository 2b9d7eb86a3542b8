#include "files/path_resolver.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

class PathResolverTest : public ScratchTest {
 protected:
  void ExpectResolved(const std::string& directory, const std::string& real,
                      const std::string& missing) {
    const ResolvedDirectory resolved = resolver_.Resolve(directory);
    EXPECT_EQ(resolved.error, 0) << directory;
    EXPECT_EQ(resolved.real, real) << directory;
    EXPECT_EQ(resolved.missing, missing) << directory;
  }

  PathResolver resolver_;
};

TEST_F(PathResolverTest, FollowsLinksAsTheKernelDoes) {
  MakeTree(root_path(), {Dir("a", {Dir("b")}), Link("l", "a/b")});
  ExpectResolved(InRoot("a/b").string(), InRoot("a/b"), "");
  ExpectResolved(InRoot("l/..").string(), InRoot("a"), "");
}

TEST_F(PathResolverTest, SaysWhatIsMissingBelowWhatIsThere) {
  MakeTree(root_path(), {Dir("a"), Link("l", "a")});
  ExpectResolved(InRoot("l/x/y").string(), InRoot("a"), "x/y");
  ExpectResolved("/no-such-directory/y", "/", "no-such-directory/y");
  ExpectResolved("/", "/", "");
}

TEST_F(PathResolverTest, TakesALinkThatLeadsNowhereForAnError) {
  MakeTree(root_path(), {Link("gone", "/no-such-directory")});
  EXPECT_EQ(resolver_.Resolve(InRoot("gone").string()).error, ENOENT);
  EXPECT_EQ(resolver_.Resolve(InRoot("gone/x").string()).error, ENOENT);
}

TEST_F(PathResolverTest, ReportsOtherErrors) {
  MakeTree(root_path(), {Link("loop", "loop"), File("file")});
  EXPECT_EQ(resolver_.Resolve(InRoot("loop/x").string()).error, ELOOP);
  EXPECT_EQ(resolver_.Resolve(InRoot("file/x").string()).error, ENOTDIR);
  EXPECT_EQ(resolver_.Resolve(InRoot("file").string()).error, ENOTDIR);
  EXPECT_EQ(resolver_.Resolve(InRoot(std::string(300, 'a')).string()).error,
            ENAMETOOLONG);
}

TEST_F(PathResolverTest, AsksOnceForADirectory) {
  for (int i = 0; i < 10; ++i) resolver_.Resolve(root_path().string());
  EXPECT_EQ(resolver_.resolutions(), 1u);
}

TEST_F(PathResolverTest, ForgetsWhenItHasRememberedEnough) {
  for (std::size_t i = 0; i < PathResolver::kMostRemembered; ++i) {
    resolver_.Resolve(InRoot(std::to_string(i)).string());
  }
  resolver_.Resolve(InRoot("0").string());
  EXPECT_EQ(resolver_.resolutions(), PathResolver::kMostRemembered);
  resolver_.Resolve(InRoot("one more").string());
  resolver_.Resolve(InRoot("0").string());
  EXPECT_EQ(resolver_.resolutions(), PathResolver::kMostRemembered + 2);
}

}  // namespace
}  // namespace retentiond
