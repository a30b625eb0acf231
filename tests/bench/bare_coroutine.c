// SPDX-License-Identifier: Apache-2.0
// Bare coroutines: stacks, the switch of core/arch, a queue of those that are ready, and nothing
// else of kith. One thread, pointers handed over, no accounting, no rights, no limits but the
// length of the queue of messages.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "bench.h"

enum { STACK = 16384, GUARD = 4096 };

struct message {
    struct message *next;
    uint64_t count;
    unsigned char payload[BENCH_PAYLOAD];
};

struct coroutine {
    void *stack_pointer;
    struct bare *bare;
    struct coroutine *to;   // who gets the message
    struct coroutine *next; // in the ready queue, the waiting senders or the free ones
    struct message *message;
    unsigned char *stack;
};

struct list {
    struct coroutine *first, *last;
};

struct bare {
    void *main;
    struct coroutine *current; // the one that went back to main
    struct coroutine *coroutines;
    unsigned char *stacks;
    size_t len;
    uint64_t count;
    struct list ready, senders;
    struct coroutine *free;
    struct coroutine *consumer; // while it waits
    struct message *messages, *free_messages;
    struct message *first, *last; // the queue
    uint32_t queued;
    uint64_t sum;
};

static void push(struct list *list, struct coroutine *coroutine)
{
    coroutine->next = NULL;
    if (list->first == NULL) {
        list->first = coroutine;
    } else {
        list->last->next = coroutine;
    }
    list->last = coroutine;
}

static struct coroutine *pop(struct list *list)
{
    struct coroutine *coroutine = list->first;
    list->first = coroutine->next;
    return coroutine;
}

static void begin(struct coroutine *coroutine, void (*entry)(void *argument))
{
    coroutine->stack_pointer =
        kithi_arch_stack_init(coroutine->stack + GUARD, STACK, entry, coroutine);
}

static void close_bare(struct bare *bare)
{
    free(bare->coroutines);
    free(bare->messages);
    munmap(bare->stacks, bare->len * (STACK + GUARD));
}

static bool open_bare(struct bare *bare, size_t len, size_t messages)
{
    *bare = (struct bare){.len = len};
    bare->stacks = mmap(NULL, len * (STACK + GUARD), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bare->stacks == MAP_FAILED) {
        bench_complain("mmap");
        return false;
    }
    madvise(bare->stacks, len * (STACK + GUARD), MADV_NOHUGEPAGE);
    errno = 0;
    bare->coroutines = calloc(len, sizeof bare->coroutines[0]);
    bare->messages = calloc(messages, sizeof bare->messages[0]);
    if (bare->coroutines == NULL || bare->messages == NULL) {
        bench_complain("calloc");
        close_bare(bare);
        return false;
    }
    for (size_t place = 0; place < len; place++) {
        bare->coroutines[place].bare = bare;
        bare->coroutines[place].stack = bare->stacks + place * (STACK + GUARD);
    }
    for (size_t place = messages; place-- > 0;) {
        bare->messages[place].next = bare->free_messages;
        bare->free_messages = &bare->messages[place];
    }
    return true;
}

static inline void switch_to(struct coroutine *self, struct coroutine *next)
{
    kithi_arch_switch(&self->stack_pointer, next->stack_pointer, 0);
}

static inline void go_to_main(struct coroutine *self)
{
    self->bare->current = self;
    kithi_arch_switch(&self->stack_pointer, self->bare->main, 0);
}

static void run(struct bare *bare, struct coroutine *first)
{
    kithi_arch_switch(&bare->main, first->stack_pointer, 0);
}

static inline struct message *take_message(struct bare *bare)
{
    struct message *message = bare->free_messages;
    bare->free_messages = message->next;
    return message;
}

static inline void put_message(struct bare *bare, struct message *message)
{
    message->next = bare->free_messages;
    bare->free_messages = message;
}

// A ring; of two, it is the hand-over: who gets the message is made ready, and has its turn after
// whoever else is.

static void pass_on(void *argument)
{
    struct coroutine *self = argument;
    for (;;) {
        struct message *message = self->message;
        if (++message->count == self->bare->count) {
            go_to_main(self);
        }
        self->to->message = message;
        push(&self->bare->ready, self->to);
        switch_to(self, pop(&self->bare->ready));
    }
}

static bool measure_ring(size_t len, uint64_t hops, double *figure)
{
    struct bare bare;
    if (!open_bare(&bare, len, 1)) {
        return false;
    }
    for (size_t place = 0; place < len; place++) {
        begin(&bare.coroutines[place], pass_on);
        bare.coroutines[place].to = &bare.coroutines[(place + 1) % len];
    }
    struct coroutine *first = &bare.coroutines[0];
    first->message = take_message(&bare);
    bare.count = 2 * len; // the first turns touch the stacks
    run(&bare, first);
    bare.count += hops;
    uint64_t start_ns = bench_now_ns();
    run(&bare, bare.current);
    *figure = (double)(bench_now_ns() - start_ns) / (double)hops;
    close_bare(&bare);
    return true;
}

bool bench_bare_hand_over(const struct bench_options *options, double *figure)
{
    return measure_ring(2, bench_count(options, 20000000), figure);
}

