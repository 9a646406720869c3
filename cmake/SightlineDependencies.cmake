# SPDX-License-Identifier: BSD-3-Clause
# Finds every dependency; downloads nothing. scripts/setup.sh puts LibTorch and FAISS into SIGHTLINE_DEPS; another
# LibTorch or FAISS is taken from CMAKE_PREFIX_PATH when it is found there (docs/DEPENDENCIES.md).

if(DEFINED ENV{SIGHTLINE_DEPS})
  set(default_deps "$ENV{SIGHTLINE_DEPS}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(default_deps "$ENV{XDG_CACHE_HOME}/sightline")
else()
  set(default_deps "$ENV{HOME}/.cache/sightline")
endif()
set(SIGHTLINE_DEPS "${default_deps}" CACHE PATH "Where scripts/setup.sh put LibTorch and FAISS")

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
if(SIGHTLINE_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

# LibTorch as imported targets of our own: torch's include folder ships other versions of fmt and protobuf, so only the
# encoder may see it, and its CMake package would also add library paths that do not exist.
find_path(SIGHTLINE_TORCH_INCLUDE ATen/ATen.h PATH_SUFFIXES include PATHS "${SIGHTLINE_DEPS}/torch")
find_library(SIGHTLINE_TORCH_CPU torch_cpu PATH_SUFFIXES lib PATHS "${SIGHTLINE_DEPS}/torch")
find_library(SIGHTLINE_C10 c10 PATH_SUFFIXES lib PATHS "${SIGHTLINE_DEPS}/torch")
find_library(SIGHTLINE_TORCH_CUDA torch_cuda PATH_SUFFIXES lib PATHS "${SIGHTLINE_DEPS}/torch")
find_library(SIGHTLINE_C10_CUDA c10_cuda PATH_SUFFIXES lib PATHS "${SIGHTLINE_DEPS}/torch")
if(NOT SIGHTLINE_TORCH_INCLUDE OR NOT SIGHTLINE_TORCH_CPU OR NOT SIGHTLINE_C10)
  message(FATAL_ERROR "LibTorch not found: run scripts/setup.sh, or give -DCMAKE_PREFIX_PATH=<libtorch>")
endif()
add_library(sightline_c10 SHARED IMPORTED)
set_target_properties(sightline_c10 PROPERTIES IMPORTED_LOCATION "${SIGHTLINE_C10}")
add_library(sightline_torch SHARED IMPORTED)
set_target_properties(sightline_torch PROPERTIES IMPORTED_LOCATION "${SIGHTLINE_TORCH_CPU}"
  INTERFACE_LINK_LIBRARIES sightline_c10)
target_include_directories(sightline_torch SYSTEM INTERFACE "${SIGHTLINE_TORCH_INCLUDE}"
  "${SIGHTLINE_TORCH_INCLUDE}/torch/csrc/api/include")
# Files include the operators they call: half the compile time of the header of all operators.
target_compile_definitions(sightline_torch INTERFACE AT_PER_OPERATOR_HEADERS)
if(SIGHTLINE_TORCH_CUDA AND SIGHTLINE_C10_CUDA)
  # Registers its kernels when loaded; no symbol of it is called, so the linker must be told to keep it.
  target_link_libraries(sightline_torch INTERFACE -Wl,--no-as-needed "${SIGHTLINE_TORCH_CUDA}" "${SIGHTLINE_C10_CUDA}"
    -Wl,--as-needed)
endif()

if(SIGHTLINE_PARTS STREQUAL "all")
  find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS json url)
  find_package(RocksDB REQUIRED CONFIG)
  find_package(ZLIB REQUIRED)
  find_package(roaring REQUIRED CONFIG)
  find_package(CLI11 REQUIRED)
  find_path(SIGHTLINE_TOMLPLUSPLUS toml++/toml.h REQUIRED)
  pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
  pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
  pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
  pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
  pkg_check_modules(HEIF REQUIRED IMPORTED_TARGET libheif)
  pkg_check_modules(LCMS REQUIRED IMPORTED_TARGET lcms2)
  # By pkg-config: prometheus-cpp's CMake package also asks for curl and civetweb, which its core does not need.
  pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)

  find_path(SIGHTLINE_FAISS_INCLUDE faiss/IndexFlat.h PATH_SUFFIXES include PATHS "${SIGHTLINE_DEPS}/faiss")
  find_library(SIGHTLINE_FAISS_LIBRARY NAMES faiss_avx2 faiss PATH_SUFFIXES lib PATHS "${SIGHTLINE_DEPS}/faiss")
  if(NOT SIGHTLINE_FAISS_INCLUDE OR NOT SIGHTLINE_FAISS_LIBRARY)
    message(FATAL_ERROR "FAISS not found: run scripts/setup.sh, or give -DCMAKE_PREFIX_PATH=<faiss>")
  endif()
  # By path: the OpenMP flavour of OpenBLAS, whatever the system's alternative points to. The pthread flavour fights
  # with OpenMP over the cores (docs/DEPENDENCIES.md).
  find_library(SIGHTLINE_OPENBLAS NAMES libopenblas.so.0 openblas REQUIRED
    PATHS /usr/lib/x86_64-linux-gnu/openblas-openmp NO_DEFAULT_PATH)
  # gomp by name, with any compiler: clang's -fopenmp would bring a second OpenMP runtime into the process.
  add_library(sightline_faiss STATIC IMPORTED)
  set_target_properties(sightline_faiss PROPERTIES IMPORTED_LOCATION "${SIGHTLINE_FAISS_LIBRARY}"
    INTERFACE_LINK_LIBRARIES "${SIGHTLINE_OPENBLAS};gomp")
  target_include_directories(sightline_faiss SYSTEM INTERFACE "${SIGHTLINE_FAISS_INCLUDE}")
endif()
