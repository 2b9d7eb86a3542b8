# Where RETENTIOND_PRECOMPILE is on, the headers that nearly every file includes
# are compiled once: half the time of a build. The dev preset leaves it off, so
# that each file is seen to include what it uses.
option(RETENTIOND_PRECOMPILE "Precompile the common headers" OFF)
function(retentiond_precompile name kind)
  if(NOT RETENTIOND_PRECOMPILE)
    return()
  endif()
  set(target retentiond_${kind}_headers)
  if(NOT TARGET ${target})
    # Not written anew where it is there: all else depends on it.
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${target}.cc CONTENT "")
    add_library(${target} OBJECT ${CMAKE_BINARY_DIR}/${target}.cc)
    target_link_libraries(${target} PRIVATE retentiond_options
      absl::statusor absl::time fmt::fmt)
    set(headers <absl/status/statusor.h> <absl/time/time.h> <fmt/format.h>
      <chrono> <filesystem> <functional> <map> <memory> <optional> <string>
      <string_view> <vector>)
    if(kind STREQUAL "test")
      list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
      target_link_libraries(${target} PRIVATE GTest::gmock GTest::gtest)
    endif()
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
  target_precompile_headers(${name} REUSE_FROM ${target})
endfunction()

# retentiond_module(NAME DEPENDS ... FAKES ...): the library of src/NAME, made of
# its sources, and the test program NAME_test, made of its *_test.cc, of its own
# fakes in src/testing/NAME and of those of the modules named.
function(retentiond_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;FAKES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS}
      PRIVATE retentiond_options)
    retentiond_precompile(${name} source)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
  endif()
  if(RETENTIOND_TESTS AND tests)
    set(fakes)
    foreach(module ${name} ${ARG_FAKES})
      file(GLOB more CONFIGURE_DEPENDS
        ${CMAKE_SOURCE_DIR}/src/testing/${module}/*.cc)
      if(NOT module STREQUAL name)
        list(FILTER more EXCLUDE REGEX "_test\\.cc$")
      endif()
      list(APPEND fakes ${more})
    endforeach()
    add_executable(${name}_test ${tests} ${fakes})
    target_link_libraries(${name}_test PRIVATE ${name} retentiond_options
      GTest::gmock GTest::gtest GTest::gtest_main)
    retentiond_precompile(${name}_test test)
    target_compile_definitions(${name}_test PRIVATE
      RETENTIOND_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}.
      DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# tests/*_test.py: one scenario a file, each against the real binary. Those that
# live through many nights, with the processes of several daemons, are for
# `make check`: `make test` is to be over while one still waits for it.
set(RETENTIOND_SLOW_SCENARIOS
  clock_faults_test demo_page_test postgres_three_daemons_test
  paused_leader_test upgrade_test)
function(retentiond_end_to_end_tests)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_library(kernel_clock MODULE
    ${CMAKE_SOURCE_DIR}/tests/preload/kernel_clock.cc)
  add_library(call_faults MODULE
    ${CMAKE_SOURCE_DIR}/tests/preload/call_faults.cc)
  file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.py)
  foreach(scenario ${scenarios})
    get_filename_component(name ${scenario} NAME_WE)
    add_test(NAME end_to_end.${name}
      COMMAND ${Python3_EXECUTABLE} ${scenario}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
    set_tests_properties(end_to_end.${name} PROPERTIES TIMEOUT 300
      ENVIRONMENT "RETENTIOND=$<TARGET_FILE:retentiond>;\
KERNEL_CLOCK_LIBRARY=$<TARGET_FILE:kernel_clock>;\
CALL_FAULTS_LIBRARY=$<TARGET_FILE:call_faults>")
    if(name IN_LIST RETENTIOND_SLOW_SCENARIOS)
      set_tests_properties(end_to_end.${name} PROPERTIES LABELS slow)
    endif()
  endforeach()
endfunction()

# tests/model: random farms and nights, compared with plain rules.
function(retentiond_model_tests)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/model/*.cc)
  add_executable(nights ${sources}
    ${CMAKE_SOURCE_DIR}/tests/preload/call_faults.cc)
  target_link_libraries(nights PRIVATE cli retentiond_options)
  target_include_directories(nights PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  # Samples; tools/check-deep has all.
  add_test(NAME model.random_nights COMMAND nights random 1 300)
  add_test(NAME model.failing_calls COMMAND nights calls 97)
  set_tests_properties(model.random_nights model.failing_calls
    PROPERTIES TIMEOUT 300)
endfunction()
