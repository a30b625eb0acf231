# SPDX-License-Identifier: Apache-2.0
"""A second implementation of a node, from docs/wire.md alone: links, credits, calls, parts."""
import os
import socket
import time

import sctp
import wire
from wire import process

KERNEL, NAMING, THING, CALLER = (process(slot) for slot in range(4))
PART_SIZE = 30000
GIVEN_UP_S = 10


class Failed(Exception):
    pass


def cost(size):
    return 1 + size // 4096


def stream_of(header):
    if header.get("urgency"):
        return 1 if header["urgency"] == 1 else 15
    return 2 + (header.get("from", 0) * 31 + header["to"]) % 13


class Link:
    """A connection, and once `up` the link with a peer."""

    def __init__(self, node, association):
        self.node, self.association = node, association
        self.state, self.reason, self.hello = "opening", None, None
        self.credits, self.queued = {}, {}      # of the peer's processes
        self.owed = {}                          # of own ones, to the peer
        self.begun = {}                         # stream: large message whose parts are coming
        self.pings = self.pongs = self.messages = self.overspent = 0
        self.other = []                         # (header, payload) nobody here has asked for
        association.opened = self.say_hello
        association.received = self.take_batch
        association.closed = self.take_end

    def say_hello(self):
        self.begin(wire.frame({"kind": wire.HELLO},
                              wire.encode_named(wire.HELLO_FIELDS, self.node.hello)))

    def begin(self, batch, protocol=sctp.PROTOCOL):
        self.state = "hello"
        self.association.send(0, batch, protocol)

    def send_frame(self, stream, header, payload=b""):
        self.association.send(stream, wire.frame(header, payload))

    def take_end(self, reason):
        self.reason = self.reason or reason
        self.state = "ended"
        if self.hello:
            incarnation = self.hello["incarnation"]
            if self.node.links.get(incarnation) is self:
                del self.node.links[incarnation]
            self.node.offer_next(incarnation)

    def take_batch(self, stream, batch):
        for header, payload in wire.frames(batch):
            if self.state != "ended":
                self.take_frame(stream, header, payload)

    def take_frame(self, stream, header, payload):
        kind = header["kind"]
        if kind == wire.HELLO:
            self.take_hello(payload)
        elif kind == wire.GOODBYE:
            self.reason = "goodbye %d" % header["error"]
            self.state = "over"
        elif kind == wire.OFFER:
            self.take_offer(header["error"])
        elif kind == wire.ACCEPT:
            if self.state != "up":          # a frame of the link may have come before
                self.come_up()
        else:
            if self.state == "offered":     # what arrives before its ACCEPT means the same
                self.come_up()
            self.take_link_frame(stream, header, payload)

    def take_hello(self, payload):
        if payload[:1] != b"\x08":
            raise Failed("a hello that doesn't begin with its version")
        self.hello = {"features": 0, "naming": 0, "kernel": 0, "credits": 0, "name": b""}
        self.hello.update(wire.decode_named(wire.HELLO_FIELDS, payload))
        if self.hello["incarnation"] == self.node.hello["incarnation"]:
            return self.association.abort()
        if self.node.hello["incarnation"] > self.hello["incarnation"]:
            self.state = "waiting"
        else:
            self.state = "held"
            self.node.offer_next(self.hello["incarnation"])

    def take_offer(self, error):
        old = self.node.links.get(self.hello["incarnation"])
        if error == wire.EXISTS and old:
            return self.association.close()
        self.send_frame(0, {"kind": wire.ACCEPT})
        self.come_up()

    def come_up(self):
        old = self.node.links.get(self.hello["incarnation"])
        if old and old is not self:
            old.association.abort()
        self.state = "up"
        self.node.links[self.hello["incarnation"]] = self
        self.node.offer_next(self.hello["incarnation"])

    def take_link_frame(self, stream, header, payload):
        kind = header["kind"]
        if kind == wire.PING:
            self.pings += 1
            self.send_frame(0, {"kind": wire.PONG, "id": header["id"]})
        elif kind == wire.PONG:
            self.pongs += 1
        elif kind == wire.CREDIT:
            self.give_credit(header["to"], header["credits"])
        elif kind == wire.PART:
            first, data = self.begun[stream]
            data += payload
            if len(data) == first["total_size"]:
                del self.begun[stream]
                self.take_message(first, bytes(data))
        elif kind in (wire.MESSAGE, wire.RETURN) and header["total_size"]:
            self.begun[stream] = header, bytearray(payload)
        elif kind in (wire.MESSAGE, wire.RETURN):
            self.take_message(header, payload)
        else:
            self.other.append((stream, header, payload))

    def take_message(self, header, payload):
        if header["kind"] == wire.RETURN:
            self.give_credit(header["from"], header["credits"])
        if header["flags"] & wire.DONE or header["kind"] == wire.RETURN:
            if header["id"] in self.node.calls:
                self.node.calls[header["id"]] = header, payload
            else:
                self.other.append((0, header, payload))
            return
        self.messages += 1
        owed = self.owed.get(header["to"], 0)
        self.overspent += owed >= self.node.hello["credits"]
        self.owed[header["to"]] = owed + cost(len(payload))
        self.node.received.append((self, header, payload))

    def give_credit(self, to, credits):
        self.credits[to] = self.credits.get(to, self.hello["credits"]) + credits
        while self.queued.get(to) and self.credits[to] > 0:
            self.send(*self.queued[to].pop(0))

    def send(self, header, payload=b""):
        """Sends a message or a reply, in parts if it is large, as soon as there are credits."""
        header.setdefault("hops", 1)
        if not header.get("flags", 0) & wire.DONE and header.get("kind", 0) == wire.MESSAGE:
            to = header["to"]
            credit = self.credits.setdefault(to, self.hello["credits"])
            if credit <= 0:
                return self.queued.setdefault(to, []).append((header, payload))
            self.credits[to] = credit - cost(len(payload))
        stream = stream_of(header)
        if len(payload) > PART_SIZE:
            header["total_size"] = len(payload)
        self.send_frame(stream, header, payload[:PART_SIZE])
        for at in range(PART_SIZE, len(payload), PART_SIZE):
            self.send_frame(stream, {"kind": wire.PART}, payload[at:at + PART_SIZE])

    def give_back(self):
        for to, credits in self.owed.items():
            if credits:
                self.send_frame(0, {"kind": wire.CREDIT, "to": to, "credits": credits,
                                    "to_node": self.node.hello["incarnation"]})
                self.owed[to] = 0

    def call(self, to, message_type, payload=b"", timeout_s=5):
        """Gives (error, payload) of the reply."""
        self.node.next_id += 1
        number = self.node.next_id
        self.node.calls[number] = None
        self.send({"type": message_type, "to": to, "from": CALLER, "id": number,
                   "flags": wire.WAITING, "deadline": 1 + timeout_s * 1000}, payload)
        self.node.until(lambda: self.node.calls[number], "a reply", timeout_s)
        header, payload = self.node.calls.pop(number)
        return header["error"], payload

    def goodbye(self, error=wire.LEFT):
        self.send_frame(0, {"kind": wire.GOODBYE, "error": error})
        self.node.until(self.association.idle, "an acknowledgement of the goodbye")
        self.association.close()
        self.node.until(lambda: self.state == "ended", "the end of the association")


