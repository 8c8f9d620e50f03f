# grpc_proto(name file.proto): library `name` of the messages and stubs that protoc makes of it.
#
# The generated files stay in the build directory. Include them as "generated/file.grpc.pb.h"; they and
# the libraries' headers are SYSTEM includes, and nothing of them is held to our warnings.
find_package(Protobuf REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)

function(grpc_proto name proto)
  get_filename_component(stem ${proto} NAME_WE)
  get_filename_component(source ${proto} ABSOLUTE)
  get_filename_component(folder ${source} DIRECTORY)
  set(root ${PROJECT_BINARY_DIR}/proto)
  set(out ${root}/generated)
  file(MAKE_DIRECTORY ${out})
  set(files ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.cc)
  add_custom_command(OUTPUT ${files} ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.h
    COMMAND protobuf::protoc --proto_path=${folder} --cpp_out=${out} --grpc_out=${out}
      --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${source}
    DEPENDS ${source} COMMENT "protoc ${stem}" VERBATIM)
  add_library(${name} STATIC ${files})
  target_include_directories(${name} SYSTEM PUBLIC ${root} ${out})
  target_link_libraries(${name} PUBLIC PkgConfig::GRPCPP protobuf::libprotobuf Threads::Threads)
  # pkg-config names some 60 libraries that grpc++ brings itself; link those that are called.
  target_link_options(${name} INTERFACE LINKER:--as-needed)
endfunction()
