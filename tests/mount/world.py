"""Programs that do random things to a mounted folder, one system call at a
time, beside the model of what must come of it."""

import errno
import os
import re
import stat
import time

from harness import Actor, read_all, seconds
from model import Model
from model_files import PAST, is_valid

# How many calls a failure shows.
LOG = int(os.environ.get("REPOFS_LOG") or 60)

# What the programs can do; Actor.do(call(...)).
PRELUDE = """
os.umask(0o22)
T = os.O_CREAT | os.O_TRUNC
FLAGS = {"r": os.O_RDONLY, "r+": os.O_RDWR, "p": os.O_WRONLY,
         "a": os.O_WRONLY | os.O_APPEND, "w": os.O_WRONLY | T,
         "w+": os.O_RDWR | T, "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
HOW = {"": 0, "noreplace": 1, "exchange": 2}
fds = {}
def f_open(slot, path, flags):
    fds[slot] = os.open(path, FLAGS[flags], 0o666)
def f_write(slot, text):
    os.write(fds[slot], text.encode())
def f_seek(slot, at):
    os.lseek(fds[slot], at, 0)
def f_resize(slot, size):
    os.ftruncate(fds[slot], size)
def f_fsync(slot):
    os.fsync(fds[slot])
def f_set_time(slot, when):
    os.utime(fds[slot], ns=(when, when))
def f_close(slot):
    os.close(fds.pop(slot))
def f_peek(slot):
    return os.pread(fds[slot], 1 << 24, 0).decode()
def f_rename(old, new, how):
    if libc.renameat2(-100, old.encode(), -100, new.encode(), HOW[how]):
        raise OSError(ctypes.get_errno(), "")
def f_unlink(path): os.unlink(path)
def f_mkdir(path): os.mkdir(path)
def f_rmdir(path): os.rmdir(path)
def f_truncate(path, size): os.truncate(path, size)
def f_chmod(path, mode): os.chmod(path, mode)
def f_utime(path, when): os.utime(path, ns=(when, when))
def f_stand(path): fds["stand"] = os.open(path, os.O_RDONLY)
def f_look(): return sorted(os.listdir(fds["stand"]))
def call(name, *args): return globals()["f_" + name](*args)
"""


def look(root):
    """{path: (kind, mode, mtime, bytes)} of what is really there."""
    found = {}
    for here, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(here, name)
            st = os.lstat(path)
            is_folder = stat.S_ISDIR(st.st_mode)
            data = None if is_folder else read_all(path)
            assert is_folder or len(data) == st.st_size, \
                f"{path}: {len(data)} bytes, but its size is {st.st_size}"
            found[os.path.relpath(path, root)] = (
                "folder" if is_folder else "file", st.st_mode & 0o7777,
                st.st_mtime_ns, data)
    return found


def short(value):
    text = repr(value)
    return text if len(text) < 60 else f"{text[:40]}... ({len(value)})"


