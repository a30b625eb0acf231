// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

#include <assert.h>

#include <kith/platform_board.h>

#include "registers.h"
#include "watch.h"

enum { TICK_NS = 1000000, SCALE_BITS = 20 };

struct moment {
    uint64_t ticks;
    uint32_t cycles; // since that tick
};

// The one mutable static of the platform: interrupts and cycle counts carry no argument.
static struct {
    volatile uint64_t ticks;
    struct moment last;
    uint32_t cycles_per_tick;
    uint64_t scale; // nanoseconds of a cycle, times 1 << SCALE_BITS
} systick;

void kithi_clock_start(uint32_t cpu_hz)
{
    assert(cpu_hz % 1000 == 0 && cpu_hz >= 1000000 && cpu_hz <= 1000000000);
    systick.cycles_per_tick = cpu_hz / 1000;
    systick.scale = ((uint64_t)1000000000 << SCALE_BITS) / cpu_hz;
    systick.ticks = 1;
    KITHI_SYSTEM_PRIORITY_3 |= KITHI_SYSTICK_LAST;
    KITHI_SYSTICK_RELOAD = systick.cycles_per_tick - 1;
    KITHI_SYSTICK_CURRENT = 0;
    KITHI_SYSTICK_CONTROL = KITHI_SYSTICK_RUN;
}

void kith_board_systick_handler(void)
{
    systick.ticks++;
    kithi_watch_tick(TICK_NS);
}

// With interrupts masked. SysTick counts down from cycles_per_tick - 1; the tick becomes pending
// when it reaches 0.
static struct moment read_moment(void)
{
    struct moment now = {.ticks = systick.ticks};
    uint32_t current = KITHI_SYSTICK_CURRENT;
    if ((KITHI_INTERRUPT_STATE & KITHI_SYSTICK_PENDING) != 0) {
        current = KITHI_SYSTICK_CURRENT;
        now.ticks++;
    }
    now.cycles = current == 0 ? 0 : systick.cycles_per_tick - current;

    // An emulator may show 0 a little before it makes the tick pending: that is time standing
    // still.
    bool back = now.ticks < systick.last.ticks ||
                (now.ticks == systick.last.ticks && now.cycles < systick.last.cycles);
    if (back) {
        return systick.last;
    }
    systick.last = now;
    return now;
}

static struct moment now(void)
{
    uint32_t before = kithi_interrupts_mask();
    struct moment moment = read_moment();
    kithi_interrupts_restore(before);
    return moment;
}

uint64_t kithi_clock_now_ns(void)
{
    struct moment moment = now();
    return moment.ticks * TICK_NS + (moment.cycles * systick.scale >> SCALE_BITS);
}

uint64_t kith_board_cycles(void)
{
    struct moment moment = now();
    return moment.ticks * systick.cycles_per_tick + moment.cycles;
}
