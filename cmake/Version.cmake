# Makes generated/version.h: the version, the commit, and the build date (that
# of the commit, so that two builds of one commit are the same bytes).
find_package(Git QUIET)
set(RETENTIOND_COMMIT "unknown")
set(RETENTIOND_COMMIT_TIME 0)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} log -1 --format=%h
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
  if(result EQUAL 0)
    set(RETENTIOND_COMMIT ${commit})
    execute_process(COMMAND ${GIT_EXECUTABLE} log -1 --format=%ct
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      OUTPUT_VARIABLE RETENTIOND_COMMIT_TIME OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in
  ${CMAKE_BINARY_DIR}/generated/version.h @ONLY)