class Node:
    def __init__(self, name, endpoint="127.0.0.1:0", **hello):
        self.socket = sctp.Socket(*split_endpoint(endpoint))
        self.socket.accepted = self.take_association
        host, port = self.socket.address()
        self.hello = {
            "version": 1, "incarnation": int.from_bytes(os.urandom(8), "big") | 1, "name": name,
            "program": "peer", "port": port, "message_size": 1 << 20, "credits": 32,
            "address": bytes(10) + b"\xff\xff" + socket.inet_aton(host), "detect_ms": 5000,
        }
        self.hello.update(hello)
        self.links, self.connections, self.seen = {}, [], []
        self.calls, self.next_id = {}, 0
        self.received = []      # messages that no process has taken yet
        self.processes = {}     # number: function(link, header, payload)
        self.holding = False    # keeps messages in `received`, and with them their credits

    def endpoint(self):
        return "%s:%d" % self.socket.address()

    def take_association(self, association):
        self.add(association)

    def connect(self, endpoint):
        return self.add(self.socket.connect(split_endpoint(endpoint)))

    def add(self, association):
        link = Link(self, association)
        self.connections.append(link)
        self.seen.append(link)
        return link

    def connect_up(self, endpoint):
        """The link with who is there, which may have connected to this node meanwhile."""
        link = self.connect(endpoint)
        self.until(lambda: self.links or link.state == "ended", "the link")
        if not self.links:
            raise Failed("no link: %s" % link.reason)
        return list(self.links.values())[-1]

    def offer_next(self, incarnation):
        """Offers a connection with this peer, if none is being offered."""
        there = [link for link in self.seen if link.hello
                 and link.hello["incarnation"] == incarnation]
        held = [link for link in there if link.state == "held"]
        if held and not any(link.state == "offered" for link in there):
            held[-1].state = "offered"
            held[-1].send_frame(0, {"kind": wire.OFFER,
                                    "error": wire.EXISTS if incarnation in self.links else 0})

    def poll(self, timeout_s=0.05):
        self.socket.poll(timeout_s)
        while self.received and not self.holding:
            self.deliver(*self.received.pop(0))
        for link in self.connections:
            if link.state == "over":
                link.association.close()
            elif link.state == "up" and not self.holding:
                link.give_back()
        self.connections = [link for link in self.connections if link.state != "ended"]

    def until(self, done, what, timeout_s=GIVEN_UP_S):
        end = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > end:
                raise Failed("waited too long for " + what)
            self.poll()

    def deliver(self, link, header, payload):
        """Replies with what the process gives: an error number, bytes, or None for no reply."""
        if header["to_node"] not in (0, self.hello["incarnation"]):
            return self.send_back(link, header, payload, wire.STALE)
        receive = self.processes.get(header["to"])
        if not receive:
            return self.send_back(link, header, payload, wire.NOT_FOUND)
        result = receive(link, header, payload)
        if result == wire.UNSUPPORTED:
            return self.send_back(link, header, payload, result)
        if not header["flags"] & wire.WAITING:
            return
        reply = {"type": header["type"], "from": header["to"], "id": header["id"],
                 "flags": wire.DONE, "trace": header["trace"],
                 "to": header["reply_to"] or header["from"],
                 "to_node": header["reply_node"] if header["reply_to"] else header["from_node"]}
        if isinstance(result, int):
            link.send(dict(reply, error=result))
        elif result is not None:
            link.send(reply, result)

    def send_back(self, link, header, payload, error):
        back = {name: header[name] for name in
                ("type", "id", "trace", "flags", "reply_to", "reply_node")}
        back.update({"kind": wire.RETURN, "error": error, "to": header["from"],
                     "from": header["to"], "credits": cost(len(payload))})
        link.owed[header["to"]] -= cost(len(payload))
        link.send(back, b"" if header["flags"] & wire.WAITING else payload)


def split_endpoint(endpoint):
    host, port = endpoint.rsplit(":", 1)
    return host, int(port)
