# SPDX-License-Identifier: Apache-2.0
# Firmware of which the exit status and the last words are tested.

# death(panic 70 "^panic: of this test"): one program and its test.
function(death name status text)
    set(program cross_death_${name})
    add_executable(${program} death.c)
    target_compile_definitions(${program} PRIVATE DEATH="${name}")
    target_link_libraries(${program} PRIVATE kith_board_mps2_an385 kith_options)
    expect_end(${program} ${status} ${text})
endfunction()

function(expect_end program status text)
    add_test(NAME ${program} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/expect ${program} ${status} ${text}
        ${KITH_EMULATOR} $<TARGET_FILE:${program}>)
    set_test_limits(${program} cross 60)
endfunction()

death(return_3 3 "[0-9]+[.][0-9]+ info check plain=word number=18446744073709551615 zero=0\
 hostile=\"two words=.\"x..y.\".nPASS .x01.x7f\" empty=\"\"")
death(panic 70 "panic: of this test")
death(fail_assertion 71 "assertion failed: .*what this test asserts")
death(fault 72 "fault: exception=00000003 pc=0000[0-9a-f]+ ")
death(be_interrupted_unexpectedly 72 "fault: exception=0000002f pc=0000[0-9a-f]+ ")

add_executable(cross_no_entropy no_entropy.c)
target_link_libraries(cross_no_entropy PRIVATE kith_board_mps2_an385 kith_options)
expect_end(cross_no_entropy 70 "^$")

add_executable(cross_firmware firmware.c)
target_link_libraries(cross_firmware PRIVATE kith_board_mps2_an385 kith_options)
expect_end(cross_firmware 0 "^[0-9.]+ info hello board=mps2-an385")
