// Whether the audit records of each night hang on those of the night before.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "jobstore/state_store.h"

namespace retentiond {

// Looks at the records since the last look, whose head is kept in the note
// "audit-verified". The first look takes the head as it is: `audit verify` is
// for all that came before. The problem; empty when there is none.
absl::StatusOr<std::string> LookAtChain(StateStore& state);

}  // namespace retentiond
