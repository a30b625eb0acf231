# SPDX-License-Identifier: Apache-2.0
"""The part of SCTP (RFC 9260) that docs/wire.md needs, over UDP (RFC 6951).

One thread, one socket. Data is delivered in the order of the TSNs, which keeps every stream's.
There is no congestion control: it is for loopback, where a timer is enough.
"""
import os
import select
import socket
import struct
import time

PORT = 7400
PROTOCOL = 0x6B697468
STREAMS = 16
FRAGMENT = 1100
WINDOW = 1 << 20
IN_FLIGHT_MOST = 64
RETRANSMIT_S = 0.3
RETRANSMITS_MOST = 12

(DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR,
 COOKIE_ECHO, COOKIE_ACK) = range(12)
SHUTDOWN_COMPLETE = 14
COOKIE = 7


def make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def chunk(kind, flags=0, value=b""):
    return struct.pack(">BBH", kind, flags, 4 + len(value)) + value + bytes(-len(value) % 4)


def pack(own_port, peer_port, tag, chunks):
    """A packet: header, checksum, chunks."""
    header = struct.pack(">HHI", own_port, peer_port, tag)
    return header + struct.pack("<I", crc32c(header + bytes(4) + chunks)) + chunks


def after(tsn, other):
    """Whether a TSN comes after another one; they wrap around."""
    return 0 < (tsn - other) & 0xFFFFFFFF < 1 << 31


def random32():
    return int.from_bytes(os.urandom(4), "big") | 1


class Association:
    """`opened`, `received(stream, data)` and `closed(reason)` are called by the socket's poll."""

    def __init__(self, owner, address, own_port, peer_port):
        self.owner, self.address = owner, address
        self.own_port, self.peer_port = own_port, peer_port
        self.own_tag, self.peer_tag = random32(), 0
        self.next_tsn = random32()
        self.last_tsn = None        # highest of the peer's up to which all is there
        self.early = {}             # TSN: chunk that came before one that is missing
        self.parts = []             # of the user message that is being joined
        self.sequences = [0] * STREAMS
        self.waiting, self.in_flight = [], {}
        self.peer_window = WINDOW
        self.state, self.handshake = "closed", b""
        self.timer, self.retransmits = None, 0
        self.opened = self.closed = lambda *ignored: None
        self.received = lambda stream, data: None

    def connect(self):
        self.state, self.handshake = "connecting", chunk(INIT, 0, self.init())
        self.transmit(self.handshake, tag=0)
        self.start_timer()

    def init(self):
        return struct.pack(">IIHHI", self.own_tag, WINDOW, STREAMS, STREAMS, self.next_tsn)

    def take_init(self, value):
        self.peer_tag, self.peer_window, out, most_in, tsn = struct.unpack(">IIHHI", value[:16])
        if out != STREAMS or most_in < STREAMS:
            raise ValueError("an association of other than 16 streams each way")
        self.last_tsn = (tsn - 1) & 0xFFFFFFFF

    def send(self, stream, data, protocol=PROTOCOL):
        pieces = [data[at:at + FRAGMENT] for at in range(0, len(data), FRAGMENT)]
        for number, piece in enumerate(pieces):
            flags = 2 * (number == 0) + (number == len(pieces) - 1)
            self.waiting.append((self.next_tsn, chunk(DATA, flags, struct.pack(
                ">IHHI", self.next_tsn, stream, self.sequences[stream], protocol) + piece)))
            self.next_tsn = (self.next_tsn + 1) & 0xFFFFFFFF
        self.sequences[stream] = (self.sequences[stream] + 1) & 0xFFFF
        self.push()

    def push(self):
        while self.waiting and self.state == "open" and len(self.in_flight) < IN_FLIGHT_MOST:
            tsn, data = self.waiting[0]
            if self.in_flight and len(data) > self.peer_window:
                break
            self.waiting.pop(0)
            self.in_flight[tsn] = data
            self.peer_window -= len(data)
            self.transmit(data)
            if self.timer is None:
                self.start_timer()

    def transmit(self, chunks, tag=None):
        self.owner.send(pack(self.own_port, self.peer_port, self.peer_tag if tag is None else tag,
                             chunks), self.address)

    def start_timer(self):
        self.timer = time.monotonic() + RETRANSMIT_S

    def tick(self):
        if self.timer is None or time.monotonic() < self.timer:
            return
        self.retransmits += 1
        if self.retransmits > RETRANSMITS_MOST:
            return self.end("no answer")
        if self.state in ("connecting", "echoing"):
            self.transmit(self.handshake, 0 if self.state == "connecting" else None)
        elif self.state == "shutdown":
            self.transmit(self.shutdown())
        else:
            for data in list(self.in_flight.values())[:4]:
                self.transmit(data)
        self.start_timer()

    def handle(self, packet):
        at, has_data = 12, False
        while at + 4 <= len(packet) and self.state != "ended":
            kind, flags, size = struct.unpack(">BBH", packet[at:at + 4])
            if size < 4:
                break
            value = packet[at + 4:at + size]
            if kind == DATA:
                # Before the COOKIE ACK, which may be lost or late, it isn't taken: it comes again.
                if self.state in ("open", "shutdown"):
                    self.take_data(flags, value)
                    has_data = True
            else:
                self.take_control(kind, value)
            at += size + -size % 4
        if has_data and self.state != "ended":
            self.transmit(chunk(SACK, 0, struct.pack(
                ">IIHH", self.last_tsn, WINDOW, 0, 0)))

    def take_control(self, kind, value):
        if kind == INIT_ACK and self.state == "connecting":
            self.take_init(value)
            self.state = "echoing"
            self.handshake = chunk(COOKIE_ECHO, 0, find_cookie(value[16:]))
            self.transmit(self.handshake)
        elif kind == COOKIE_ECHO:
            self.transmit(chunk(COOKIE_ACK))
            self.open()
        elif kind == COOKIE_ACK:
            self.open()
        elif kind == SACK:
            self.take_sack(value)
        elif kind == HEARTBEAT:
            self.transmit(chunk(HEARTBEAT_ACK, 0, value))
        elif kind == ABORT:
            self.end("aborted")
        elif kind == SHUTDOWN:
            self.take_acknowledged(struct.unpack(">I", value[:4])[0])
            self.transmit(chunk(SHUTDOWN_ACK))
        elif kind == SHUTDOWN_ACK:
            self.transmit(chunk(SHUTDOWN_COMPLETE))
            self.end("shut down")
        elif kind == SHUTDOWN_COMPLETE:
            self.end("shut down by the peer")

    def open(self):
        if self.state in ("closed", "connecting", "echoing"):
            self.state, self.timer, self.retransmits = "open", None, 0
            self.opened()
            self.push()

    def take_data(self, flags, value):
        tsn = struct.unpack(">I", value[:4])[0]
        if not after(tsn, self.last_tsn):
            return
        self.early[tsn] = (flags, value)
        while (self.last_tsn + 1) & 0xFFFFFFFF in self.early:
            self.last_tsn = (self.last_tsn + 1) & 0xFFFFFFFF
            flags, value = self.early.pop(self.last_tsn)
            self.parts.append(value[12:])
            if flags & 1:
                data, self.parts = b"".join(self.parts), []
                stream, _, protocol = struct.unpack(">HHI", value[4:12])
                assert protocol == PROTOCOL and stream < STREAMS and 0 < len(data) <= 65536
                self.received(stream, data)

    def take_sack(self, value):
        acknowledged, window = struct.unpack(">II", value[:8])
        self.take_acknowledged(acknowledged)
        self.peer_window = max(0, window - sum(map(len, self.in_flight.values())))
        self.push()

    def take_acknowledged(self, acknowledged):
        done = [tsn for tsn in self.in_flight if not after(tsn, acknowledged)]
        for tsn in done:
            del self.in_flight[tsn]
        if done:
            self.retransmits = 0
            self.timer = None
            if self.in_flight:
                self.start_timer()

    def idle(self):
        return not self.waiting and not self.in_flight

    def shutdown(self):
        return chunk(SHUTDOWN, 0, struct.pack(">I", self.last_tsn))

    def close(self):
        """Shuts down; all that was sent must have been acknowledged."""
        if self.state == "open":
            self.state = "shutdown"
            self.transmit(self.shutdown())
            self.start_timer()

    def abort(self):
        self.transmit(chunk(ABORT))
        self.end("aborted by this side")

    def end(self, reason):
        if self.state != "ended":
            self.state = "ended"
            self.closed(reason)


