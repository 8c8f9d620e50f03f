# bpf_program(name): bpf/name.bpf.c -> build/bpf/name.bpf.o -> build/bpf/include/skeleton/name.skel.h
#
# The skeleton is the only generated file, and stays in the build directory. Include it as
# "skeleton/name.skel.h", through target bpf_skeletons, from one .cpp of userspace/datapath.
find_program(CLANG NAMES clang REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

add_library(bpf_skeletons INTERFACE)
set(BPF_SKELETON_DIR ${PROJECT_BINARY_DIR}/bpf/include)
target_include_directories(bpf_skeletons SYSTEM INTERFACE ${BPF_SKELETON_DIR})

# <linux/types.h> includes <asm/types.h>, which Debian keeps in the multiarch folder.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch
  OUTPUT_VARIABLE BPF_MULTIARCH OUTPUT_STRIP_TRAILING_WHITESPACE)

set(BPF_FLAGS -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wshadow -Werror
  -I${PROJECT_SOURCE_DIR}/bpf -isystem /usr/include/${BPF_MULTIARCH})

function(bpf_program name)
  set(source ${PROJECT_SOURCE_DIR}/bpf/${name}.bpf.c)
  set(object ${PROJECT_BINARY_DIR}/bpf/${name}.bpf.o)
  set(skeleton ${BPF_SKELETON_DIR}/skeleton/${name}.skel.h)
  file(MAKE_DIRECTORY ${BPF_SKELETON_DIR}/skeleton)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CLANG} ${BPF_FLAGS} -MMD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d COMMENT "bpf ${name}" VERBATIM)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${BPFTOOL} gen skeleton ${object} name ${name} > ${skeleton}
    DEPENDS ${object} COMMENT "skeleton ${name}" VERBATIM)
  add_custom_target(bpf_${name} DEPENDS ${object} ${skeleton})
  add_dependencies(bpf_skeletons bpf_${name})
endfunction()
