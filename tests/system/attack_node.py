#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody may do who is a node, as far as anybody can tell, and means harm.

    attack_node.py ATTACK HOST:PORT

Prints what came of it, for a test to look at."""
import os
import random
import struct
import sys
import time

sys.path.insert(1, os.path.join(sys.path[0], "peer"))
import sctp
import wire
from node import CALLER, PART_SIZE, Failed, Node

LARGE = 16 << 20
ATTACK_S = 4
PING_METHOD = 4


def poll_until(end, nodes):
    while time.monotonic() < end:
        for node in nodes:
            node.poll(0.001)


def unfinished(endpoint):
    """Begins all the large messages that it may, and finishes none."""
    links = [Node("greedy%d" % number).connect_up(endpoint) for number in range(20)]
    for link in links:
        for stream in range(2, 6):
            link.send_frame(stream, {"type": 5, "to": link.hello["kernel"], "from": CALLER,
                                     "hops": 1, "total_size": LARGE}, bytes(PART_SIZE))
    poll_until(time.monotonic() + ATTACK_S, [link.node for link in links])
    print("up", [link.state == "up" for link in links].count(True))


def come_and_go(endpoint):
    """Is a new node every time, and breaks off as soon as it is taken for one."""
    end, taken = time.monotonic() + ATTACK_S, 0
    while time.monotonic() < end:
        node = Node("guest")
        try:
            node.connect_up(endpoint).association.abort()
            taken += 1
        except Failed:
            pass
        node.socket.socket.close()
    print("taken", taken)


def stop_reading(link):
    """Sends acknowledgements only to say that there is no room."""
    association = link.association
    transmit = association.transmit
    sack = 3

    def transmit_others(chunks, *tag):
        if chunks[:1] != bytes([sack]):
            transmit(chunks, *tag)

    def say_full():
        transmit(sctp.chunk(sack, 0, struct.pack(">IIHH", association.last_tsn, 0, 0, 0)))

    association.transmit = transmit_others
    association.take_data = lambda flags, value: None
    return say_full


def no_reading(endpoint):
    """Asks for large replies, and takes none."""
    links = [Node("deaf%d" % number).connect_up(endpoint) for number in range(3)]
    full = [stop_reading(link) for link in links]
    request = {"type": wire.type_of("kith.Node", PING_METHOD), "from": CALLER, "hops": 1,
               "id": 9, "flags": wire.WAITING}
    payload = wire.encode([(2, wire.BYTES, bytes(50000))])
    end, asked = time.monotonic() + ATTACK_S, 0
    while time.monotonic() < end:
        for link, say_full in zip(links, full):
            if link.state == "up" and len(link.association.waiting) < 20:
                header = dict(request, to=link.hello["kernel"])
                link.association.send(4, wire.frame(header, payload))
                asked += 1
            link.node.poll(0.001)
            if asked % 50 == 0:
                say_full()
    print("asked", asked)


def ties(endpoint):
    """Acknowledges nothing, so that the node takes its time to stop, and meanwhile ties itself to
    all of its processes, and says that it has ended."""
    node = Node("tied")
    link = node.connect_up(endpoint)
    stop_reading(link)
    end, number = time.monotonic() + ATTACK_S, 0
    while time.monotonic() < end and link.state == "up":
        for slot in range(8):
            process, number = wire.process(slot, 1), number + 1
            link.send_frame(0, {"kind": wire.MONITOR, "flags": wire.TIE, "to": process,
                                "from": CALLER, "id": number})
            for stream in (1, 15, 5):
                link.send_frame(stream, {"kind": wire.DOWN, "to": process, "from": CALLER,
                                         "id": number, "error": 16})
        poll_until(time.monotonic() + 0.1, [node])
    print("tied", number)


def main():
    random.seed(1)
    attacks = {attack.__name__: attack for attack in (unfinished, come_and_go, no_reading, ties)}
    attacks[sys.argv[1]](sys.argv[2])


main()
