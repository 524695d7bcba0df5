"""What inotify tells somebody who watches folders."""

import ctypes
import os
import select
import struct
import time

from harness import seconds

_libc = ctypes.CDLL(None, use_errno=True)

MODIFY, ATTRIB, CLOSE_WRITE = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
DELETE_SELF, OVERFLOW, IS_DIR = 0x400, 0x4000, 0x40000000

WORDS = {MODIFY: "modify", ATTRIB: "attrib", CLOSE_WRITE: "close_write",
         MOVED_FROM: "moved_from", MOVED_TO: "moved_to", CREATE: "create",
         DELETE: "delete", DELETE_SELF: "delete_self", OVERFLOW: "overflow"}


class Watcher:
    """... as a list of (what, path), the paths of folders with a slash at
    the end; in the order in which they came, which is that of nothing in
    particular."""

    def __init__(self, root, *folders):
        self.root = root
        self.fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        assert self.fd >= 0
        self.folders = {}
        self.cookies = {}
        for folder in folders:
            self.add(folder)

    def add(self, folder):
        path = os.path.join(self.root, folder)
        mask = sum(word for word in WORDS if word != OVERFLOW)
        number = _libc.inotify_add_watch(self.fd, os.fsencode(path), mask)
        assert number >= 0, path
        self.folders[number] = folder

    def read(self, pause=0.0):
        """What has come, until nothing does for so long."""
        found = []
        while select.select([self.fd], [], [], pause)[0]:
            data = os.read(self.fd, 1 << 16)
            while data:
                number, mask, cookie, size = struct.unpack_from("iIII", data)
                name = os.fsdecode(data[16:16 + size].rstrip(b"\0"))
                data = data[16 + size:]
                self.note(found, number, mask, cookie, name)
        return found

    def note(self, found, number, mask, cookie, name):
        folder = self.folders.get(number, "")
        path = os.path.join(folder, name) if name else folder
        slash = "/" if mask & IS_DIR and name else ""
        for bit, word in WORDS.items():
            if mask & bit:
                found.append((word, path + slash))
        if mask & MOVED_FROM:
            self.cookies[cookie] = path
        elif mask & MOVED_TO and cookie in self.cookies:
            found.append(("moved", self.cookies[cookie] + " -> " + path))

    def wait(self, *wanted, limit=5):
        """All that has come until these have, and nothing more does."""
        end = time.monotonic() + seconds(limit)
        found = []
        while time.monotonic() < end:
            found += self.read(0.1)
            if not set(wanted) - set(found):
                return found + self.read(0.2)
        raise AssertionError(f"{set(wanted) - set(found)} did not come, but "
                             f"{found}")

    def close(self):
        os.close(self.fd)
