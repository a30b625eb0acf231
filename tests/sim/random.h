// SPDX-License-Identifier: Apache-2.0
// Chance, from a seed. Whatever draws has a stream of its own, so that one more draw here doesn't
// change what happens there.
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

// splitmix64, Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
static inline uint64_t draw(struct random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

// 0 to count - 1; 0 if there is nothing to choose from.
static inline uint64_t draw_below(struct random *random, uint64_t count)
{
    return count == 0 ? 0 : draw(random) % count;
}

// least to most, both included.
static inline uint64_t draw_between(struct random *random, uint64_t least, uint64_t most)
{
    return least + draw_below(random, most - least + 1);
}

// True this many times in a thousand.
static inline bool draw_chance(struct random *random, unsigned per_mille)
{
    return draw_below(random, 1000) < per_mille;
}

// A stream of its own, by number.
static inline struct random split_random(struct random from, uint64_t number)
{
    struct random random = {from.state ^ (number + 1) * UINT64_C(0xd6e8feb86659fd93)};
    random.state = draw(&random);
    return random;
}

#endif
