#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What kithd must do towards a node that shares no code with it: checks.py CHECK ENDPOINT."""
import sys

import sctp
import wire
from node import CALLER, KERNEL, Node
from peer import ABSORB, LOOKUP, NAMING_SERVICE, NODE, PING, open_peer, receive_kernel
from wire import BYTES, FIXED64, VARINT

INFO, LINKS, BENCH = 0, 1, 6
UP_NS, RTT_NS = 9, 10     # fields of kith.NodeLink
SMALLEST, LARGEST = 1, (1 << 64) - 1
UNKNOWN_TYPE = 0xABCDEF0123456701


def expect(got, wanted, what):
    if got != wanted:
        sys.exit("%s: expected %.200r, got %.200r" % (what, wanted, got))


def expect_alive(link):
    error, payload = link.call(link.hello["kernel"], wire.type_of(NODE, PING),
                               wire.encode([(1, VARINT, 7)]))
    expect((error, payload), (0, b"\x08\x07"), "the reply to a ping")


def send_raw(link, header, payload=b"", stream=0):
    link.send_frame(stream, header, payload)


def check_links(endpoint):
    """Who has the smaller incarnation offers, and the other accepts; both say goodbye."""
    for incarnation in SMALLEST, LARGEST:
        node = Node("peer", incarnation=incarnation)
        link = node.connect_up(endpoint)
        expect(link.hello["name"], b"a", "the name in the hello")
        expect(link.hello["features"], 1, "the features in the hello")
        expect_alive(link)
        link.goodbye()
    Node("peer", features=1, required=1).connect_up(endpoint).goodbye()


def check_second(endpoint):
    """A second connection between nodes that have a link changes nothing."""
    for incarnation in SMALLEST, LARGEST:
        node = Node("peer", incarnation=incarnation)
        first = node.connect_up(endpoint)
        expect_alive(first)
        second = node.connect(endpoint)
        node.until(lambda: second.state == "ended", "the end of the second connection")
        expect(first.state, "up", "the first connection")
        expect_alive(first)
        first.goodbye()


def check_lost(endpoint):
    """A lost connection is replaced, also if only the peer knows that it is lost."""
    for incarnation in SMALLEST, LARGEST:
        node = Node("peer", incarnation=incarnation)
        node.connect_up(endpoint).association.abort()
        link = node.connect_up(endpoint)
        expect_alive(link)
        link.association.end("forgotten")
        link = node.connect_up(endpoint)
        expect_alive(link)
        link.goodbye()


def ask_links(link):
    """What kithd says about its links, as decoded kith.NodeLink."""
    error, payload = link.call(link.hello["kernel"], wire.type_of(NODE, LINKS))
    expect(error, 0, "the error of Node.Links")
    return [wire.decode(entry) for entry in wire.decode(payload)[1]]


def check_restarted(endpoint):
    """Another incarnation at the same endpoint is another node, and the former one is gone."""
    node = Node("peer")
    expect_alive(node.connect_up(endpoint))
    own = node.endpoint()
    node.socket.socket.close()
    node = Node("peer", own)
    link = node.connect_up(endpoint)
    node.until(lambda: len(ask_links(link)) == 1, "the former link to go")
    expect(ask_links(link)[0][3], [node.hello["incarnation"]], "the link that is left")
    link.goodbye()


