# Finds METIS, the graph partitioner that planner flashflex cuts GPUs with: target sextant_metis where it
# is there. One with 64-bit indices, as the published planner used, is what `./setup` builds in the
# cache where it can; Debian's has 32, which is good for all but the published answers. Neither brings a CMake package.

set(metis_hint "$ENV{SEXTANT_CACHE}")
if(NOT metis_hint)
  set(metis_hint "$ENV{HOME}/.cache/sextant")
endif()
find_path(SEXTANT_METIS_INCLUDE metis.h HINTS ${metis_hint}/metis64/include)
find_library(SEXTANT_METIS_LIBRARY NAMES metis64 metis NAMES_PER_DIR HINTS ${metis_hint}/metis64/lib)
if(SEXTANT_METIS_INCLUDE AND SEXTANT_METIS_LIBRARY)
  add_library(sextant_metis INTERFACE)
  target_include_directories(sextant_metis SYSTEM INTERFACE ${SEXTANT_METIS_INCLUDE})
  target_link_libraries(sextant_metis INTERFACE ${SEXTANT_METIS_LIBRARY} m)
  target_compile_definitions(sextant_metis INTERFACE SEXTANT_HAS_METIS)
else()
  message(STATUS "Planner flashflex is off: METIS was not found (Debian package libmetis-dev)")
endif()
