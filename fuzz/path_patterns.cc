// The first line is the output of a job, the second a name beside it.
#include <optional>
#include <string>

#include "files/output_path.h"
#include "files/sequence_pattern.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const auto [text, name] = fuzz::SplitLine(fuzz::TextOf(data, size));
  const OutputPath output = ParseOutputPath(text);
  if (output.form == OutputPath::Form::kAbsolute) {
    const std::string normal = NormalisePath(output.path);
    fuzz::Require(!normal.empty() && normal.front() == '/',
                  "an absolute path stays one");
    fuzz::Require((normal + "/").find("/../") == std::string::npos &&
                      (normal + "/").find("/./") == std::string::npos &&
                      normal.find("//") == std::string::npos,
                  "a normal path leads nowhere else");
    fuzz::Require(NormalisePath(normal) == normal, "a normal path stays so");
    static_cast<void>(BelowDirectory(normal, "/srv/renders"));
  }
  const auto pattern = SequencePattern::Parse(text);
  if (pattern.has_value()) static_cast<void>(pattern->Matches(name));
  return 0;
}
