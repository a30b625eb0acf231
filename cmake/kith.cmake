# SPDX-License-Identifier: Apache-2.0
# How modules, tests and generated code are declared.

# One module: a static library whose public headers are in include/ beside its CMakeLists.txt.
#
#     kith_module(NAME kith_net SOURCES link.c frame.c PUBLIC_LINK kith_core PRIVATE_LINK kith::uv)
#
# The module's own folder isn't on the include path: its internal headers are found beside its
# sources, and by nobody else.
function(kith_module)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;PUBLIC_LINK;PRIVATE_LINK")
    require_arguments(kith_module arg NAME SOURCES)
    add_library(${arg_NAME} STATIC ${arg_SOURCES})
    if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
        target_include_directories(${arg_NAME} PUBLIC
            $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    endif()
    target_link_libraries(${arg_NAME}
        PUBLIC ${arg_PUBLIC_LINK}
        PRIVATE ${arg_PRIVATE_LINK} $<BUILD_INTERFACE:kith_options>)
endfunction()

# One cmocka program in ctest, under the label `unit` or the one given.
#
#     kith_unit_test(NAME unit_mailbox SOURCES mailbox.c LINK kith_core [LABEL sim] [TIMEOUT 60]
#                    [INCLUDE ../../core] [ARGUMENTS --seed 1])
#
# INCLUDE is for a test of a module's internals. TIMEOUT is in seconds.
function(kith_unit_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;LABEL;TIMEOUT"
        "SOURCES;LINK;INCLUDE;ARGUMENTS")
    require_arguments(kith_unit_test arg NAME SOURCES)
    set_default(arg_LABEL unit)
    set_default(arg_TIMEOUT 60)
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_include_directories(${arg_NAME} PRIVATE ${arg_INCLUDE})
    target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK} kith::cmocka kith_options)
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME} ${arg_ARGUMENTS})
    set_test_limits(${arg_NAME} ${arg_LABEL} ${arg_TIMEOUT})
endfunction()

# One libFuzzer program in ctest, under the label `fuzz`; only declared in a build with KITH_FUZZ.
# It runs over the seeds in CORPUS (a folder, not written to) and then inputs of its own, until its
# share of KITH_FUZZ_SECONDS is used up.
#
#     kith_fuzz_test(NAME fuzz_frame SOURCES frame.c LINK kith_net CORPUS corpus/frame)
function(kith_fuzz_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;CORPUS" "SOURCES;LINK;INCLUDE")
    require_arguments(kith_fuzz_test arg NAME SOURCES CORPUS)
    if(NOT KITH_FUZZ)
        return()
    endif()
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_include_directories(${arg_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz ${arg_INCLUDE})
    target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK} kith_options)
    target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
    get_filename_component(corpus ${arg_CORPUS} ABSOLUTE)
    set_target_properties(${arg_NAME} PROPERTIES KITH_CORPUS ${corpus})
    get_property(fuzzers GLOBAL PROPERTY KITH_FUZZERS)
    if(NOT fuzzers)
        cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL add_fuzz_tests)
    endif()
    set_property(GLOBAL APPEND PROPERTY KITH_FUZZERS ${arg_NAME})
endfunction()

# Called when all fuzzers are declared, so that each gets the same share of the time.
function(add_fuzz_tests)
    get_property(fuzzers GLOBAL PROPERTY KITH_FUZZERS)
    list(LENGTH fuzzers count)
    math(EXPR seconds "${KITH_FUZZ_SECONDS} / ${count} + 1")
    math(EXPR timeout "${seconds} * 4 + 60")
    add_custom_target(fuzzers DEPENDS ${fuzzers})
    foreach(name IN LISTS fuzzers)
        set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
        file(MAKE_DIRECTORY ${found})
        get_target_property(corpus ${name} KITH_CORPUS)
        add_test(NAME ${name} COMMAND ${name} -max_total_time=${seconds} -timeout=10 -seed=1
            -rss_limit_mb=1024 -artifact_prefix=${found}/ ${found} ${corpus})
        set_test_limits(${name} fuzz ${timeout})
    endforeach()
endfunction()

# Code that protoc-c makes from .proto files, as a static library of its own: compiled without our
# warnings, its headers included as system headers.
#
#     kith_proto(NAME kith_proto_messages FILES frame.proto hello.proto [IMPORT ...] [LINK ...])
#
# A method's name becomes a member of a C struct, in lower case: `rpc Register` would become the
# keyword `register` and not compile, as would Auto, Break, Default, Switch ...; so say what is
# registered, `rpc RegisterName`. Fields get an underscore instead (`default_`).
#
# FILES are relative to the current folder and keep their sub-folder in the generated include path.
# IMPORT are further folders for `import`; LINK are the kith_proto targets their files belong to.
function(kith_proto)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "FILES;IMPORT;LINK")
    require_arguments(kith_proto arg NAME FILES)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME})
    file(MAKE_DIRECTORY ${out})
    set(import_flags -I${CMAKE_CURRENT_SOURCE_DIR})
    foreach(folder IN LISTS arg_IMPORT)
        get_filename_component(folder ${folder} ABSOLUTE)
        list(APPEND import_flags -I${folder})
    endforeach()
    set(sources)
    foreach(file IN LISTS arg_FILES)
        string(REGEX REPLACE "\\.proto$" "" stem ${file})
        add_custom_command(
            OUTPUT ${out}/${stem}.pb-c.c ${out}/${stem}.pb-c.h
            COMMAND ${KITH_PROTOC_C} ${import_flags} --c_out=${out}
                ${CMAKE_CURRENT_SOURCE_DIR}/${file}
            DEPENDS ${arg_FILES}
            COMMENT "Generating ${stem}.pb-c.c"
            VERBATIM)
        list(APPEND sources ${out}/${stem}.pb-c.c)
    endforeach()
    add_library(${arg_NAME} STATIC ${sources})
    target_include_directories(${arg_NAME} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_link_libraries(${arg_NAME} PUBLIC kith::protobuf_c ${arg_LINK}
        PRIVATE $<BUILD_INTERFACE:kith_generated_options>)
endfunction()

function(set_test_limits test label timeout)
    set_tests_properties(${test} PROPERTIES
        LABELS ${label}
        TIMEOUT ${timeout}
        ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1;ASAN_OPTIONS=detect_leaks=1:abort_on_error=0")
endfunction()

macro(set_default variable value)
    if(NOT DEFINED ${variable})
        set(${variable} ${value})
    endif()
endmacro()

function(require_arguments caller prefix)
    foreach(name IN LISTS ARGN)
        if(NOT DEFINED ${prefix}_${name})
            message(FATAL_ERROR "${caller}: ${name} is missing")
        endif()
    endforeach()
    if(DEFINED ${prefix}_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${caller}: what is '${${prefix}_UNPARSED_ARGUMENTS}'?")
    endif()
endfunction()
