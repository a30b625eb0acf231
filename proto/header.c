// SPDX-License-Identifier: Apache-2.0
#include "header.h"

#include "varint.h"

// How the value of a field is written: the lower 3 bits of the key that comes before it.
enum {
    WIRE_NUMBER = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
    WIRE_BITS = 3,
    WIRE_MASK = 7
};

#define KEY(field, wire) ((field) << WIRE_BITS | (wire))

enum { FIXED64_SIZE = 8, FIXED32_SIZE = 4, FIELDS = 17 };

static bool set_number(Kith__Frame *header, uint64_t field, uint64_t value);
static bool set_fixed64(Kith__Frame *header, uint64_t field, uint64_t value);
static bool is_known(uint64_t field);
static bool skip(const uint8_t **next, const uint8_t *end, uint64_t wire);

// What is 0 isn't written.
static inline uint8_t *write_number(unsigned field, uint64_t value, uint8_t *out)
{
    if (value == 0) {
        return out;
    }
    *out++ = (uint8_t)KEY(field, WIRE_NUMBER); // of fields below 16
    return kithi_varint_write(value, out);
}

static inline uint8_t *write_fixed64(unsigned field, uint64_t value, uint8_t *out)
{
    if (value == 0) {
        return out;
    }
    out = kithi_varint_write(KEY(field, WIRE_FIXED64), out);
    for (unsigned byte = 0; byte < FIXED64_SIZE; byte++) {
        out[byte] = (uint8_t)(value >> 8 * byte);
    }
    return out + FIXED64_SIZE;
}

size_t kithi_header_write(const Kith__Frame *header, uint8_t *out)
{
    uint8_t *next = out;
    next = write_fixed64(1, header->type, next);
    next = write_number(2, header->to, next);
    next = write_number(3, header->from, next);
    next = write_number(4, header->id, next);
    next = write_number(5, header->flags, next);
    next = write_number(6, (uint64_t)(int64_t)(int32_t)header->kind, next);
    next = write_number(7, header->deadline, next);
    next = write_number(8, header->hops, next);
    next = write_number(9, header->urgency, next);
    next = write_number(10, header->error, next);
    next = write_number(11, header->credits, next);
    next = write_fixed64(12, header->trace, next);
    next = write_number(13, header->total_size, next);
    next = write_number(14, header->reply_to, next);
    next = write_fixed64(15, header->reply_node, next);
    next = write_fixed64(16, header->to_node, next);
    next = write_fixed64(17, header->from_node, next);
    return (size_t)(next - out);
}

bool kithi_header_read(const uint8_t *data, size_t size, Kith__Frame *header)
{
    const uint8_t *end = data + size;
    *header = (Kith__Frame)KITH__FRAME__INIT;
    while (data < end) {
        uint64_t key = *data, value;
        if (key <= WIRE_MASK) {
            return false; // there is no field 0; protobuf-c sees that in its short form only
        }
        if (key < 0x80) {
            data++;
        } else if (!kithi_varint_read_loose(&data, end, KITHI_VARINT32_MAX, &key)) {
            return false;
        }
        uint64_t field = key >> WIRE_BITS, wire = key & WIRE_MASK;
        if (wire == WIRE_NUMBER) {
            if (!kithi_varint_read_quickly(&data, end, &value) ||
                !set_number(header, field, value)) {
                return false;
            }
        } else if (wire == WIRE_FIXED64) {
            if (end - data < FIXED64_SIZE ||
                !set_fixed64(header, field, kithi_fixed64_read(data))) {
                return false;
            }
            data += FIXED64_SIZE;
        } else if (is_known(field) || !skip(&data, end, wire)) {
            return false;
        }
    }
    return true;
}

// False: that field isn't a number of this kind. Those of 32 bits take the lower ones, as
// protobuf-c does.
static bool set_number(Kith__Frame *header, uint64_t field, uint64_t value)
{
    switch (field) {
    case 2:
        header->to = value;
        return true;
    case 3:
        header->from = value;
        return true;
    case 4:
        header->id = value;
        return true;
    case 5:
        header->flags = (uint32_t)value;
        return true;
    case 6:
        header->kind = (Kith__Frame__Kind)(uint32_t)value;
        return true;
    case 7:
        header->deadline = value;
        return true;
    case 8:
        header->hops = (uint32_t)value;
        return true;
    case 9:
        header->urgency = (uint32_t)value;
        return true;
    case 10:
        header->error = (uint32_t)value;
        return true;
    case 11:
        header->credits = (uint32_t)value;
        return true;
    case 13:
        header->total_size = value;
        return true;
    case 14:
        header->reply_to = value;
        return true;
    default:
        return !is_known(field);
    }
}

static bool set_fixed64(Kith__Frame *header, uint64_t field, uint64_t value)
{
    switch (field) {
    case 1:
        header->type = value;
        return true;
    case 12:
        header->trace = value;
        return true;
    case 15:
        header->reply_node = value;
        return true;
    case 16:
        header->to_node = value;
        return true;
    case 17:
        header->from_node = value;
        return true;
    default:
        return !is_known(field);
    }
}

static bool is_known(uint64_t field)
{
    return field >= 1 && field <= FIELDS;
}

static bool skip(const uint8_t **next, const uint8_t *end, uint64_t wire)
{
    uint64_t size = FIXED32_SIZE;
    if (wire == WIRE_BYTES) {
        if (!kithi_varint_read_loose(next, end, KITHI_VARINT32_MAX, &size)) {
            return false;
        }
    } else if (wire != WIRE_FIXED32) {
        return false;
    }
    if (size > (uint64_t)(end - *next)) {
        return false;
    }
    *next += size;
    return true;
}
