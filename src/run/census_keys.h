// What the census of names calls the entries of the roots: a name in the
// temporary roots, below the log roots, and a path of a path column are
// different things.
#pragma once

#include <string>
#include <vector>

#include "jobstore/belongings.h"

namespace retentiond {

std::string TemporaryKey(const std::string& name);
std::string LogKey(const std::string& name);
std::string PathKey(const std::string& path);
// What was dealt with tonight, and is no orphan.
std::string GoneKey(const std::string& root, const std::string& name);

// Under which a job that needs the entry may be found: one key, but for a
// rotated log file, which belongs to whoever bears its own name or that of the
// file that it was.
std::vector<std::string> KeysOf(const PendingFile& entry);

// Escaped, for messages and records.
std::string PathOf(const PendingFile& entry);

}  // namespace retentiond
