# SPDX-License-Identifier: Apache-2.0
# Libraries from the system, found by pkg-config. Each becomes an imported target with a short name;
# a target that wraps a library links it PRIVATE. deploy/packages lists the Debian packages.

find_package(PkgConfig REQUIRED)

# kith_find_package(uv libuv>=1.44): the pkg-config module becomes the target kith::uv.
macro(kith_find_package short module)
    pkg_check_modules(KITH_${short} IMPORTED_TARGET GLOBAL "${module}")
    if(NOT KITH_${short}_FOUND)
        message(FATAL_ERROR
            "${module} isn't installed: run deploy/install-packages build test, configure again")
    endif()
    add_library(kith::${short} ALIAS PkgConfig::KITH_${short})
endmacro()

kith_find_package(uv "libuv>=1.44")
kith_find_package(usrsctp "usrsctp>=0.9.5")
kith_find_package(protobuf_c "libprotobuf-c>=1.4")
kith_find_package(yaml "yaml-0.1>=0.2")
kith_find_package(jansson "jansson>=2.14")
if(BUILD_TESTING)
    kith_find_package(cmocka "cmocka>=1.1.5")
endif()

find_program(KITH_PROTOC_C protoc-c REQUIRED)
