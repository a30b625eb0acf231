#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What strangers and broken peers may send to the UDP port of a node. Shares nothing with kith:
SCTP (RFC 9260) by hand, as far as it is needed.

    attack.py ATTACK HOST:PORT

Prints what came of it, for a test to look at."""
import os
import random
import socket
import struct
import sys
import time

sys.path.insert(1, os.path.join(sys.path[0], "peer"))
from sctp import (ABORT, COOKIE_ACK, COOKIE_ECHO, DATA, INIT, INIT_ACK, PORT, PROTOCOL, SHUTDOWN,
                  STREAMS, chunk, find_cookie, pack)


def packet(tag, chunks):
    return pack(10000, PORT, tag, chunks)


def init_packet():
    body = struct.pack(">IIHHI", 0x09090909, 1 << 16, STREAMS, STREAMS, 1)
    return packet(0, chunk(INIT, 0, body))


def open_socket(target):
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.connect(target)
    opened.settimeout(0.5)
    return opened


def send(opened, data):
    try:
        opened.send(data)
    except OSError:
        pass  # a datagram before was refused, or there is no room: what an attacker has to expect


class Peer:
    """A peer that SCTP takes for one. What it sends then is up to the attack."""

    def __init__(self, target):
        self.socket, self.tag, self.tsn = open_socket(target), 0, 1
        cookie = self.ask()
        self.exchange(packet(self.tag, chunk(COOKIE_ECHO, 0, cookie)), COOKIE_ACK)

    def ask(self):
        answer = self.exchange(init_packet(), INIT_ACK)
        self.tag = struct.unpack(">I", answer[:4])[0]
        return find_cookie(answer[16:])

    def exchange(self, data, wanted):
        for _ in range(20):
            send(self.socket, data)
            for kind, body in self.receive():
                if kind == wanted:
                    return body
        raise TimeoutError("no answer")

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)[12:]
        except OSError:
            return []
        chunks = []
        while len(data) >= 4:
            kind, _, size = struct.unpack(">BBH", data[:4])
            chunks.append((kind, data[4:size]))
            data = data[max(4, size + -size % 4):]
        return chunks

    def say(self, data, stream=0):
        body = struct.pack(">IHHI", self.tsn, stream, 0, PROTOCOL) + data
        send(self.socket, packet(self.tag, chunk(DATA, 3, body)))
        self.tsn += 1

    def wait_for_end(self, seconds):
        """The kind of chunk that ended it, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for kind, _ in self.receive():
                if kind in (ABORT, SHUTDOWN):
                    return kind
        return None


def other_protocols(target):
    texts = [b"GET / HTTP/1.1\r\nHost: kith\r\n\r\n",
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
             b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04kith\x03lan\x00\x00\x01\x00\x01",
             b"", b"\0", b"\xff" * 1400]
    opened = open_socket(target)
    for _ in range(400):
        for text in texts:
            send(opened, text)
        send(opened, os.urandom(random.randrange(1, 1400)))
    print("sent", 400 * (len(texts) + 1))


def spoofed_inits(target):
    sockets, data = [open_socket(target) for _ in range(500)], init_packet()
    for _ in range(20):
        for opened in sockets:
            send(opened, data)
    print("sent", 20 * len(sockets))


def silence(target):
    peers = [Peer(target) for _ in range(3)]
    print("ended", [peer.wait_for_end(20) is not None for peer in peers])


def no_hello(target):
    peers = []
    for data in (b"\x05hello", b"\xff" * 100, os.urandom(1000), b"\x02\x30\x09\x02\x08\x63",
                 b"\x80" * 20, b"\x02\x30\x09\xff\xff\xff\xff\x0f"):
        peers.append(Peer(target))
        for _ in range(5):
            peers[-1].say(data)
    print("ended", [peer.wait_for_end(20) is not None for peer in peers])


def main():
    random.seed(1)
    host, port = sys.argv[2].rsplit(":", 1)
    attacks = {attack.__name__: attack
               for attack in (other_protocols, spoofed_inits, silence, no_hello)}
    attacks[sys.argv[1]]((host, int(port)))


main()
