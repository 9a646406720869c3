# SPDX-License-Identifier: BSD-3-Clause
# How every folder declares its library and its tests.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(SIGHTLINE_CCACHE ccache)
if(SIGHTLINE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SIGHTLINE_CCACHE}")
endif()

# Under sanitizers warnings stay warnings: GCC's flow analysis sees their checks as paths and reports variables of
# tl::expected and std::string as uninitialised that are not.
add_library(sightline_compile_options INTERFACE)
target_compile_options(sightline_compile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=switch $<$<BOOL:${SIGHTLINE_MARCH}>:-march=${SIGHTLINE_MARCH}>)
if(SIGHTLINE_WERROR AND NOT SIGHTLINE_SANITIZE)
  target_compile_options(sightline_compile_options INTERFACE -Werror)
endif()
target_include_directories(sightline_compile_options INTERFACE "${PROJECT_SOURCE_DIR}")
if(SIGHTLINE_SANITIZE)
  target_compile_options(sightline_compile_options INTERFACE
    -fsanitize=${SIGHTLINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sightline_compile_options INTERFACE -fsanitize=${SIGHTLINE_SANITIZE})
endif()

# sightline_library(NAME HEADERS ... SOURCES ... DEPS ... PRIVATE_DEPS ...)
# The library of one folder, as sightline::NAME. PRIVATE_DEPS are linked but their headers stay inside the folder.
function(sightline_library name)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(sightline_${name} STATIC ${ARG_HEADERS} ${ARG_SOURCES})
  add_library(sightline::${name} ALIAS sightline_${name})
  target_link_libraries(sightline_${name} PUBLIC sightline_compile_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# sightline_test(FOLDER SOURCES ... DEPS ... LABELS parity integration slow)
# One test program per folder. Its tests carry the label `unit`, except those of suites whose names contain Parity,
# Integration or Slow: each of those LABELS is a ctest entry of its own.
function(sightline_test folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  set(target ${folder}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE sightline_compile_options ${ARG_DEPS} sightline_test_support
    GTest::gmock GTest::gtest GTest::gtest_main)
  add_test(NAME ${folder}.unit COMMAND ${target} --gtest_filter=-*Parity*:*Integration*:*Slow*)
  set_tests_properties(${folder}.unit PROPERTIES LABELS unit TIMEOUT 1800)
  foreach(label ${ARG_LABELS})
    string(SUBSTRING ${label} 0 1 first)
    string(TOUPPER ${first} first)
    string(SUBSTRING ${label} 1 -1 rest)
    add_test(NAME ${folder}.${label} COMMAND ${target} --gtest_filter=*${first}${rest}*)
    set_tests_properties(${folder}.${label} PROPERTIES LABELS ${label} TIMEOUT 1800)
    if(label STREQUAL integration)
      set_tests_properties(${folder}.${label} PROPERTIES COST 100)  # The long ones first, where several run at a time.
    endif()
  endforeach()
endfunction()
