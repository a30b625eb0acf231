#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A path between two nodes that breaks again and again: forwards UDP from a port of its own to a
node, and back, except for CUT of each PERIOD milliseconds; every LONG-th cut lasts a second longer,
so that the nodes give the connection up. Prints its port, and runs until it is ended. The node,
which has to know that port before it starts, writes where it is into FILE."""
import os
import select
import socket
import sys
import time


class Path:
    def __init__(self, file, cut_s, period_s, long):
        self.file, self.target = file, None
        self.cut_s, self.period_s, self.long = cut_s, period_s, long
        self.front = self.socket()
        self.backs = {}  # by socket: whose it is; by endpoint: the socket
        self.next_s, self.open_again_s, self.cuts = time.monotonic() + period_s, 0, 0

    @staticmethod
    def socket():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        opened.bind(("127.0.0.1", 0))
        return opened

    def find_target(self):
        if self.target is None and os.path.exists(self.file):
            with open(self.file, encoding="ascii") as file:
                host, port = file.read().strip().rsplit(":", 1)
            self.target = (host, int(port))
        return self.target

    def is_cut(self):
        now = time.monotonic()
        if now >= self.next_s:
            self.cuts += 1
            longer = 1 if self.cuts % self.long == 0 else 0
            self.open_again_s = now + self.cut_s + longer
            self.next_s = now + self.period_s + longer
        return now < self.open_again_s

    def forward(self, source):
        data, sender = source.recvfrom(1 << 16)
        if self.is_cut() or self.find_target() is None:
            return
        try:
            if source is not self.front:
                self.front.sendto(data, self.backs[source])
                return
            if sender not in self.backs:
                opened = self.socket()
                self.backs[sender], self.backs[opened] = opened, sender
            self.backs[sender].sendto(data, self.target)
        except OSError:
            pass  # nobody listens at the moment

    def run(self):
        while True:
            sockets = [self.front] + [key for key in self.backs if isinstance(key, socket.socket)]
            for source in select.select(sockets, [], [], 1)[0]:
                self.forward(source)


def main():
    cut_ms, period_ms, long = (int(text) for text in sys.argv[2:5])
    path = Path(sys.argv[1], cut_ms / 1000, period_ms / 1000, long)
    print(path.front.getsockname()[1], flush=True)
    path.run()


main()
