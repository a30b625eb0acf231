// SPDX-License-Identifier: Apache-2.0
// Time and waiting: idle is one turn of the libuv loop, with a timer for the deadline.
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "linux.h"

enum {
    NS_PER_MS = 1000000,
    CLOSE_TURNS = 1000,
    LOOK_NS = 25000, // a busy scheduler doesn't make the platform look more often than this
    STILL_MS = 1000, // a node that doesn't come back for so long stands still
};

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t kithi_clock_now_ns(void *state)
{
    (void)state;
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t kithi_clock_wall_ns(void *state)
{
    (void)state;
    return read_clock(CLOCK_REALTIME);
}

// The callback that has nothing to do: its event has ended the wait, and that was all.
static void ignore_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void ignore_wake(uv_async_t *async)
{
    (void)async;
}

enum outcome { IN_VAIN, LOOP_IS_READY, TAKEN };

static bool is_ready(const uv_loop_t *loop)
{
    struct pollfd events = {.fd = uv_backend_fd(loop), .events = POLLIN};
    return poll(&events, 1, 0) > 0;
}

// When the loop's next timer or the deadline is due, whichever comes first.
static uint64_t find_end(const uv_loop_t *loop, uint64_t deadline_ns, uint64_t now_ns)
{
    int timer_ms = uv_backend_timeout(loop);
    if (timer_ms >= 0 && deadline_ns - now_ns > (uint64_t)timer_ms * NS_PER_MS) {
        return now_ns + (uint64_t)timer_ms * NS_PER_MS;
    }
    return deadline_ns;
}

static enum outcome look_once(struct kithi_linux *self, unsigned turn)
{
    if (self->look != NULL && self->look(self->look_state)) {
        return TAKEN;
    }
    bool whole = self->look == NULL || turn % KITHI_LOOKS == 0;
    return whole && is_ready(&self->loop) ? LOOP_IS_READY : IN_VAIN;
}

static enum outcome spin(struct kithi_linux *self, uint64_t deadline_ns, uint64_t start_ns)
{
    if (self->spin.now_ns == 0) {
        return IN_VAIN;
    }
    uint64_t end_ns = find_end(&self->loop, deadline_ns, start_ns);
    for (unsigned turn = 0;; turn++) {
        enum outcome outcome = look_once(self, turn);
        uint64_t now_ns = read_clock(CLOCK_MONOTONIC);
        if (outcome != IN_VAIN) {
            kithi_spin_waited(&self->spin, now_ns - start_ns);
            return outcome;
        }
        if (now_ns >= end_ns) {
            return LOOP_IS_READY;
        }
        if (now_ns - start_ns >= self->spin.now_ns) {
            return IN_VAIN;
        }
    }
}

// The last thing before the loop waits. It runs the timers that are due before that, too, and then
// waits for the next one, if there is any. What they have done may be for the node to deal with,
// and the deadline's may be among them: then this isn't the time to wait.
static void forgo_wait(uv_prepare_t *prepare)
{
    const struct kithi_linux *self = prepare->data;
    if (uv_now(prepare->loop) != self->waits_from_ms) {
        uv_stop(prepare->loop);
    }
}

static void sleep_until(struct kithi_linux *self, uint64_t deadline_ns, uint64_t now_ns)
{
    uv_update_time(&self->loop);
    self->waits_from_ms = uv_now(&self->loop);
    if (deadline_ns == KITH_FOREVER) {
        uv_timer_stop(&self->deadline);
    } else {
        uint64_t timeout_ms = (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
        uv_timer_start(&self->deadline, ignore_timer, timeout_ms, 0);
    }
    bool is_due = uv_backend_timeout(&self->loop) == 0;
    uv_run(&self->loop, is_due ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    if (self->spin.longest_ns > 0) {
        kithi_spin_waited(&self->spin, read_clock(CLOCK_MONOTONIC) - now_ns);
    }
}

// A process that waits in a system call uses no CPU, by which it would be noticed; but its whole
// node waits with it, and the peers give that up.
static void check_still(struct kithi_linux *self, uint64_t now_ns)
{
    uint64_t still_ms = self->left_ns == 0 ? 0 : (now_ns - self->left_ns) / NS_PER_MS;
    if (still_ms >= STILL_MS) {
        struct kith_log_field field = {"ms", NULL, still_ms};
        kithi_log_write(self, KITH_LOG_WARNING, "node_stood_still", &field, 1);
    }
}

static void look_or_wait(struct kithi_linux *self, uint64_t deadline_ns, uint64_t now_ns)
{
    enum outcome outcome = LOOP_IS_READY;
    if (deadline_ns > now_ns) {
        outcome = spin(self, deadline_ns, now_ns);
    }
    if (outcome == IN_VAIN) {
        sleep_until(self, deadline_ns, now_ns);
    } else if (outcome == LOOP_IS_READY || now_ns - self->looked_ns >= NS_PER_MS) {
        self->looked_ns = now_ns;
        uv_run(&self->loop, UV_RUN_NOWAIT);
    }
}

void kithi_loop_idle(void *state, uint64_t deadline_ns)
{
    struct kithi_linux *self = state;
    uint64_t now_ns = kithi_clock_now_ns(self);
    check_still(self, now_ns);
    if (deadline_ns != KITH_NO_WAIT || now_ns - self->looked_ns >= LOOK_NS) {
        look_or_wait(self, deadline_ns, now_ns);
        now_ns = kithi_clock_now_ns(self);
    }
    self->left_ns = now_ns;
}

void kith_platform_linux_set_look(const struct kith_platform *platform, bool (*look)(void *state),
                                  void *look_state)
{
    struct kithi_linux *self = platform->state;
    self->look = look;
    self->look_state = look_state;
}

void kithi_loop_wake(void *state)
{
    struct kithi_linux *self = state;
    uv_async_send(&self->woken);
}

static void take_signal(uv_signal_t *handle, int signal_number)
{
    struct kithi_linux *self = handle->data;
    self->stop(self->stop_argument, signal_number);
}

// nohup(1) says so.
static bool is_ignored(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

enum kith_error kith_platform_linux_on_stop(const struct kith_platform *platform,
                                            void (*stop)(void *argument, int signal_number),
                                            void *argument)
{
    struct kithi_linux *self = platform->state;
    self->stop = stop;
    self->stop_argument = argument;
    if (self->signals_open) {
        return KITH_OK;
    }
    uv_signal_init(&self->loop, &self->terminate);
    uv_signal_init(&self->loop, &self->interrupt);
    uv_signal_init(&self->loop, &self->hangup);
    self->terminate.data = self->interrupt.data = self->hangup.data = self;
    self->signals_open = true;
    if (uv_signal_start(&self->terminate, take_signal, SIGTERM) != 0 ||
        uv_signal_start(&self->interrupt, take_signal, SIGINT) != 0 ||
        (!is_ignored(SIGHUP) && uv_signal_start(&self->hangup, take_signal, SIGHUP) != 0)) {
        return KITH_ERROR_IO;
    }
    return KITH_OK;
}

enum kith_error kithi_loop_open(struct kithi_linux *self)
{
    if (uv_loop_init(&self->loop) != 0) {
        return KITH_ERROR_IO;
    }
    uv_timer_init(&self->loop, &self->deadline);
    uv_prepare_init(&self->loop, &self->waits);
    self->waits.data = self;
    uv_prepare_start(&self->waits, forgo_wait);
    if (uv_async_init(&self->loop, &self->woken, ignore_wake) != 0) {
        uv_close((uv_handle_t *)&self->deadline, NULL);
        uv_close((uv_handle_t *)&self->waits, NULL);
        uv_run(&self->loop, UV_RUN_NOWAIT);
        uv_loop_close(&self->loop);
        return KITH_ERROR_IO;
    }
    return KITH_OK;
}

void kithi_loop_close(struct kithi_linux *self)
{
    uv_close((uv_handle_t *)&self->deadline, NULL);
    uv_close((uv_handle_t *)&self->waits, NULL);
    uv_close((uv_handle_t *)&self->woken, NULL);
    if (self->signals_open) {
        uv_close((uv_handle_t *)&self->terminate, NULL);
        uv_close((uv_handle_t *)&self->interrupt, NULL);
        uv_close((uv_handle_t *)&self->hangup, NULL);
    }
    for (int turn = 0; turn < CLOSE_TURNS && uv_loop_alive(&self->loop); turn++) {
        uv_run(&self->loop, UV_RUN_NOWAIT);
    }
    int error = uv_loop_close(&self->loop);
    assert(error == 0 && "somebody still uses the loop");
    (void)error;
}
