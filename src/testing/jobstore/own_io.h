// What this process has read and written so far, by the kernel's own count.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace retentiond {

struct OwnIo {
  std::int64_t reads = 0;          // system calls, this count's own included
  std::int64_t bytes_written = 0;  // to files, pipes and the terminal
};

inline OwnIo CountOwnIo() {
  std::ifstream file("/proc/self/io");
  OwnIo io;
  std::string key;
  for (std::int64_t value = 0; file >> key >> value;) {
    if (key == "syscr:") io.reads = value;
    if (key == "wchar:") io.bytes_written = value;
  }
  return io;
}

}  // namespace retentiond
