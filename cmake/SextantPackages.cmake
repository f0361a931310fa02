# Packages of the part that needs no GPU (`cpack` in the build folder): the archive, with all libraries but the C
# library's, which runs wherever it is unpacked; and Debian's sextant and sextant-dev, with dependencies instead.

if(SEXTANT_BUILD_DEVICE OR SEXTANT_SANITIZE OR CMAKE_CROSSCOMPILING)
  return()
endif()

# Component bundled: the libraries of the system that programs need. It is in the archive only.
install(CODE "set(programs \"$<TARGET_FILE:sextant>;$<TARGET_FILE:gather_profs>;$<TARGET_FILE:profile_model>\")
set(own_libraries ${CMAKE_BINARY_DIR}/${SEXTANT_LIBRARY_DIR})
set(library_dir ${SEXTANT_LIBRARY_DIR})
set(licence_dir ${SEXTANT_DOC_DIR}/licences)"
  COMPONENT bundled EXCLUDE_FROM_ALL)
install(SCRIPT cmake/install_bundled_libraries.cmake COMPONENT bundled EXCLUDE_FROM_ALL)

set(CPACK_PACKAGE_NAME sextant)
set(CPACK_PACKAGE_VENDOR "The Sextant authors")
set(CPACK_PACKAGE_CONTACT "The Sextant authors <authors@sextant.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "planner of large models' training and serving on mixed GPUs")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/cpack_generator.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_layout.cmake)
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_SYSTEM_NAME linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 0)

# Two archives, which unpack into one folder.
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(archive ${CPACK_PACKAGE_NAME}-${PROJECT_VERSION}-${CPACK_SYSTEM_NAME})
set(CPACK_ARCHIVE_PROGRAMS_FILE_NAME ${archive})
set(CPACK_ARCHIVE_DEVELOPMENT_FILE_NAME ${archive}-development)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME sextant)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/${SEXTANT_LIBRARY_DIR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS librsvg2-bin)  # plots as PNG
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "Sextant tells how to spread the training of a large model over the GPUs that
there are, mixed types and several zones included, places models for serving
and divides the bandwidth of networks. It needs no GPU itself: it plans from
profiles that were measured on the cluster, or from data sheets.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME sextant-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Static libraries, headers and the CMake package of Sextant's analyzer and
planners, with which a program plans by itself.")
set(dependencies "sextant (= ${PROJECT_VERSION})" nlohmann-json3-dev libfmt-dev libeigen3-dev libyaml-cpp-dev
    libnlopt-cxx-dev)
if(Ceres_FOUND)
  list(APPEND dependencies libceres-dev)
endif()
if(SEXTANT_METIS_LIBRARY AND NOT SEXTANT_METIS_LIBRARY MATCHES "metis64")
  list(APPEND dependencies libmetis-dev)
endif()
list(JOIN dependencies ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)

include(CPack)
cpack_add_component_group(programs DESCRIPTION "Programs, shipped data and scripts")
cpack_add_component(runtime GROUP programs REQUIRED DESCRIPTION "Programs, shipped data and scripts")
cpack_add_component(bundled GROUP programs DESCRIPTION "Libraries of the system that programs need")
cpack_add_component(development DESCRIPTION "Libraries and headers" DEPENDS runtime)
