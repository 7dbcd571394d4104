# What `cmake --install` puts under the prefix. magister finds magister-rank beside itself; magister-rank finds its libraries
# by the paths they were linked from, libtorch by a relative one where it lies under the prefix too (it may be moved then).
include(GNUInstallDirs)

set(TORCH_LIBRARIES "")
foreach(FOLDER IN LISTS LIBTORCH_FOLDERS)
  cmake_path(IS_PREFIX CMAKE_INSTALL_PREFIX "${FOLDER}" NORMALIZE TORCH_IS_INSTALLED)
  if(TORCH_IS_INSTALLED)
    file(RELATIVE_PATH FOLDER "${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}" "${FOLDER}")
    string(PREPEND FOLDER "$ORIGIN/")
  endif()
  list(APPEND TORCH_LIBRARIES "${FOLDER}")
endforeach()
set_target_properties(magister magister-rank PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
set_target_properties(magister-rank PROPERTIES INSTALL_RPATH "${TORCH_LIBRARIES}")
if(NOT TORCH_IS_INSTALLED) # the same path for both: room for another ends the build tree's in an empty folder, searched too
  set_target_properties(magister-rank PROPERTIES BUILD_WITH_INSTALL_RPATH ON)
endif()

install(TARGETS magister magister-rank RUNTIME)
install(DIRECTORY conf/ DESTINATION ${CMAKE_INSTALL_DATADIR}/magister/conf FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY jobs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/magister/jobs OPTIONAL FILES_MATCHING PATTERN "*.sbatch")
install(FILES README.md LICENSE docs/formats.md docs/install.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The modules that are loaded now are loaded again with magister's: its libraries and mpirun come from them.
string(REPLACE ":" " " MAGISTER_MODULES "$ENV{LOADEDMODULES}")
configure_file(cmake/modulefile.in ${CMAKE_BINARY_DIR}/modulefile @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/modulefile DESTINATION ${CMAKE_INSTALL_DATADIR}/modulefiles/magister
  RENAME ${PROJECT_VERSION})
