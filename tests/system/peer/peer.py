#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node that shares no code with kith, for as long as nobody ends it.

It has a naming process that replicates its one name, `thing`, and a process behind that which
speaks the service peer.Echo and answers plain bytes.
"""
import argparse
import json
import signal
import sys

import wire
from node import KERNEL, NAMING, THING, Node
from wire import BYTES, VARINT

NODE, NAMING_SERVICE, ECHO = "kith.Node", "kith.Naming", "peer.Echo"
LOOKUP, RESYNC, REPLICATE = 2, 10, 11
PING, ABSORB, DESCRIBE = 4, 5, 7


def encode_description():
    method = [(1, BYTES, "Say"), (2, BYTES, "peer.Text"), (3, BYTES, "peer.Text")]
    field = [(1, BYTES, "text"), (2, VARINT, 1), (3, VARINT, 9)]
    return wire.encode([
        (1, BYTES, wire.encode([(1, BYTES, ECHO), (2, BYTES, wire.encode(method))])),
        (2, BYTES, wire.encode([(1, BYTES, "peer.Text"), (2, BYTES, wire.encode(field))]))])


def receive_kernel(link, header, payload):
    if header["type"] == wire.type_of(NODE, PING):
        return payload
    if header["type"] == wire.type_of(NODE, DESCRIBE):
        return encode_description()
    if header["type"] == wire.type_of(NODE, ABSORB):
        return None
    return wire.UNSUPPORTED


def receive_naming(link, header, payload):
    if header["type"] != wire.type_of(NAMING_SERVICE, RESYNC):
        return None if wire.type_of(NAMING_SERVICE, 0) <= header["type"] <= wire.type_of(
            NAMING_SERVICE, 12) else wire.UNSUPPORTED
    entry = wire.encode([(1, BYTES, "thing"), (3, VARINT, THING & 0xFFFFFFFF),
                         (4, VARINT, THING >> 32), (5, VARINT, 1)])
    link.send({"type": wire.type_of(NAMING_SERVICE, REPLICATE), "from": NAMING,
               "to": header["from"]},
              wire.encode([(1, VARINT, 1), (3, VARINT, 1), (4, VARINT, 1), (5, BYTES, entry)]))
    return None


def receive_thing(link, header, payload):
    if header["type"] >> 8 == 0:
        print(payload.decode(), flush=True)
        return b"the thing has " + payload
    if header["type"] == wire.type_of(ECHO, 0):
        text = wire.decode(payload).get(1, [b""])[-1]
        return wire.encode([(1, BYTES, b"hello, " + text)])
    return wire.UNSUPPORTED


def open_peer(name, endpoint="127.0.0.1:0", **hello):
    node = Node(name, endpoint, naming=NAMING, kernel=KERNEL, features=1, **hello)
    node.processes = {KERNEL: receive_kernel, NAMING: receive_naming, THING: receive_thing}
    return node


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="peer")
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--peers", help="endpoint of a node to connect to")
    parser.add_argument("--state-dir", required=True)
    parser.add_argument("--incarnation", type=int)
    return parser.parse_args()


def end(*ignored):
    raise SystemExit


def main():
    arguments = parse_arguments()
    chosen = {"incarnation": arguments.incarnation} if arguments.incarnation else {}
    node = open_peer(arguments.name, arguments.listen, **chosen)
    signal.signal(signal.SIGTERM, end)
    with open(arguments.state_dir + "/node.json", "w") as file:
        json.dump({"endpoint": node.endpoint()}, file)
    try:
        if arguments.peers:
            node.connect_up(arguments.peers)
        while True:
            node.poll(1)
    finally:
        for link in list(node.links.values()):
            link.goodbye()
        for link in node.seen:
            print("link: pings=%d messages=%d overspent=%d" % (
                link.pings, link.messages, link.overspent), file=sys.stderr)


if __name__ == "__main__":
    main()
