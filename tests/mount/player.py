"""Random programs: each is a few system calls, as real ones make them."""

import os
import re

from model_files import PAST

ITEMS = ["A.json", "B.json", "C.json", "C 2.json", "Year 5.json"]
FOLDERS = ["d", "e", "f"]
SCRATCH = ["A.bak", "n.txt", "B.json~"]
NAMES = ITEMS + FOLDERS + SCRATCH + ["A 2.json", "B 2.json", "C 3.json",
                                     "C 2 2.json", "A 3.json"]
MODES = [0o644, 0o600, 0o755, 0o640]

# How often each is chosen.
WEIGHTS = {
    "save": 8, "create": 8, "edit": 8, "copy_with_time": 4,
    "rename_over": 8, "rename_open_file": 3, "save_with_backup": 6,
    "save_anew": 4, "append": 3, "patch": 4, "write_twice": 3,
    "truncate": 3, "rename_item": 8, "rename_folder": 5, "exchange": 2,
    "unlink": 4, "mkdir": 6, "rmdir": 3, "chmod": 4, "own_copy": 5,
    "draft": 2, "scratch": 3, "set_aside": 2, "rename_scratch": 4,
    "unlink_scratch": 3, "slow_write": 3, "slow_close": 4, "hold": 3,
    "peek": 4, "snapshot": 4, "revert": 4,
}


