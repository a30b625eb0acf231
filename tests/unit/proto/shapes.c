// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "shapes.h"

#define SOME 20 // elements of a repeated field, at most

static bool toss(uint64_t *seed)
{
    return draw(seed) % 2 == 0;
}

// Numbers of all lengths.
static uint64_t draw_number(uint64_t *seed)
{
    return draw(seed) >> draw(seed) % 64;
}

static void *allocate(struct kith_message *message, size_t size)
{
    void *memory = kith_message_allocate(message, size);
    assert_non_null(memory);
    return memory;
}

static char *draw_text(struct kith_message *message, uint64_t *seed)
{
    size_t length = draw(seed) % 30;
    char *text = allocate(message, length + 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('!' + draw(seed) % 90);
    }
    text[length] = '\0';
    return text;
}

static ProtobufCBinaryData draw_bytes(struct kith_message *message, uint64_t *seed)
{
    ProtobufCBinaryData bytes = {1 + draw(seed) % 40, NULL};
    bytes.data = allocate(message, bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] = (uint8_t)draw(seed);
    }
    return bytes;
}

static Kith__Test__Text *draw_part(struct kith_message *message, uint64_t *seed)
{
    Kith__Test__Text *part = kith_message_part(message, &kith__test__text__descriptor);
    assert_non_null(part);
    part->text = draw_text(message, seed);
    return part;
}

static void fill_numbers(Kith__Test__All *all, uint64_t *seed)
{
    all->a_int32 = toss(seed) ? (int32_t)draw_number(seed) : 0;
    all->a_sint32 = toss(seed) ? (int32_t)draw_number(seed) : 0;
    all->a_sfixed32 = toss(seed) ? (int32_t)draw_number(seed) : 0;
    all->an_int64 = toss(seed) ? (int64_t)draw_number(seed) : 0;
    all->a_sint64 = toss(seed) ? (int64_t)draw_number(seed) : 0;
    all->a_sfixed64 = toss(seed) ? (int64_t)draw_number(seed) : 0;
    all->a_uint32 = toss(seed) ? (uint32_t)draw_number(seed) : 0;
    all->a_fixed32 = toss(seed) ? (uint32_t)draw_number(seed) : 0;
    all->a_uint64 = toss(seed) ? draw_number(seed) : 0;
    all->a_fixed64 = toss(seed) ? draw_number(seed) : 0;
    all->a_float = toss(seed) ? (float)draw(seed) : 0;
    all->a_double = toss(seed) ? (double)draw(seed) : 0;
    all->a_bool = toss(seed);
    all->a_color = toss(seed) ? KITH__TEST__COLOR__BLACK : KITH__TEST__COLOR__BLUE;
}

#define FILL(message, all, field, count_field, seed, value)                                        \
    do {                                                                                           \
        (all)->count_field = toss(seed) ? draw(seed) % SOME : 0;                                   \
        (all)->field = allocate((message), (SOME) * sizeof *(all)->field);                         \
        for (size_t i_ = 0; i_ < (all)->count_field; i_++) {                                       \
            (all)->field[i_] = (value);                                                            \
        }                                                                                          \
    } while (0)

static void fill_arrays(struct kith_message *message, Kith__Test__All *all, uint64_t *seed)
{
    FILL(message, all, int32s, n_int32s, seed, (int32_t)draw_number(seed));
    FILL(message, all, sint64s, n_sint64s, seed, (int64_t)draw_number(seed));
    FILL(message, all, fixed32s, n_fixed32s, seed, (uint32_t)draw_number(seed));
    FILL(message, all, doubles, n_doubles, seed, (double)draw(seed));
    FILL(message, all, bools, n_bools, seed, toss(seed));
    FILL(message, all, colors, n_colors, seed, KITH__TEST__COLOR__GREEN);
    FILL(message, all, strings, n_strings, seed, draw_text(message, seed));
    FILL(message, all, blobs, n_blobs, seed, draw_bytes(message, seed));
    FILL(message, all, texts, n_texts, seed, draw_part(message, seed));
    FILL(message, all, counts, n_counts, seed,
         kith_message_part(message, &kith__test__all__counts_entry__descriptor));
    for (size_t i = 0; i < all->n_counts; i++) {
        all->counts[i]->key = draw_text(message, seed);
        all->counts[i]->value = (int32_t)draw_number(seed);
    }
}

static void fill_choices(struct kith_message *message, Kith__Test__All *all, uint64_t *seed)
{
    switch (draw(seed) % 5) {
    case 0:
        all->choice_case = KITH__TEST__ALL__CHOICE_NUMBER;
        all->number = (uint32_t)draw_number(seed);
        break;
    case 1:
        all->choice_case = KITH__TEST__ALL__CHOICE_WORD;
        all->word = draw_text(message, seed);
        break;
    case 2:
        all->choice_case = KITH__TEST__ALL__CHOICE_TEXT;
        all->text = draw_part(message, seed);
        break;
    case 3:
        all->choice_case = KITH__TEST__ALL__CHOICE_BLOB;
        all->blob = draw_bytes(message, seed);
        break;
    default:
        break;
    }
    if (toss(seed)) {
        all->other_case = KITH__TEST__ALL__OTHER_REAL;
        all->real = (double)draw(seed);
    }
}

void fill_all(struct kith_message *message, Kith__Test__All *all, uint64_t *seed)
{
    fill_numbers(all, seed);
    if (toss(seed)) {
        all->a_string = draw_text(message, seed);
        all->some_bytes = draw_bytes(message, seed);
        all->a_text = draw_part(message, seed);
    }
    all->a_int32 |= 1; // never without any bytes
    fill_arrays(message, all, seed);
    fill_choices(message, all, seed);
}
