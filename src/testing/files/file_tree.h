// Real directory trees in one expression:
//
//   MakeTree(root, {Dir("7", {File("a.png", "x"), Link("etc", "/etc")})});
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace retentiond {

struct TreeItem {
  enum class Kind { kFile, kDirectory, kLink, kHardLink, kFifo };

  Kind kind;
  std::string name;
  std::string text;  // content, or what a link points at
  std::vector<TreeItem> items;
};

TreeItem File(std::string name, std::string content = "content");
TreeItem Dir(std::string name, std::vector<TreeItem> items = {});
TreeItem Link(std::string name, std::string target);
TreeItem HardLink(std::string name, const std::filesystem::path& target);
TreeItem Fifo(std::string name);

// Makes the items below `directory`, which is made when it is missing.
void MakeTree(const std::filesystem::path& directory,
              const std::vector<TreeItem>& items);

// Makes `count` files named 0, 1, 2, ... in `directory`.
void MakeFiles(const std::filesystem::path& directory, int count);

// Every path below `directory`, with type, mode, owner and content; nothing of
// `except` and what lies in it.
using Snapshot = std::map<std::string, std::string>;
Snapshot TakeSnapshot(const std::filesystem::path& directory,
                      const std::filesystem::path& except);

// The paths below `directory`, relative to it, sorted.
std::vector<std::string> ListTree(const std::filesystem::path& directory);

}  // namespace retentiond
