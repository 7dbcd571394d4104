# Libraries from the system, from PKG_CONFIG_PATH (modules) or from CMAKE_PREFIX_PATH, and libtorch from LIBTORCH=DIR or
# .deps/ (scripts/setup puts it there).
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
if(MAGISTER_WITH_CAIRO)
  pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)
endif()
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)

set(MAGISTER_MPI "")
if(MAGISTER_WITH_MPI)
  find_package(MPI REQUIRED COMPONENTS C)
  set(MAGISTER_MPI MPI::MPI_C)
endif()

if(MAGISTER_WITH_VIDEO)
  pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
endif()

set(LIBTORCH "$ENV{LIBTORCH}" CACHE PATH "Folder of libtorch (holds include/ and lib/)")
if(NOT LIBTORCH)
  set(LIBTORCH "${CMAKE_SOURCE_DIR}/.deps/libtorch/torch")
endif()
if(NOT EXISTS "${LIBTORCH}/include/ATen/ATen.h")
  message(FATAL_ERROR "no libtorch in ${LIBTORCH}: run scripts/setup, or set LIBTORCH to its folder")
endif()

# Only the CPU half is linked; the CUDA half is opened at run time where there is a GPU (tensor/start.cpp).
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE
  ${LIBTORCH}/include ${LIBTORCH}/include/torch/csrc/api/include)
target_link_libraries(libtorch INTERFACE ${LIBTORCH}/lib/libtorch_cpu.so ${LIBTORCH}/lib/libc10.so ${CMAKE_DL_LIBS})

# What libtorch itself needs. The loader would look for each of these in six folders that libtorch names, most of which are
# not there, before it looks in /usr; a program that names them as well has them loaded by then (bench/start-files).
# LIBTORCH_FOLDERS: where they and libtorch lie.
get_filename_component(LIBTORCH_FOLDERS "${LIBTORCH}/lib" ABSOLUTE)
add_library(libtorch_needs INTERFACE)
if(CMAKE_READELF)
  file(GLOB FOLDERS ${LIBTORCH}/../nvidia/*/lib)
  execute_process(COMMAND ${CMAKE_READELF} -d ${LIBTORCH}/lib/libtorch_cpu.so OUTPUT_VARIABLE NEEDED ERROR_QUIET)
  string(REPLACE "[" "<" NEEDED "${NEEDED}") # brackets would glue a list's elements together
  string(REGEX MATCHALL "NEEDED[^<]*<[^]]+" NEEDED "${NEEDED}")
  foreach(NAME IN LISTS NEEDED)
    string(REGEX REPLACE ".*<" "" NAME "${NAME}")
    unset(PLACE)
    if(NOT NAME MATCHES "^(libc10|libstdc|libc\\.|libm\\.|libgcc|ld-)") # which it names anyway
      find_library(PLACE NAMES ${NAME} HINTS ${LIBTORCH}/lib ${FOLDERS} NO_CACHE)
    endif()
    if(PLACE)
      get_filename_component(PLACE "${PLACE}" ABSOLUTE)
      get_filename_component(FOLDER "${PLACE}" DIRECTORY)
      list(APPEND LIBTORCH_NEEDS "${PLACE}")
      if(FOLDER MATCHES "/nvidia/")
        list(APPEND LIBTORCH_FOLDERS "${FOLDER}")
      endif()
    endif()
  endforeach()
  list(REMOVE_DUPLICATES LIBTORCH_FOLDERS)
  target_link_libraries(libtorch_needs INTERFACE libtorch -Wl,--push-state,--no-as-needed ${LIBTORCH_NEEDS} -Wl,--pop-state)
endif()

# NCCL's and CUDA's headers: their libraries are opened at run time where there is a GPU (comm/nccl.c).
set(NCCL_FOUND FALSE)
if(MAGISTER_WITH_NCCL)
  find_path(CUDA_INCLUDE_DIR NAMES cuda_runtime.h
    HINTS ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda ${LIBTORCH}/../nvidia/cu13 PATH_SUFFIXES include)
  find_path(NCCL_INCLUDE_DIR NAMES nccl.h
    HINTS ENV NCCL_HOME ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda ${LIBTORCH}/../nvidia/nccl PATH_SUFFIXES include)
  if(CUDA_INCLUDE_DIR AND NCCL_INCLUDE_DIR)
    set(NCCL_FOUND TRUE)
  else()
    message(STATUS "no headers of NCCL and CUDA: gradients on GPUs are summed through the host")
  endif()
endif()
