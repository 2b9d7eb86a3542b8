#include "run/lease_holder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace retentiond {
namespace {

std::string PidNamespace() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
}

// When the process began, in clock ticks since boot (field 22 of
// /proc/PID/stat); empty when there is no such process.
std::string StartTimeOf(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  // The second field, the command in parentheses, may hold spaces.
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) return {};
  std::istringstream rest(line.substr(command_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) rest >> field;
  return field;
}

std::string Prefix(const std::string& host, const std::string& boot_id) {
  return fmt::format("{}/{}/{}/", host, boot_id, PidNamespace());
}

}  // namespace

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string LeaseHolderOfThisProcess(const std::string& host,
                                     const std::string& boot_id) {
  const std::string pid = std::to_string(getpid());
  return Prefix(host, boot_id) + pid + "/" + StartTimeOf(pid);
}

bool IsDeadNeighbour(const std::string& holder, const std::string& host,
                     const std::string& boot_id) {
  const std::string prefix = Prefix(host, boot_id);
  if (boot_id.empty() || PidNamespace().empty() ||
      StartTimeOf(std::to_string(getpid())).empty() ||
      !holder.starts_with(prefix)) {
    return false;
  }
  const std::string process = holder.substr(prefix.size());
  const std::size_t slash = process.find('/');
  if (slash == std::string::npos || slash == 0 ||
      process.find_first_not_of("0123456789") != slash) {
    return false;
  }
  return StartTimeOf(process.substr(0, slash)) != process.substr(slash + 1);
}

}  // namespace retentiond
