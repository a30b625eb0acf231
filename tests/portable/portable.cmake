# SPDX-License-Identifier: Apache-2.0
# The portable tests: one program for each file, from the same sources for every target.

set(KITH_PORTABLE_TESTS deadline exchange mailbox message monitor platform process registers
    scheduler stack)

# Declares the programs PREFIXdeadline and so on, and sets KITH_PORTABLE_PROGRAMS to their names.
#
#     kith_portable_programs(PREFIX unit_portable_ TARGET_SOURCE target_posix.c LINK kith_core)
function(kith_portable_programs)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "PREFIX;TARGET_SOURCE" "LINK")
    require_arguments(kith_portable_programs arg PREFIX TARGET_SOURCE LINK)
    set(folder ${PROJECT_SOURCE_DIR}/tests/portable)
    add_library(${arg_PREFIX}check OBJECT ${folder}/check.c ${folder}/${arg_TARGET_SOURCE})
    target_link_libraries(${arg_PREFIX}check PUBLIC ${arg_LINK} kith_options)
    set(programs)
    foreach(test IN LISTS KITH_PORTABLE_TESTS)
        add_executable(${arg_PREFIX}${test} ${folder}/${test}.c)
        target_link_libraries(${arg_PREFIX}${test} PRIVATE ${arg_PREFIX}check)
        list(APPEND programs ${arg_PREFIX}${test})
    endforeach()
    # The one that tests the CPU's part of the kernel from inside.
    get_target_property(core kith_core SOURCE_DIR)
    target_sources(${arg_PREFIX}registers PRIVATE ${folder}/arch/${KITH_ARCH}/registers.S)
    target_include_directories(${arg_PREFIX}registers PRIVATE
        ${folder}/arch/${KITH_ARCH} ${core} ${core}/arch/${KITH_ARCH})
    set(KITH_PORTABLE_PROGRAMS ${programs} PARENT_SCOPE)
endfunction()