class Chooser:
    """Paths and contents."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.model = world.model
        self.count = 0
        self.used = []

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def entries(self, kind):
        return [e for e in self.model.root.below() if e.kind == kind]

    def folders(self):
        return [self.model.root, *self.entries("folder")]

    def paths(self):
        return {self.model.path(e) for e in self.model.root.below()}

    def any_of(self, kind):
        """The path of one that is there, or None."""
        some = self.entries(kind)
        return self.model.path(self.rng.choice(some)) if some else None

    def place(self, names):
        """A path that may be taken or not."""
        folder = self.rng.choice(self.folders())
        return os.path.join(self.model.path(folder), self.rng.choice(names))

    def item(self):
        """The path of an item, mostly one that is there."""
        path = self.any_of("item")
        return path if path and self.chance(85) else self.place(ITEMS)

    def text(self):
        """Valid content, now and then one that was there before."""
        if self.used and self.chance(20):
            return self.rng.choice(self.used)
        self.count += 1
        size = self.rng.choice([0, 0, 0, 200, 5000, 9000, 70000])
        text = f'{{"n": {self.count}, "x": "{"x" * size}"}}'
        text += self.rng.choice(["\n", "\n", " \n\n", "      \n", ""])
        self.used = self.used[-10:] + [text]
        return text

    def content(self):
        """Mostly valid."""
        if self.chance(90):
            return self.text()
        return self.rng.choice(['{"cut": 1', '{"wrong": no}', '[1, 2] x',
                                '"no item"', '{"a": 1, "a": 2,}'])

    def other(self):
        return self.rng.choice(sorted(self.world.programs))


class Player(Chooser):
    """One operation after another, each by some program."""

    program = None

    def step(self):
        name = self.rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
        self.program = self.other()
        self.world.log.append(("test", name))
        getattr(self, "op_" + name)()

    def do(self, name, *args, by=None):
        program = by or self.program
        if name in ("chmod", "utime", "truncate") and \
                self.has_open(program, args[0]):
            return 0  # who could say which of the two it means?
        return self.world.do(program, name, *args)

    def has_open(self, program, path):
        entry = self.model.find(path)
        return any(entry and handle.flags != "r" and
                   (handle.entry is entry or handle.node == entry.node)
                   for (who, _), handle in self.world.handles.items()
                   if who == program)

    # ---- saves and copies ----

    def read(self, path, by=None):
        if self.do("open", "r", path, "r", by=by) == 0:
            self.do("close", "r", by=by)

    def write_file(self, path, text, flags="w", pieces=False, past=False):
        """errno of the last close; -1 if it could not be opened."""
        if self.do("open", "w", path, flags):
            return -1
        cut = self.rng.randrange(len(text)) if pieces else 0
        for part in (text[:cut], text[cut:]):
            if part:
                self.do("write", "w", part)
        if past:
            self.do("set_time", "w", PAST)
        return self.do("close", "w")

    def op_save(self):
        self.write_file(self.item(), self.content(),
                        flags=self.rng.choice(["w", "w", "w", "w+", "x"]))

    def op_create(self):
        self.write_file(self.place(ITEMS), self.content())

    def op_edit(self):
        path = self.item()
        self.read(path)
        self.write_file(path, self.content())

    def op_copy_with_time(self):
        """cp -p sets it before the close, tar and others after it."""
        path, before = self.item(), self.chance(50)
        if self.chance(50):
            self.read(path)
        r = self.write_file(path, self.text(), past=before)
        if r == 0 and not before:
            self.do("utime", path, PAST)

    def op_rename_over(self):
        """Sometimes written by one program, and renamed by another."""
        path, temp = self.item(), self.place(["t.tmp", "t", "z.json"])
        writer = self.program
        if self.chance(60):
            self.read(path, by=self.other() if self.chance(30) else None)
        if self.write_file(temp, self.content()):
            return
        if self.chance(20):
            self.do("utime", temp, PAST)
        if self.chance(30):
            self.program = self.other()
        if self.do("rename", temp, path, "") and temp in self.paths():
            self.do("unlink", temp, by=writer)

    def op_rename_open_file(self):
        """As GLib does: the handle is closed after the rename."""
        path, temp = self.item(), self.place(["t.tmp"])
        if self.chance(70):
            self.read(path)
        if self.do("open", "w", temp, "w"):
            return
        self.do("write", "w", self.content())
        if self.chance(50):
            self.do("fsync", "w")
        self.do("rename", temp, path, "")
        self.do("close", "w")
        if temp in self.paths():
            self.do("unlink", temp)

    def op_save_with_backup(self):
        """vim: the item is renamed aside, and a new one made."""
        path = self.item()
        if self.chance(70):
            self.read(path)
        if self.do("rename", path, path + "~", ""):
            return
        if self.write_file(path, self.content(), pieces=self.chance(30)):
            self.do("unlink", path)
            self.do("rename", path + "~", path, "")
        elif path + "~" in self.paths() and self.chance(80):
            self.do("unlink", path + "~")

    def op_save_anew(self):
        """Unlinked, then created."""
        path = self.item()
        if self.chance(70):
            self.read(path)
        if self.do("unlink", path) == 0:
            self.write_file(path, self.content())

    def op_append(self):
        self.write_file(self.item(), self.rng.choice(["\n", "  ", "x"]),
                        flags="a")

    def op_patch(self):
        path = self.item()
        entry = self.model.find(path)
        if not entry or not entry.content:
            return
        if self.do("open", "w", path, self.rng.choice(["p", "r+"])):
            return
        if self.chance(50):
            self.do("seek", "w", entry.content.find(b": ") + 2)
            self.do("write", "w", self.rng.choice("123456789"))
        else:
            text = self.text()
            self.do("write", "w", text)
            self.do("resize", "w", len(text))
        self.do("close", "w")

    def op_write_twice(self):
        """A handle that is synced, and goes on."""
        path = self.item()
        if self.chance(60):
            self.read(path)
        if self.do("open", "w", path, "w"):
            return
        self.do("write", "w", self.text())
        self.do("fsync", "w")
        self.do("write", "w", "\n")
        self.do("close", "w")

    def op_truncate(self):
        path = self.item()
        entry = self.model.find(path)
        if not entry or entry.content is None:
            return
        whole = len(entry.content.rstrip())
        self.do("truncate", path, self.rng.choice(
            [0, whole, whole, max(0, whole - 1), len(entry.content) + 3]))

    # ---- names ----

    def op_rename_item(self):
        path = self.item()
        to = self.item() if self.chance(40) else self.place(ITEMS)
        if self.chance(50):
            self.read(to)
        how = "noreplace" if self.chance(20) else ""
        self.do("rename", path, to, how)

    def op_rename_folder(self):
        path = self.any_of("folder")
        if path:
            self.do("rename", path, self.place(FOLDERS), "")

    def op_exchange(self):
        some = sorted(self.paths())
        if len(some) > 1:
            self.do("rename", *self.rng.sample(some, 2), "exchange")

    def op_unlink(self):
        self.do("unlink", self.item())

    def op_mkdir(self):
        if len(self.folders()) < 10:
            self.do("mkdir", self.place(FOLDERS))

    def op_rmdir(self):
        self.do("rmdir", self.place(FOLDERS))

    def op_chmod(self):
        some = sorted(self.paths())
        if some:
            self.do("chmod", self.rng.choice(some), self.rng.choice(MODES))

    def op_own_copy(self):
        """What a copier does to the name next is meant for its copy."""
        path = self.item()
        self.write_file(path, self.content())
        for _ in range(self.rng.randint(1, 2)):
            what = self.rng.randrange(3)
            if what == 0:
                self.do("chmod", path, self.rng.choice(MODES))
            elif what == 1:
                self.do("unlink", path)
            else:
                self.do("rename", path, self.place(ITEMS + SCRATCH), "")

    # ---- files that are no items ----

    def op_draft(self):
        self.write_file(self.place(ITEMS), "", flags="x")

    def op_scratch(self):
        self.write_file(self.place(SCRATCH), self.content())

    def op_set_aside(self):
        self.do("rename", self.item(), self.place(SCRATCH), "")

    def op_rename_scratch(self):
        path = self.any_of("scratch")
        if path:
            self.do("rename", path, self.place(ITEMS + SCRATCH), "")

    def op_unlink_scratch(self):
        path = self.any_of("scratch")
        if path:
            self.do("unlink", path)

    # ---- files that stay open ----

    def slots(self, prefix):
        return [k for k in self.world.handles if k[1].startswith(prefix)]

    def op_slow_write(self):
        """Opened and written now, closed after what others do."""
        if len(self.slots("slow")) > 2:
            return
        path, self.count = self.item(), self.count + 1
        if self.chance(30):
            path = self.place(SCRATCH)
        slot = f"slow{self.count}"
        if self.chance(50):
            self.read(path)
        if self.do("open", slot, path, self.rng.choice("wwa")) == 0:
            self.do("write", slot, self.text())

    def op_slow_close(self):
        open_files = self.slots("slow")
        if open_files:
            program, slot = self.rng.choice(open_files)
            self.do("close", slot, by=program)

    def op_hold(self):
        path = self.any_of("item")
        if not path or len(self.slots("hold")) > 5:
            return
        self.count += 1
        slot = f"hold{self.count}"
        if self.do("open", slot, path, "r") == 0:
            handle = self.world.handles[self.program, slot]
            handle.since = len(handle.entry.history) - 1

    def op_peek(self):
        """A file that is open is read: as it is, or as it was last."""
        held = self.slots("hold")
        if not held:
            return
        program, slot = self.rng.choice(held)
        handle = self.world.handles[program, slot]
        _, text = self.world.call(program, "peek", slot)
        got = text.encode()
        allowed = self.model.may_show(handle.entry, handle.node,
                                      handle.since)
        assert got in allowed, self.world.story(
            f"{program} {slot}: {got[:60]}, not {[a[:60] for a in allowed]}")

    # ---- the past ----

    def op_snapshot(self):
        self.world.snapshot(self.rng.choice(self.folders())
                            if self.chance(50) else self.model.root)

    def op_revert(self):
        past = self.rng.choice(self.world.pasts)
        folders = [f for f in self.folders()
                   if self.model.can_revert(past, f)]
        if not folders:
            return
        folder = self.rng.choice(folders)
        answer = self.world.revert(
            folder, past.label, lambda: self.model.revert(past, folder))
        undo = re.search(r"\(revision ([0-9]+)", answer[-1])
        if undo and self.chance(30):
            self.undo(folder, undo[1])

    def undo(self, folder, revision):
        before = self.world.pasts[-2]
        self.world.compare()
        if self.model.can_revert(before, folder):
            self.world.revert(folder, f"undo {revision}",
                              lambda: self.model.revert(before, folder))
