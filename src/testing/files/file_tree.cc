#include "testing/files/file_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace retentiond {
namespace {

namespace fs = std::filesystem;

void WriteText(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  ASSERT_TRUE(file.flush()) << path;
}

std::string Describe(const fs::path& path) {
  struct stat st = {};
  if (::lstat(path.c_str(), &st) != 0) return "gone";
  std::string text =
      fmt::format("mode {:o} owner {}:{}", st.st_mode, st.st_uid, st.st_gid);
  if (S_ISLNK(st.st_mode)) text += " -> " + fs::read_symlink(path).string();
  if (S_ISREG(st.st_mode)) {
    std::ifstream file(path, std::ios::binary);
    text += ": " + std::string(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

void Make(const fs::path& directory, const TreeItem& item) {
  const fs::path path = directory / item.name;
  switch (item.kind) {
    case TreeItem::Kind::kFile:
      WriteText(path, item.text);
      break;
    case TreeItem::Kind::kDirectory:
      MakeTree(path, item.items);
      break;
    case TreeItem::Kind::kLink:
      ASSERT_EQ(::symlink(item.text.c_str(), path.c_str()), 0) << path;
      break;
    case TreeItem::Kind::kHardLink:
      ASSERT_EQ(::link(item.text.c_str(), path.c_str()), 0) << path;
      break;
    case TreeItem::Kind::kFifo:
      ASSERT_EQ(::mkfifo(path.c_str(), 0644), 0) << path;
      break;
  }
}

}  // namespace

TreeItem File(std::string name, std::string content) {
  return {TreeItem::Kind::kFile, std::move(name), std::move(content), {}};
}

TreeItem Dir(std::string name, std::vector<TreeItem> items) {
  return {TreeItem::Kind::kDirectory, std::move(name), "", std::move(items)};
}

TreeItem Link(std::string name, std::string target) {
  return {TreeItem::Kind::kLink, std::move(name), std::move(target), {}};
}

TreeItem HardLink(std::string name, const fs::path& target) {
  return {TreeItem::Kind::kHardLink, std::move(name), target.string(), {}};
}

TreeItem Fifo(std::string name) {
  return {TreeItem::Kind::kFifo, std::move(name), "", {}};
}

void MakeTree(const fs::path& directory, const std::vector<TreeItem>& items) {
  fs::create_directories(directory);
  for (const TreeItem& item : items) Make(directory, item);
}

void MakeFiles(const fs::path& directory, int count) {
  fs::create_directories(directory);
  for (int i = 0; i < count; ++i) {
    WriteText(directory / std::to_string(i), "x");
  }
}

Snapshot TakeSnapshot(const fs::path& directory, const fs::path& except) {
  Snapshot snapshot;
  for (auto entry = fs::recursive_directory_iterator(directory);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->path() == except) {
      entry.disable_recursion_pending();
      continue;
    }
    snapshot[entry->path().string()] = Describe(entry->path());
  }
  return snapshot;
}

std::vector<std::string> ListTree(const fs::path& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    paths.push_back(entry.path().lexically_relative(directory).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace retentiond
