// The files below a log root, and which of them are rotated or compressed
// companions of another.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "files/file_calls.h"
#include "files/root.h"

namespace retentiond {

// The names of the files whose companion `name` may be: "7.log.1.gz" of
// "7.log.1" and "7.log". Known are ".1" to ".9999", dates in digits behind "-"
// or "." ("-20260316"), ".old", and the suffixes of gzip, xz, bzip2, zstd, lz4,
// lzma, compress and zip. Empty when it is none.
std::vector<std::string> FilesOfCompanion(std::string_view name);

// Shows every entry that is no directory, by its path relative to the root, of
// the root and of directories at most `depth` levels below it; links are not
// followed. What cannot be read is passed over.
// Errors: of the root itself, and of `visit`.
absl::Status VisitFiles(
    const Root& root, std::size_t depth, FileCalls& calls,
    const std::function<absl::Status(const std::string& path)>& visit);

}  // namespace retentiond
