// Makes the test program an ordinary user for a while, to see which rights it
// would lack. Root only; one thread only.
#pragma once

#include <unistd.h>

#include <cstdlib>

namespace retentiond {

class OrdinaryUser {
 public:
  static bool Possible() { return geteuid() == 0; }

  OrdinaryUser() {
    if (setresuid(kNobody, kNobody, 0) != 0) std::abort();
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() {
    if (setresuid(0, 0, 0) != 0) std::abort();
  }

 private:
  static constexpr uid_t kNobody = 65534;
};

}  // namespace retentiond
