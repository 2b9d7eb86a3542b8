#include "observe/page.h"

#include <string>

namespace retentiond {

// No inline script and no inline style: whatever a name of the farm's contains,
// nothing of it is run.
HttpResponse PageResponse(const PageFile& file) {
  return {.type = std::string(file.type),
          .body = std::string(file.body),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; "
                       "style-src 'self'; connect-src 'self'; "
                       "img-src 'self' data:; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'"}}};
}

}  // namespace retentiond
