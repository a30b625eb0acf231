// SPDX-License-Identifier: Apache-2.0
// How a board ends when it can't go on: DEATH is the name of one of these functions. The test looks
// at the exit status and the last line.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <kith/platform_board.h>

static struct kith_platform_board board;
static struct kith_platform platform;

static void return_3(void)
{
    struct kith_log_field fields[] = {
        {"plain", "word", 0}, {"number", NULL, UINT64_MAX},
        {"zero", NULL, 0},    {"hostile", "two words=\"x\\y\"\nPASS \x01\x7f", 0},
        {"empty", "", 0},
    };
    platform.log(platform.state, KITH_LOG_INFO, "check", fields, 5);
}

static void panic(void)
{
    platform.panic(platform.state, "of this test");
}

static void fail_assertion(void)
{
    assert(!"what this test asserts");
}

static void fault(void)
{
    __asm__ volatile("udf #0");
}

static void be_interrupted_unexpectedly(void)
{
    *(volatile uint32_t *)0xE000E100 = 1u << 31;
    *(volatile uint32_t *)0xE000E200 = 1u << 31;
    __asm__ volatile("dsb\n isb");
}

static const struct {
    const char *name;
    void (*run)(void);
} deaths[] = {
    {"return_3", return_3},
    {"panic", panic},
    {"fail_assertion", fail_assertion},
    {"fault", fault},
    {"be_interrupted_unexpectedly", be_interrupted_unexpectedly},
};

int main(void)
{
    kith_platform_board_init(&board, &platform);
    for (size_t place = 0; place < sizeof deaths / sizeof deaths[0]; place++) {
        if (strcmp(deaths[place].name, DEATH) == 0) {
            deaths[place].run();
        }
    }
    return 3;
}
