// SPDX-License-Identifier: Apache-2.0
// Any bytes as a batch and as a hello: they end in values or an error, and values that were read
// can be written and are read as the same. A header is what protobuf-c takes it for, and is written
// as protobuf-c writes it.
#include "fuzz.h"

#include <kith/frame.h>

#include "header.h"

#define SENDER   UINT64_C(0x0102030405060708)
#define RECEIVER UINT64_C(0x1112131415161718)

// Everything but the payload, which points elsewhere; padding has been cleared.
static void write_again(const struct kith_frame *frame, size_t size)
{
    uint8_t *bytes = malloc(size + KITH_FRAME_HEADER_MAX);
    size_t room = size + KITH_FRAME_HEADER_MAX;
    require(bytes != NULL);
    require(kith_frame_encode(frame, SENDER, RECEIVER, bytes, &room) == KITH_OK);
    struct kith_frame again, same = *frame;
    memset(&again, 0, sizeof again);
    const void *next = bytes;
    require(kith_frame_decode(&next, &room, SENDER, RECEIVER, &again) == KITH_OK && room == 0);
    require(again.payload_size == frame->payload_size &&
            (again.payload_size == 0 ||
             memcmp(again.payload, frame->payload, again.payload_size) == 0));
    same.payload = again.payload;
    if (kith_ref_equal(same.reply_to, same.from)) {
        same.reply_to = KITH_REF_NONE; // the same, in the shorter form
    }
    require(memcmp(&same, &again, sizeof same) == 0);
    free(bytes);
}

static void read_hello(const void *data, size_t size)
{
    struct kith_hello hello, again;
    if (kith_hello_decode(data, size, &hello) != KITH_OK) {
        return;
    }
    uint8_t bytes[KITH_HELLO_MAX];
    size_t room = sizeof bytes;
    require(kith_hello_encode(&hello, bytes, &room) == KITH_OK);
    require(kith_hello_decode(bytes, room, &again) == KITH_OK);
    require(strcmp(hello.name, again.name) == 0 && strcmp(hello.program, again.program) == 0);
    require(hello.incarnation == again.incarnation && hello.credits == again.credits);
    require(kith_endpoint_equal(&hello.advertise, &again.advertise));
}

static void read_header(const uint8_t *data, size_t size)
{
    Kith__Frame header;
    Kith__Frame *unpacked = kith__frame__unpack(NULL, size, data);
    require(kithi_header_read(data, size, &header) == (unpacked != NULL));
    if (unpacked == NULL) {
        return;
    }
    uint8_t own[KITHI_HEADER_MAX], library[KITHI_HEADER_MAX];
    size_t own_size = kithi_header_write(&header, own);
    require(kith__frame__pack(&header, library) == own_size);
    require(memcmp(own, library, own_size) == 0);
    require(kithi_header_write(unpacked, library) == own_size); // without what isn't known
    require(memcmp(own, library, own_size) == 0);
    kith__frame__free_unpacked(unpacked, NULL);
}

static void read_batch(const uint8_t *data, size_t size)
{
    const void *next = data;
    size_t left = size;
    while (left > 0) {
        struct kith_frame frame;
        const void *before = next;
        memset(&frame, 0, sizeof frame);
        if (kith_frame_decode(&next, &left, SENDER, RECEIVER, &frame) != KITH_OK) {
            require(next == before);
            return;
        }
        require((const uint8_t *)next == data + (size - left));
        write_again(&frame, size);
        if (frame.kind == KITH_FRAME_HELLO) {
            read_hello(frame.payload, frame.payload_size);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_batch(data, size);
    read_hello(data, size);
    read_header(data, size);
    return 0;
}
