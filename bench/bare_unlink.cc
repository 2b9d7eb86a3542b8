// The floor of every comparison: removes a tree with getdents64 and unlinkat
// and nothing else, one thread a top-level entry. It has no safety at all.
//
//   bare_unlink THREADS DIRECTORY
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::vector<std::string> Names(int directory) {
  std::vector<std::string> names;
  std::array<char, 32 * 1024> buffer = {};
  while (true) {
    const ssize_t size = getdents64(directory, buffer.data(), buffer.size());
    if (size < 0) Die("getdents64");
    if (size == 0) return names;
    for (ssize_t offset = 0; offset < size;) {
      const auto* entry =
          reinterpret_cast<const dirent64*>(buffer.data() + offset);
      offset += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") != 0 &&
          std::strcmp(entry->d_name, "..") != 0) {
        names.emplace_back(entry->d_name);
      }
    }
  }
}

void RemoveTree(int above, const char* name) {
  if (unlinkat(above, name, 0) == 0) return;
  const int directory = openat(above, name, O_RDONLY | O_DIRECTORY);
  if (directory < 0) Die(name);
  std::array<char, 32 * 1024> buffer = {};
  while (true) {
    const ssize_t size = getdents64(directory, buffer.data(), buffer.size());
    if (size < 0) Die("getdents64");
    if (size == 0) break;
    for (ssize_t offset = 0; offset < size;) {
      const auto* entry =
          reinterpret_cast<const dirent64*>(buffer.data() + offset);
      offset += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") == 0 ||
          std::strcmp(entry->d_name, "..") == 0) {
        continue;
      }
      if (entry->d_type == DT_DIR) {
        RemoveTree(directory, entry->d_name);
      } else if (unlinkat(directory, entry->d_name, 0) != 0) {
        Die(entry->d_name);
      }
    }
  }
  close(directory);
  if (unlinkat(above, name, AT_REMOVEDIR) != 0) Die(name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const int root = open(argv[2], O_RDONLY | O_DIRECTORY);
  if (root < 0) Die(argv[2]);
  const std::vector<std::string> names = Names(root);
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = std::atoi(argv[1]); i > 0; --i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < names.size(); at = next++) {
        RemoveTree(root, names[at].c_str());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}