def find_cookie(parameters):
    at = 0
    while at + 4 <= len(parameters):
        kind, size = struct.unpack(">HH", parameters[at:at + 4])
        if kind == COOKIE:
            return parameters[at + 4:at + size]
        at += max(4, size + -size % 4)
    raise ValueError("an INIT-ACK without a cookie")


class Socket:
    def __init__(self, host, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((host, port))
        self.associations = []
        self.accepted = lambda association: None

    def address(self):
        return self.socket.getsockname()

    def send(self, packet, address):
        try:
            self.socket.sendto(packet, address)
        except OSError:
            pass        # as if it were lost: whoever is there no longer doesn't answer

    def connect(self, address):
        association = Association(self, address, 49152 + random32() % 16384, PORT)
        self.associations.append(association)
        association.connect()
        return association

    def poll(self, timeout_s):
        """Waits for packets, handles what is there, and looks at the timers."""
        if select.select([self.socket], [], [], timeout_s)[0]:
            for _ in range(64):
                try:
                    packet, address = self.socket.recvfrom(65536, socket.MSG_DONTWAIT)
                except OSError:
                    break
                self.handle(packet, address)
        for association in self.associations:
            association.tick()
        self.associations = [a for a in self.associations if a.state != "ended"]

    def handle(self, packet, address):
        if len(packet) < 16:
            return
        peer_port, own_port, tag = struct.unpack(">HHI", packet[:8])
        checksum = struct.unpack("<I", packet[8:12])[0]
        if crc32c(packet[:8] + bytes(4) + packet[12:]) != checksum:
            return
        if packet[12] == INIT and own_port == PORT:
            return self.accept(packet, address, peer_port)
        for association in self.associations:
            # An ABORT with the T bit carries the receiver's own tag of the other side.
            reflected = packet[12] in (ABORT, SHUTDOWN_COMPLETE) and packet[13] & 1
            expected = association.peer_tag if reflected else association.own_tag
            if association.address == address and tag == expected:
                association.handle(packet)

    def accept(self, packet, address, peer_port):
        association = Association(self, address, PORT, peer_port)
        size = struct.unpack(">H", packet[14:16])[0]
        association.take_init(packet[16:12 + size])
        self.accepted(association)
        self.associations.append(association)
        cookie = b"kith"
        association.transmit(chunk(INIT_ACK, 0, association.init() + struct.pack(
            ">HH", COOKIE, 4 + len(cookie)) + cookie))