def check_calls(endpoint):
    """Requests to the processes that the hello names, small and large, and their replies."""
    node = Node("peer")
    link = node.connect_up(endpoint)
    error, payload = link.call(link.hello["kernel"], wire.type_of(NODE, INFO))
    info = wire.decode(payload)
    expect((error, info[1], info[2], info[4]),
           (0, [b"a"], [link.hello["incarnation"]], [endpoint.encode()]), "Node.Info")
    for size in 0, 1, 60000, 150000:
        data = wire.encode([(2, BYTES, bytes(range(250)) * (size // 250))])
        expect(link.call(link.hello["kernel"], wire.type_of(NODE, PING), data),
               (0, data if size >= 250 else b""), "a ping of %d bytes" % size)
    lookup = wire.type_of(NAMING_SERVICE, LOOKUP)
    error, payload = link.call(link.hello["naming"], lookup, wire.encode([(1, BYTES, "node")]))
    entry = wire.decode(payload)
    ref = wire.decode(entry[3][0])
    expect((error, entry[1], ref[3][0] << 32 | ref[2][0]), (0, [b"node"], link.hello["kernel"]),
           "the process behind the name node")
    expect(link.call(link.hello["naming"], lookup, wire.encode([(1, BYTES, "no-such")]))[0],
           wire.NOT_FOUND, "a name that isn't there")
    link.goodbye()


def returned(link, header, payload=b""):
    """What the frame that brings this message back has: error, id, credits, payload."""
    del link.other[:]
    link.send(dict({"to": link.hello["kernel"], "from": CALLER}, **header), payload)
    link.node.until(lambda: link.other, "the message to come back")
    _, back, payload = link.other[0]
    expect(back["kind"], wire.RETURN, "the kind of what comes back")
    expect((back["to"], back["type"]), (header.get("from", CALLER), header["type"]),
           "to whom it comes back")
    return back["error"], back["id"], back["credits"], payload


def check_returned(endpoint):
    """Messages that can't be delivered, or aren't understood, come back with the reason."""
    link = Node("peer").connect_up(endpoint)
    ping, absorb = wire.type_of(NODE, PING), wire.type_of(NODE, ABSORB)
    request = {"flags": wire.WAITING, "id": 9}
    data = b"abc" * 2000
    expect(returned(link, {"type": UNKNOWN_TYPE}, data), (wire.UNSUPPORTED, 0, 2, data),
           "a message of an unknown service")
    expect(returned(link, dict(request, type=UNKNOWN_TYPE), data), (wire.UNSUPPORTED, 9, 2, b""),
           "a request of an unknown service")
    expect(returned(link, {"type": absorb + 200}), (wire.UNSUPPORTED, 0, 1, b""),
           "an unknown method")
    expect(returned(link, {"type": UNKNOWN_TYPE, "from": 0}, data),
           (wire.UNSUPPORTED, 0, 2, b""), "a message that nobody had sent")
    expect(returned(link, {"type": absorb}, b"\xff"), (wire.INVALID, 0, 1, b"\xff"),
           "a payload that isn't one")
    expect(returned(link, dict(request, type=ping), b"\xff"), (wire.INVALID, 9, 1, b""),
           "a request that isn't one")
    expect(returned(link, {"type": absorb, "to": wire.process(400, 3)}), (wire.STALE, 0, 1, b""),
           "a message for nobody")
    expect(returned(link, {"type": absorb, "to_node": 77}), (wire.STALE, 0, 1, b""),
           "a message for an earlier incarnation")
    expect(returned(link, {"type": 1 << 8}), (wire.DENIED, 0, 1, b""), "a message of the kernel")
    expect_alive(link)
    link.goodbye()


def hold_absorbed(link, header, payload):
    if header["type"] == wire.type_of(NODE, ABSORB):
        link.node.holding = True
    return receive_kernel(link, header, payload)


def check_credits(endpoint):
    """Credits come back for what is received, and kithd sends nothing it has no credits for."""
    node = open_peer("peer", credits=8)
    link = node.connect_up(endpoint)
    kernel = link.hello["kernel"]
    for _ in range(10 * link.hello["credits"]):
        link.send({"type": wire.type_of(NODE, ABSORB), "to": kernel, "from": CALLER})
    expect(bool(link.queued[kernel]), True, "whether some must wait for credits")
    node.until(lambda: not link.queued[kernel], "credits")
    node.until(lambda: link.credits[kernel] == link.hello["credits"], "all of the credits")
    node.processes[KERNEL] = hold_absorbed
    node.calls[1000] = None
    link.send({"type": wire.type_of(NODE, BENCH), "to": kernel, "from": CALLER, "id": 1000,
               "flags": wire.WAITING}, wire.encode([
                   (1, FIXED64, node.hello["incarnation"]), (2, VARINT, 8), (3, VARINT, 100)]))
    node.until(lambda: node.holding and link.owed[KERNEL] >= 8, "all credits to be spent")
    for _ in range(20):
        expect_alive(link)
    expect((link.owed[KERNEL], link.overspent), (8, 0), "what was sent without credits")
    node.processes[KERNEL], node.holding = receive_kernel, False
    node.until(lambda: node.calls[1000], "the bench to end")
    header, payload = node.calls[1000]
    expect(header["error"], 0, "the error of the bench")
    expect(wire.decode(payload)[6][0] > 8, True, "whether it went on")
    expect(link.overspent, 0, "what was sent without credits")
    link.goodbye()


def check_monitors(endpoint):
    """The end of a process is told once on each stream that its messages may have taken."""
    link = Node("peer").connect_up(endpoint)
    for number in 5, 6:
        send_raw(link, {"kind": wire.MONITOR, "to": wire.process(400, 3), "from": CALLER,
                        "id": number})
    link.node.until(lambda: len(link.other) >= 6, "the downs")
    expect_alive(link)
    for number in 5, 6:
        downs = [(stream, header) for stream, header, _ in link.other if header["id"] == number]
        expect([(header["kind"], header["from"], header["error"]) for _, header in downs],
               [(wire.DOWN, wire.process(400, 3), wire.STALE)] * 3, "the downs of a monitor")
        normal, urgent, bulk = sorted((stream for stream, _ in downs), key=[
            *range(2, 15), 1, 15].index)
        expect((2 <= normal <= 14, urgent, bulk), (True, 1, 15), "their streams")
    link.goodbye()


def refused(endpoint, raw=None, protocol=sctp.PROTOCOL, **hello):
    """How a connection ends that begins with this hello, or with something else."""
    node = Node("peer")
    node.hello.update(hello)
    link = node.connect(endpoint)
    if raw is not None:
        link.association.opened = lambda: link.begin(raw, protocol)
    node.until(lambda: link.state == "ended", "the refusal")
    return link.reason


def check_refused(endpoint):
    """What isn't a hello, or not one for this node, ends the connection with the reason."""
    invalid = "goodbye %d" % wire.INVALID
    hello = wire.frame({"kind": wire.HELLO}, wire.encode_named(
        wire.HELLO_FIELDS, Node("peer").hello))
    for what, raw in {
            "garbage": b"\xff" * 40,
            "a header that is too long": b"\xff\x01" + bytes(255),
            "a payload that ends beyond its batch": b"\x02\x30\x09\xff\xff\xff\xff\x0f" + hello,
            "a message before the hello": wire.frame({"to": KERNEL, "hops": 1}, b"x"),
            "a ping before the hello": wire.frame({"kind": wire.PING, "id": 1}),
            "two hellos": hello * 2,
            "a hello whose version isn't first": wire.frame({"kind": wire.HELLO}, b"\x10\x01"),
    }.items():
        expect(refused(endpoint, raw), invalid, what)
    expect(refused(endpoint, hello, protocol=0), "aborted", "another payload protocol identifier")
    expect(refused(endpoint, version=2), "goodbye %d" % wire.VERSION, "another version")
    expect(refused(endpoint, features=1 << 40, required=1 << 40),
           "goodbye %d" % wire.UNSUPPORTED, "an unknown mandatory feature")
    for field, value in {
            "incarnation": 0, "credits": 0, "message_size": 0, "name": b"\xff",
            "program": b"a\x1b[31m", "address": b"1234", "port": 65536, "required": 1 << 40,
            "detect_ms": 10**13 + 1, "naming": 5}.items():
        expect(refused(endpoint, **{field: value}), invalid, "a wrong " + field)


def check_malformed(endpoint):
    """A malformed frame is forgiven on a link, a few aren't; what is unknown is ignored."""
    large = {"type": wire.type_of(NODE, ABSORB), "to": KERNEL, "from": CALLER, "hops": 1}
    for what, raw in {
            "garbage": b"\xff" * 40,
            "a payload that ends beyond its batch": b"\x02\x30\x07\xff\xff\xff\xff\x0fabc",
            "an unknown kind": wire.frame({"kind": 13}),
            "a part of nothing": wire.frame({"kind": wire.PART}, b"x"),
            "too large a message": wire.frame(dict(large, total_size=1 << 40), b"x"),
            "more hops than there may be": wire.frame(dict(large, hops=17)),
            "a frame in another node's name": wire.frame(dict(large, from_node=77)),
            "credits for nobody": wire.frame({"kind": wire.CREDIT, "credits": 1}),
    }.items():
        link = Node("peer").connect_up(endpoint)
        link.association.send(0, raw)
        expect_alive(link)
        for _ in range(32):
            link.association.send(0, raw)
        link.node.until(lambda: link.state in ("over", "ended"), "the end after " + what)
        expect(link.reason, "goodbye %d" % wire.INVALID, what)


def check_unknown(endpoint):
    """Fields that this version doesn't know are ignored, of whatever type they are."""
    unknown = wire.encode([(99, VARINT, 5), (98, BYTES, b"abc"), (97, FIXED64, 5)])
    node = Node("peer")
    link = node.connect(endpoint)
    hello = wire.encode_named(wire.HELLO_FIELDS, node.hello)
    link.association.opened = lambda: link.begin(wire.frame({"kind": wire.HELLO}, hello + unknown))
    node.until(lambda: link.state == "up", "the link")
    header = wire.encode_named(wire.FRAME, {"kind": wire.PING, "id": 5}) + unknown
    link.association.send(7, bytes([len(header)]) + header + b"\0")
    node.until(lambda: link.pongs == 1, "the pong")
    expect_alive(link)
    link.goodbye()


def check_stays(endpoint):
    """A node that answers pings stays up for longer than it takes to give one up."""
    node = Node("peer")
    link = node.connect_up(endpoint)
    up_ms = 0
    while up_ms <= 3 * link.hello["detect_ms"]:
        pings = link.pings
        node.until(lambda: link.pings > pings, "a ping")
        known = ask_links(link)[0]
        up_ms = known.get(UP_NS, [0])[0] // 10**6
    expect(RTT_NS in known, True, "whether the pongs were taken for answers")
    expect(len(node.seen), 1, "the number of connections")
    link.goodbye()


def main():
    check, endpoint = sys.argv[1:]
    globals()["check_" + check](endpoint)


main()