bool bench_bare_ring(const struct bench_options *options, double *figure)
{
    return measure_ring(BENCH_RING, bench_count(options, 3000000), figure);
}

// Many to one: a bounded queue, and a list of those who wait in front of it.

static void enqueue(struct bare *bare, struct message *message)
{
    message->next = NULL;
    if (bare->first == NULL) {
        bare->first = message;
    } else {
        bare->last->next = message;
    }
    bare->last = message;
    bare->queued++;
}

static void produce(void *argument)
{
    struct coroutine *self = argument;
    struct bare *bare = self->bare;
    for (;;) {
        struct message *message = take_message(bare);
        memset(message->payload, (int)bare->count, sizeof message->payload);
        if (bare->consumer != NULL) {
            push(&bare->ready, bare->consumer);
            bare->consumer = NULL;
        }
        if (bare->queued < BENCH_QUEUE) {
            enqueue(bare, message);
        } else {
            self->message = message;
            push(&bare->senders, self);
            switch_to(self, pop(&bare->ready));
        }
    }
}

static void consume(void *argument)
{
    struct coroutine *self = argument;
    struct bare *bare = self->bare;
    for (;;) {
        while (bare->first == NULL) {
            bare->consumer = self;
            switch_to(self, pop(&bare->ready));
        }
        struct message *message = bare->first;
        bare->first = message->next;
        bare->queued--;
        if (bare->senders.first != NULL) {
            struct coroutine *sender = pop(&bare->senders);
            enqueue(bare, sender->message);
            push(&bare->ready, sender);
        }
        bare->sum += message->payload[BENCH_PAYLOAD - 1];
        put_message(bare, message);
        if (--bare->count == 0) {
            go_to_main(self);
        }
    }
}

bool bench_bare_queue(const struct bench_options *options, double *figure)
{
    uint64_t count = bench_count(options, 5000000);
    struct bare bare;
    if (!open_bare(&bare, BENCH_PRODUCERS + 1, BENCH_PRODUCERS + BENCH_QUEUE + 1)) {
        return false;
    }
    for (size_t place = 0; place <= BENCH_PRODUCERS; place++) {
        begin(&bare.coroutines[place], place == 0 ? consume : produce);
        push(&bare.ready, &bare.coroutines[place]);
    }
    bare.count = 4 * BENCH_PRODUCERS; // the first messages touch the stacks
    run(&bare, pop(&bare.ready));
    bare.count = count;
    uint64_t start_ns = bench_now_ns();
    run(&bare, bare.current);
    *figure = (double)count * 1e3 / (double)(bench_now_ns() - start_ns);
    close_bare(&bare);
    return true;
}

// A coroutine from the pool for each message.

static void take_one(void *argument)
{
    struct coroutine *self = argument;
    struct bare *bare = self->bare;
    bare->sum += self->message->payload[BENCH_PAYLOAD - 1];
    put_message(bare, self->message);
    self->next = bare->free;
    bare->free = self;
    switch_to(self, pop(&bare->ready));
}

static void spawn_crowds(struct bare *bare, size_t crowd, uint64_t count)
{
    struct coroutine *spawner = &bare->coroutines[0];
    for (uint64_t done = 0; done < count; done += crowd) {
        for (size_t place = 0; place < crowd; place++) {
            struct coroutine *child = bare->free;
            bare->free = child->next;
            begin(child, take_one);
            child->message = take_message(bare);
            memset(child->message->payload, (int)place, sizeof child->message->payload);
            push(&bare->ready, child);
        }
        push(&bare->ready, spawner);
        switch_to(spawner, pop(&bare->ready));
    }
}

static bool measure_spawn(size_t crowd, uint64_t count, double *figure)
{
    struct bare bare;
    if (!open_bare(&bare, crowd + 1, crowd)) {
        return false;
    }
    for (size_t place = crowd; place > 0; place--) {
        bare.coroutines[place].next = bare.free;
        bare.free = &bare.coroutines[place];
    }
    spawn_crowds(&bare, crowd, 4 * crowd);
    uint64_t start_ns = bench_now_ns();
    spawn_crowds(&bare, crowd, count);
    *figure = (double)count * 1e3 / (double)(bench_now_ns() - start_ns);
    close_bare(&bare);
    return true;
}

bool bench_bare_spawn(const struct bench_options *options, double *figure)
{
    return measure_spawn(1, bench_count(options, 5000000), figure);
}

// So many alive at once, `waves` times.
static bool measure_crowds(const struct bench_options *options, uint32_t most, uint32_t waves,
                           double *figure)
{
    uint32_t crowd = (uint32_t)bench_count(options, most);
    return measure_spawn(crowd, bench_count(options, waves) * crowd, figure);
}

bool bench_bare_spawn_crowd(const struct bench_options *options, double *figure)
{
    return measure_crowds(options, BENCH_CROWD, BENCH_CROWD_WAVES, figure);
}

bool bench_bare_spawn_many(const struct bench_options *options, double *figure)
{
    return measure_crowds(options, BENCH_MANY, BENCH_MANY_WAVES, figure);
}
