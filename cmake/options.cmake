# SPDX-License-Identifier: Apache-2.0
# Build options and the one interface target, kith_options, that carries them to every target.

option(KITH_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(KITH_COVERAGE "Build with coverage counters (gcov)" OFF)
option(KITH_FUZZ "Build the fuzzers (clang only); includes the sanitizers" OFF)
set(KITH_FUZZ_SECONDS 120 CACHE STRING "Processor time for all fuzzers together, in a run of ctest")
set(KITH_PLATFORM linux CACHE STRING "Platform the kernel is built for: linux or board")
set_property(CACHE KITH_PLATFORM PROPERTY STRINGS linux board)
set(KITH_PLANTED_BUG "" CACHE STRING
    "Name of a bug to build in, e.g. GENERATION_NOT_CHECKED; only for testing the tests")
option(KITH_PLANTED "Build in all planted bugs, to be selected at run time (kith-sim --bug)" OFF)

if(NOT KITH_PLATFORM MATCHES "^(linux|board)$")
    message(FATAL_ERROR "KITH_PLATFORM is '${KITH_PLATFORM}', it must be linux or board")
endif()
if(NOT KITH_PLANTED_BUG MATCHES "^[A-Z0-9_]*$")
    message(FATAL_ERROR "KITH_PLANTED_BUG is '${KITH_PLANTED_BUG}', it must be UPPER_CASE")
endif()
if(KITH_FUZZ AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "KITH_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang")
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(KITH_PLATFORM STREQUAL linux)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

# Assertions stay in the default build; only Release drops them.
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")

# An assertion names its file as the repository does: where the tree lies must not change what is
# built, the kernel's size least of all.
add_compile_options("$<$<COMPILE_LANGUAGE:C>:-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=>")

# For a CPU that nobody names gcc clears structs with `rep stos`, which takes 30 ns to begin with;
# for this one with plain stores. It's about tuning: the code runs on every x86-64.
if(CMAKE_C_COMPILER_ID STREQUAL GNU AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    add_compile_options(-mtune=skylake)
endif()

# Generated code gets the instrumentation but not the warnings.
add_library(kith_generated_options INTERFACE)
add_library(kith_options INTERFACE)
target_link_libraries(kith_options INTERFACE kith_generated_options)

# A frame larger than the guard below a stack would step over it; so it is touched page by page.
if(KITH_PLATFORM STREQUAL linux)
    target_compile_options(kith_generated_options INTERFACE -fstack-clash-protection)
endif()

set(KITH_WARNINGS
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wundef -Wwrite-strings -Wpointer-arith -Wformat=2 -Wcast-align)
target_compile_options(kith_options INTERFACE "$<$<COMPILE_LANGUAGE:C>:${KITH_WARNINGS}>")

# KITH_SANITIZED is always defined, so that `#if KITH_SANITIZED` is safe under -Wundef.
if(KITH_SANITIZE OR KITH_FUZZ)
    set(KITH_SANITIZER_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all)
    target_compile_options(kith_generated_options INTERFACE
        ${KITH_SANITIZER_FLAGS} -fno-omit-frame-pointer)
    target_link_options(kith_generated_options INTERFACE ${KITH_SANITIZER_FLAGS})
    target_compile_definitions(kith_generated_options INTERFACE KITH_SANITIZED=1)
else()
    target_compile_definitions(kith_generated_options INTERFACE KITH_SANITIZED=0)
endif()

if(KITH_FUZZ)
    target_compile_options(kith_generated_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(KITH_COVERAGE)
    target_compile_options(kith_generated_options INTERFACE --coverage)
    target_link_options(kith_generated_options INTERFACE --coverage)
endif()

# See core/include/kith/planted.h.
if(KITH_PLANTED_BUG)
    target_compile_definitions(kith_options INTERFACE
        KITH_PLANTED_FIRST=KITH_PLANTED_${KITH_PLANTED_BUG})
elseif(KITH_PLANTED)
    target_compile_definitions(kith_options INTERFACE KITH_PLANTED_FIRST=KITH_PLANTED_NONE)
endif()
