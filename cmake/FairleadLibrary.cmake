# fairlead_library(name SOURCES a.cpp ... USES base model PkgConfig::X ...)
#
# One folder of userspace/ = one library = one layer. USES names the layers it may include
# from (tests/check/layering.py checks the includes) and the outside libraries it links.
function(fairlead_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_library(fl_${name} STATIC ${ARG_SOURCES})
  # The root, for "bpf/shared/...": the ABI is spelled so that one sees where it comes from.
  target_include_directories(fl_${name} PUBLIC ${PROJECT_SOURCE_DIR}/userspace ${PROJECT_SOURCE_DIR})
  target_link_libraries(fl_${name} PRIVATE fairlead_warnings)
  if(FAIRLEAD_FUZZ)  # the libraries are what libFuzzer watches: tests/fuzz/CMakeLists.txt
    target_compile_options(fl_${name} PRIVATE -fsanitize-coverage=trace-pc,trace-cmp)
  endif()
  foreach(use IN LISTS ARG_USES)
    if(EXISTS ${PROJECT_SOURCE_DIR}/userspace/${use})
      target_link_libraries(fl_${name} PUBLIC fl_${use})
    else()
      target_link_libraries(fl_${name} PUBLIC ${use})
    endif()
  endforeach()
endfunction()

# fairlead_test(tier name SOURCES ... USES ...): ctest "<tier>.<name>", label <tier>.
function(fairlead_test tier name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  string(REPLACE "." "_" target "test_${tier}_${name}")
  add_executable(${target} ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/userspace ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE fairlead_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  foreach(use IN LISTS ARG_USES)
    if(EXISTS ${PROJECT_SOURCE_DIR}/userspace/${use})
      target_link_libraries(${target} PRIVATE fl_${use})
    else()
      target_link_libraries(${target} PRIVATE ${use})
    endif()
  endforeach()
  add_test(NAME ${tier}.${name} COMMAND ${target})
  set_tests_properties(${tier}.${name} PROPERTIES LABELS ${tier} TIMEOUT 300)
endfunction()
