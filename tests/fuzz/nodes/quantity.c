// SPDX-License-Identifier: Apache-2.0
// Any text as a quantity, as a word that may be mistyped, and as something to show: what was read
// can be written and is read as the same, and a terminal sees no control character.
#include "fuzz.h"

#include <kith/clean.h>
#include <kith/quantity.h>
#include <kith/suggest.h>

typedef enum kith_error read_function(const char *text, uint64_t *value);
typedef char *write_function(uint64_t value, char text[KITH_QUANTITY_SIZE]);

static void read_quantity(const char *text, read_function *read, write_function *write)
{
    uint64_t value = 77, again;
    char written[KITH_QUANTITY_SIZE];
    if (read(text, &value) != KITH_OK) {
        require(value == 77);
        return;
    }
    require(strlen(write(value, written)) < sizeof written);
    require(read(written, &again) == KITH_OK && again == value);
    require(strlen(kith_quantity_format_count(value, written)) < sizeof written);
    require(strlen(kith_quantity_format_size(value, written)) < sizeof written);
    require(strlen(kith_quantity_format_duration(value, written)) < sizeof written);
}

static void read_number(const char *text)
{
    uint64_t value = 77;
    if (kith_quantity_number(text, &value) != KITH_OK) {
        require(value == 77);
    }
}

static void suggest(const char *text)
{
    static const char *const words[] = {"listen", "log_level", NULL, "peers", "message_memory"};
    const char *meant = kith_suggest_of(text, words, sizeof words / sizeof words[0]);
    bool known = meant == NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        known = known || meant == words[i];
        require(words[i] == NULL || strcmp(words[i], text) != 0 || meant == words[i]);
    }
    require(known);
}

static void show(char *text)
{
    size_t size = strlen(text);
    kith_clean(text);
    require(strlen(text) == size);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];
        require(byte >= ' ' && byte != 0x7f);
        require(byte != 0xc2 || next < 0x80 || next > 0x9f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_number(text);
    read_quantity(text, kith_quantity_size, kith_quantity_exact_size);
    read_quantity(text, kith_quantity_duration, kith_quantity_exact_duration);
    suggest(text);
    show(text);
    free(text);
    return 0;
}
