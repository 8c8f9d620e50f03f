# What compiling costs: precompiled headers, fairlead_precompile(target std|gtest), and what is optimised nevertheless.
#
# What nearly every file includes is parsed once for all targets: a second saved for each. Files include what
# they use nevertheless, which -DFAIRLEAD_PRECOMPILED=OFF shows, and check.headers for headers.
option(FAIRLEAD_PRECOMPILED "parse the standard library and gtest once for all files" ON)

set(FAIRLEAD_STD_HEADERS <algorithm> <array> <charconv> <chrono> <expected> <fstream> <functional>
  <map> <memory> <mutex> <optional> <ostream> <set> <span> <sstream> <string> <string_view> <thread> <utility>
  <variant> <vector>)
file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "")

# fairlead_precompiled_set(name LIBRARIES... HEADERS...): g++ takes a precompiled header only if every macro that
# it saw is as it was, so the libraries that define some are named.
function(fairlead_precompiled_set name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;HEADERS" ${ARGN})
  if(FAIRLEAD_PRECOMPILED AND NOT TARGET fl_precompiled_${name})
    add_library(fl_precompiled_${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(fl_precompiled_${name} PRIVATE fairlead_warnings ${ARG_LIBRARIES})
    target_precompile_headers(fl_precompiled_${name} PRIVATE ${ARG_HEADERS})
  endif()
endfunction()

fairlead_precompiled_set(std HEADERS ${FAIRLEAD_STD_HEADERS})
if(FAIRLEAD_TESTS)
  fairlead_precompiled_set(gtest LIBRARIES GTest::gtest HEADERS ${FAIRLEAD_STD_HEADERS} <gtest/gtest.h>)
endif()

function(fairlead_precompile target name)
  if(FAIRLEAD_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM fl_precompiled_${name})
  endif()
endfunction()

# What runs a million times in a test, also where nothing else is optimised.
function(fairlead_optimise)
  foreach(target IN LISTS ARGN)
    set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
  endforeach()
endfunction()
