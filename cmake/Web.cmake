# The operator's page: web/ bundled by node into one source file, which holds
# what the daemon serves at "/". Sets RETENTIOND_PAGE_SOURCE, and
# RETENTIOND_WITH_PAGE where there is a page in it.
#
# Without node, or without its packages and a network to get them from, the
# daemon is built all the same; ON makes that an error.
set(RETENTIOND_PAGE AUTO CACHE STRING
  "The operator's page: ON, OFF, or AUTO: where node and npm can make it")
set_property(CACHE RETENTIOND_PAGE PROPERTY STRINGS AUTO ON OFF)

set(RETENTIOND_PAGE_SOURCE ${CMAKE_BINARY_DIR}/generated/page_files.cc)
set(RETENTIOND_WITH_PAGE OFF)
set(web ${CMAKE_SOURCE_DIR}/web)

# Sets `problem` to why the packages of the lock file are not there, or to
# nothing. They are fetched once for each lock file.
function(retentiond_web_packages)
  set(problem "" PARENT_SCOPE)
  find_program(NODE_EXECUTABLE node)
  find_program(NPM_EXECUTABLE npm)
  if(NOT NODE_EXECUTABLE OR NOT NPM_EXECUTABLE)
    set(problem "node or npm is missing" PARENT_SCOPE)
    return()
  endif()
  set(stamp ${web}/node_modules/.retentiond-lock)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files
    ${web}/package-lock.json ${stamp} RESULT_VARIABLE differs
    OUTPUT_QUIET ERROR_QUIET)
  if(NOT differs)
    return()
  endif()
  # Nothing of npm's outside the tree.
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env
      npm_config_cache=${CMAKE_SOURCE_DIR}/build/npm-cache
      ${NPM_EXECUTABLE} ci --ignore-scripts --no-update-notifier
    WORKING_DIRECTORY ${web} RESULT_VARIABLE failed OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  if(failed)
    message(STATUS "npm ci: ${said}")
    set(problem "npm ci could not get its packages" PARENT_SCOPE)
    return()
  endif()
  configure_file(${web}/package-lock.json ${stamp} COPYONLY)
endfunction()

if(RETENTIOND_PAGE STREQUAL "OFF")
  set(problem "RETENTIOND_PAGE is OFF")
else()
  retentiond_web_packages()
endif()
if(problem AND RETENTIOND_PAGE STREQUAL "ON")
  message(FATAL_ERROR "The page cannot be made: ${problem}; "
    "-DRETENTIOND_PAGE=AUTO builds the daemon without it")
elseif(problem)
  message(STATUS "The page is left out: ${problem}")
  file(CONFIGURE OUTPUT ${RETENTIOND_PAGE_SOURCE} CONTENT [[
#include "observe/page.h"

namespace retentiond {

const std::vector<PageFile>& EmbeddedPage() {
  static const std::vector<PageFile> kNone;
  return kNone;
}

}  // namespace retentiond
]])
else()
  set(RETENTIOND_WITH_PAGE ON)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/*)
  add_custom_command(OUTPUT ${RETENTIOND_PAGE_SOURCE}
    COMMAND ${NODE_EXECUTABLE} ${web}/bundle.mjs ${RETENTIOND_PAGE_SOURCE}
    DEPENDS ${sources} ${web}/bundle.mjs ${web}/package-lock.json
    COMMENT "Bundling the page" VERBATIM)
endif()

# The tests of the page that need no browser.
function(retentiond_web_tests)
  if(NOT RETENTIOND_WITH_PAGE)
    return()
  endif()
  add_test(NAME web.types
    COMMAND ${NODE_EXECUTABLE} ${web}/node_modules/typescript/bin/tsc
      --noEmit --project ${web})
  add_test(NAME web.unit
    COMMAND ${NODE_EXECUTABLE} ${web}/unit-tests.mjs
      ${CMAKE_BINARY_DIR}/web-tests)
  set_tests_properties(web.types web.unit PROPERTIES TIMEOUT 300)
endfunction()
