# SPDX-License-Identifier: Apache-2.0
"""Frames, hellos and types, from docs/wire.md alone."""
import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

(MESSAGE, PART, RETURN, CREDIT, MONITOR, UNMONITOR, DOWN, PING, PONG, HELLO, GOODBYE, OFFER,
 ACCEPT) = range(13)
WAITING, DONE, TIE = 1, 2, 4
NOT_FOUND, STALE, DENIED, INVALID, UNSUPPORTED, EXISTS = 2, 3, 4, 13, 14, 15
VERSION, LEFT = 19, 21

FRAME = {
    "type": (1, FIXED64), "to": (2, VARINT), "from": (3, VARINT), "id": (4, VARINT),
    "flags": (5, VARINT), "kind": (6, VARINT), "deadline": (7, VARINT), "hops": (8, VARINT),
    "urgency": (9, VARINT), "error": (10, VARINT), "credits": (11, VARINT),
    "trace": (12, FIXED64), "total_size": (13, VARINT), "reply_to": (14, VARINT),
    "reply_node": (15, FIXED64), "to_node": (16, FIXED64), "from_node": (17, FIXED64),
}
HELLO_FIELDS = {
    "version": (1, VARINT), "features": (2, VARINT), "required": (3, VARINT),
    "incarnation": (4, FIXED64), "name": (5, BYTES), "program": (6, BYTES),
    "address": (7, BYTES), "port": (8, VARINT), "message_size": (9, VARINT),
    "credits": (10, VARINT), "naming": (11, VARINT), "kernel": (12, VARINT),
    "uptime_ms": (13, VARINT), "detect_ms": (14, VARINT), "transient": (15, VARINT),
}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data, at):
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a varint of more than 10 bytes")


def encode(fields):
    """[(number, wire type, value)] as protobuf; texts become UTF-8."""
    out = b""
    for number, wire_type, value in fields:
        out += varint(number << 3 | wire_type)
        if wire_type == VARINT:
            out += varint(value)
        elif wire_type == FIXED64:
            out += struct.pack("<Q", value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(len(value)) + value
    return out


def decode(data):
    """{number: [values]} of a protobuf message."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        wire_type = tag & 7
        if wire_type == VARINT:
            value, at = read_varint(data, at)
        elif wire_type == BYTES:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        elif wire_type in (FIXED64, FIXED32):
            size = 8 if wire_type == FIXED64 else 4
            value, at = int.from_bytes(data[at:at + size], "little"), at + size
        else:
            raise ValueError("wire type %d" % wire_type)
        fields.setdefault(tag >> 3, []).append(value)
    if at != len(data):
        raise ValueError("cut off")
    return fields


def encode_named(table, values):
    return encode((*table[name], values[name]) for name in table if values.get(name))


def decode_named(table, data):
    fields = decode(data)
    return {name: fields[number][-1] for name, (number, _) in table.items() if number in fields}


def frame(header, payload=b""):
    header = encode_named(FRAME, header)
    return varint(len(header)) + header + varint(len(payload)) + payload


def frames(batch):
    """(header, payload) of each frame of a batch; absent fields are 0."""
    at = 0
    while at < len(batch):
        size, at = read_varint(batch, at)
        header = dict.fromkeys(FRAME, 0)
        header.update(decode_named(FRAME, batch[at:at + size]))
        at += size
        size, at = read_varint(batch, at)
        if at + size > len(batch):
            raise ValueError("a frame goes beyond its batch")
        yield header, batch[at:at + size]
        at += size


def process(slot, generation=1):
    return generation << 32 | slot


def type_of(service, method):
    value = 0xCBF29CE484222325
    for byte in service.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    signature = value >> 56 ^ value & (1 << 56) - 1
    return (signature if signature >= 256 else signature + 256) << 8 | method
