# Sanitizers and coverage, chosen by the presets.
set(RETENTIOND_SANITIZE "" CACHE STRING "Sanitizers, comma separated")
option(RETENTIOND_COVERAGE "Instrument for gcov" OFF)
if(RETENTIOND_SANITIZE)
  add_compile_options(-fsanitize=${RETENTIOND_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RETENTIOND_SANITIZE})
endif()
if(RETENTIOND_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
