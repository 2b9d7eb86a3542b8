#include "demo/shared_farm.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>

#include "base/status.h"

namespace retentiond {

void SharedText::Set(const std::string& text) {
  const std::size_t size = std::min(text.size(), text_.size() - 1);
  std::copy_n(text.begin(), size, text_.begin());
  text_[size] = '\0';
}

absl::StatusOr<SharedFarmMapping> SharedFarmMapping::Make() {
  void* const memory = mmap(nullptr, sizeof(SharedFarm), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoStatus(errno, "shared memory");
  return SharedFarmMapping(new (memory) SharedFarm);
}

SharedFarmMapping::~SharedFarmMapping() {
  if (farm_ == nullptr) return;
  farm_->~SharedFarm();
  munmap(farm_, sizeof(SharedFarm));
}

}  // namespace retentiond
