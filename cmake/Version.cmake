# Makes generated/version.h: the version, the commit, and the build date (that
# of the commit, so that two builds of one commit are the same bytes). A package
# is built without the repository and is told both.
find_package(Git QUIET)
set(commit "${RETENTIOND_COMMIT}")
set(commit_time "${RETENTIOND_COMMIT_TIME}")
if(GIT_FOUND AND NOT commit)
  execute_process(COMMAND ${GIT_EXECUTABLE} log -1 "--format=%h %ct"
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE answer
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
  if(result EQUAL 0)
    string(REGEX REPLACE " .*" "" commit "${answer}")
    string(REGEX REPLACE ".* " "" commit_time "${answer}")
  endif()
endif()
if(NOT commit)
  set(commit "unknown")
  set(commit_time 0)
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in
  ${CMAKE_BINARY_DIR}/generated/version.h @ONLY)
