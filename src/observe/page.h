// The operator's page: the files that web/ is bundled into, within the binary.
#pragma once

#include <string_view>
#include <vector>

#include "observe/http_message.h"

namespace retentiond {

struct PageFile {
  std::string_view path;  // "/", "/page.js", ...
  std::string_view type;
  std::string_view body;
};

// Those of this build, which are none where it was made without node.
const std::vector<PageFile>& EmbeddedPage();

// What a browser may do with the page: load these files and ask this server.
HttpResponse PageResponse(const PageFile& file);

}  // namespace retentiond
