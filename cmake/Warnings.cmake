# Compiler options that every target of this project shares.
add_library(retentiond_options INTERFACE)
# A list with commas is no condition of a generator expression.
string(COMPARE NOTEQUAL "${RETENTIOND_SANITIZE}" "" RETENTIOND_SANITIZED)
target_include_directories(retentiond_options INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_compile_options(retentiond_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2
  -Wimplicit-fallthrough -Wnull-dereference
  # A designated initializer leaves the rest to its default on purpose.
  -Wno-missing-field-initializers
  # gcc 12 at -O2, and before a sanitizer at -O1, takes inlined code of its own
  # library for overlapping, out of bounds or null
  # (https://gcc.gnu.org/PR105651). What these warnings are for, the sanitizers
  # and clang-tidy find.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<OR:$<CONFIG:RelWithDebInfo>,$<BOOL:${RETENTIOND_SANITIZED}>>>:-Wno-restrict
  -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
  -Wno-null-dereference>)
option(RETENTIOND_WERROR "Treat warnings as errors" OFF)
if(RETENTIOND_WERROR)
  target_compile_options(retentiond_options INTERFACE -Werror)
endif()
