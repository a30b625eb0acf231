# SPDX-License-Identifier: Apache-2.0
# Bare-metal Cortex-M with newlib nano: the boards, and QEMU's mps2-an385, mps2-an386 and others.
# Cortex-M3 unless KITH_CPU_FLAGS says otherwise.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex_m)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(KITH_PLATFORM board CACHE STRING "Platform the kernel is built for: linux or board")

set(KITH_CPU_FLAGS -mcpu=cortex-m3 CACHE STRING "What the compiler must know of the CPU")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KITH_CPU_FLAGS)

set(CMAKE_C_FLAGS_INIT "${KITH_CPU_FLAGS} -mthumb -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "${KITH_CPU_FLAGS} -mthumb")
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "${KITH_CPU_FLAGS} -mthumb --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