class World:
    """The folder @base of a repository, and programs that work in it."""

    def __init__(self, repo, base=""):
        self.repo, self.base = repo, base
        self.model = Model()
        self.pasts = []   # snapshots, and states that have a name
        self.programs = {}
        self.handles = {}  # (program, slot): the model's handle
        self.log = []
        self.settling = False  # a file goes after its last close
        self.born = 0

    def real(self, *parts):
        return os.path.join(self.repo.root, self.base, *parts)

    # ---- programs ----

    def start(self, count):
        for _ in range(count):
            self.born += 1
            name = f"{self.base or 'p'}{self.born}"
            actor = Actor(self.real())
            assert actor.do(PRELUDE) is None
            self.programs[name] = actor
            self.repo.actors.append(actor)

    def stop(self):
        """They end: what they have open is closed."""
        for program, slot in list(self.handles):
            self.do(program, "close", slot)
        for actor in self.programs.values():
            actor.end()
        self.programs = {}
        self.compare()
        self.model.forget()

    def call(self, program, name, *args):
        """The real one: (errno, answer)."""
        code = f"answer = call({name!r}, *{list(args)!r})"
        answer = self.programs[program].do(code)
        if isinstance(answer, dict):
            return answer["errno"], None
        return 0, answer

    def do(self, program, name, *args):
        """One system call, in the model and in truth; its errno."""
        self.log.append((program, name, *args))
        closed = self.path_of(program, *args) if name == "close" else None
        self.model.told_later = False
        wanted = getattr(self, "do_" + name)(program, *args)
        if not isinstance(wanted, tuple):
            wanted = (wanted,)
        got, _ = self.call(program, name, *args)
        assert got in wanted, self.story(
            f"{errno.errorcode.get(got, got)} instead of "
            f"{[errno.errorcode.get(e, e) for e in wanted]}")
        if got or self.model.told_later:
            self.settling = True
        if got == errno.EINVAL and name == "write":
            self.model.write_refused(self.handles[program, args[0]])
        if got and closed and not self.model.find(closed):
            self.wait_gone(self.real(closed))
        return got

    def path_of(self, program, slot):
        """The name of a file that is open; None if it has none."""
        entry = self.handles[program, slot].entry
        return self.model.path(entry) if self.model.live(entry) else None

    @staticmethod
    def wait_gone(path):
        """What was refused goes after its last close has been answered, and
        the kernel is told of a name after the rename has been."""
        end = time.monotonic() + seconds(3)
        while os.path.lexists(path) and time.monotonic() < end:
            time.sleep(0.001)

    def story(self, what):
        lines = [f"{p}: {n}({', '.join(short(a) for a in args)})"
                 for p, n, *args in self.log[-LOG:]]
        return "\n".join(lines + [what])

    # ---- the calls, in the model ----

    def do_open(self, program, slot, path, flags):
        r, handle = self.model.open(program, path, flags)
        if handle:
            self.handles[program, slot] = handle
        return r

    def do_write(self, program, slot, text):
        return self.model.write(self.handles[program, slot], text.encode())

    def do_seek(self, program, slot, at):
        self.handles[program, slot].at = at
        return 0

    def do_resize(self, program, slot, size):
        self.model.resize(self.handles[program, slot], size)
        return 0

    def do_fsync(self, program, slot):
        return self.model.flush(self.handles[program, slot])

    def do_set_time(self, program, slot, when):
        assert when == PAST
        self.model.set_time(self.handles[program, slot])
        return 0

    def do_close(self, program, slot):
        return self.model.close(self.handles.pop((program, slot)))

    def do_rename(self, program, old, new, how):
        return self.model.rename(program, old, new, how)

    def do_unlink(self, program, path):
        return self.model.unlink(program, path)

    def do_mkdir(self, program, path):
        return self.model.mkdir(program, path)

    def do_rmdir(self, program, path):
        return self.model.rmdir(program, path)

    def do_truncate(self, program, path, size):
        return self.model.truncate(program, path, size)

    def do_chmod(self, program, path, mode):
        return self.model.set(program, path, mode=mode)

    def do_utime(self, program, path, when):
        return self.model.set(program, path, mtime=when)

    # ---- commands ----

    def snapshot(self, folder, text="a snapshot"):
        where = os.path.join(self.base, self.model.path(folder))
        number = self.repo.snapshot(text, where)
        self.log.append(("test", "snapshot", where, number))
        past = self.model.snapshot(number, folder)
        self.pasts.append(past)
        return past

    def revert(self, folder, spec, change):
        """Give the command; @change() does it to the model, and says if there
        was anything to do. The lines of the answer."""
        where = os.path.join(self.base, self.model.path(folder))
        self.log.append(("test", "revert", where, spec))
        dry = self.repo.revert(f"dry-run {spec}", where).splitlines()
        before = self.model.snapshot(None, folder)
        answer = self.repo.revert(spec, where).splitlines()
        assert answer[:-1] == dry[:-1], self.story(
            f"announced: {dry}\ndone: {answer}")
        changed = change()
        assert changed == ("nothing to do" not in answer[-1]), \
            self.story(f"{changed}: {answer}")
        if changed:
            revision, guard = re.search(
                r"\(revision (\d+), snapshot (\d+) before it",
                answer[-1]).groups()
            before.label = int(guard)
            self.pasts.append(before)
            self.pasts.append(self.model.snapshot(f"after {revision}",
                                                  folder))
        return answer

    # ---- comparing ----

    def expected(self):
        return {self.model.path(e): e for e in self.model.root.below()}

    def compare(self):
        """What is there now is what the model says."""
        end = time.monotonic() + seconds(3)
        while self.settling and time.monotonic() < end:
            self.settling = False
            try:
                self.compare()
            except (AssertionError, FileNotFoundError):
                time.sleep(0.005)
                self.settling = True
        self.settling = False
        found, wanted = look(self.real()), self.expected()
        assert sorted(found) == sorted(wanted), self.story(
            f"too many: {sorted(set(found) - set(wanted))}\n"
            f"missing: {sorted(set(wanted) - set(found))}\n" +
            "\n".join(f"{path}: {short(found[path][3])}, not "
                      f"{short(entry.content)}"
                      for path, entry in wanted.items()
                      if path in found and entry.content != found[path][3]))
        for path, entry in wanted.items():
            self.compare_entry(path, entry, found[path])

    def compare_entry(self, path, entry, found):
        kind, mode, mtime, data = found
        wanted = "folder" if entry.kind == "folder" else "file"
        assert (kind, oct(mode)) == (wanted, oct(entry.mode)), self.story(
            f"{path}: {kind} {mode:o}, not {wanted} {entry.mode:o}")
        if kind == "folder":
            return
        assert data == entry.content, self.story(
            f"{path}: {short(data)}, not {short(entry.content)}")
        if entry.mtime is None:
            entry.mtime = mtime
        assert mtime == entry.mtime, self.story(
            f"{path}: time {mtime}, not {entry.mtime}")

    def compare_absent(self, names, rng):
        """No lookup finds what is not there."""
        folders = [e for e in (self.model.root, *self.model.root.below())
                   if e.kind == "folder"]
        for _ in range(8):
            folder, name = rng.choice(folders), rng.choice(names)
            path = self.real(self.model.path(folder), name)
            there = name in folder.children
            if not there:
                self.wait_gone(path)
            assert os.path.lexists(path) == there, self.story(
                f"{path} is {'not ' if there else ''}there")

    def compare_past(self, past, rng):
        """A snapshot of a folder, seen from there or from below."""
        folders = [e for e in (self.model.root, *self.model.root.below())
                   if e.kind == "folder" and past.covers(e)]
        if not folders or not isinstance(past.label, int):
            return
        folder = rng.choice(folders)
        root = self.real(self.model.path(folder), ".snapshots",
                         str(past.label))
        found, wanted = look(root), past.tree(folder)
        assert sorted(found) == sorted(wanted), self.story(
            f"{root}\ntoo many: {sorted(set(found) - set(wanted))}\n"
            f"missing: {sorted(set(wanted) - set(found))}")
        for path, record in wanted.items():
            kind, mode, mtime, data = found[path]
            assert data == record.content and mode == record.mode and \
                (kind == "folder" or mtime == record.mtime), self.story(
                    f"{root}/{path}: {mode:o} {mtime} {short(data)}, not "
                    f"{record.mode:o} {record.mtime} "
                    f"{short(record.content)}")
        if folder is past.folder and not self.model.crossed(past, folder):
            where = os.path.join(self.base, self.model.path(folder))
            lines = sorted(self.repo.diff(past.label, where))
            wanted = self.model.diff(past, folder)
            assert lines == wanted, self.story(
                f"diff {past.label}: {lines}\nnot: {wanted}")

    def compare_versions(self):
        """Items that have always been where they are: each save is one
        version, however it was done."""
        for path, entry in self.expected().items():
            if entry.kind != "item" or not self.model.always_here(entry):
                continue
            folder, name = os.path.split(path)
            got = look(self.real(folder, ".snapshots", "versions", name))
            got = [got[number][3] for number in sorted(got)]
            assert got == entry.history, self.story(
                f"{path}: versions {[short(g) for g in got]}\nnot "
                f"{[short(h) for h in entry.history]}")
