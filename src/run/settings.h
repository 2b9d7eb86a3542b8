// A configuration and what follows from it, as one: a reload replaces both or
// neither.
#pragma once

#include <memory>

#include "config/config.h"
#include "run/naming.h"

namespace retentiond {

struct Settings {
  Config config;
  Naming naming;
};

using SharedSettings = std::shared_ptr<const Settings>;

}  // namespace retentiond
