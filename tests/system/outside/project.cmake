# SPDX-License-Identifier: Apache-2.0
# Becomes the CMakeLists.txt of a project outside of the tree.
cmake_minimum_required(VERSION 3.25)
project(greeter LANGUAGES C)
find_package(kith 0.1 REQUIRED)
add_executable(greeter greeter.c)
kith_protobuf(TARGET greeter FILES greeter.proto)
target_link_libraries(greeter PRIVATE kith::kith)
