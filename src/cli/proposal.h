// The configuration that `init` proposes for a database that it has looked at.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "jobstore/layout_guess.h"

namespace retentiond {

// The text of a retentiond.toml, with what was found as comments; it loads.
// `config` is what is known without it, from a file or the environment;
// `states` are those that occur; `owners` the users other than root to whom the
// roots belong, the one to be named first. No secret is in it.
std::string ProposedConfiguration(const Config& config,
                                  const LayoutGuess& guess,
                                  const std::vector<std::string>& states,
                                  const std::vector<std::string>& owners);

}  // namespace retentiond
