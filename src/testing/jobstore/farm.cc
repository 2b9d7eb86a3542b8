#include "testing/jobstore/farm.h"

#include <vector>

namespace retentiond {

std::vector<FarmKind> FarmKinds() { return {{"Fake", MakeFakeFarm}}; }

}  // namespace retentiond
