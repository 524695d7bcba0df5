"""The model of a repository, its middle: content that arrives under a name,
open files and attributes. See model.py.
"""

import errno
import json

from model_tree import LIMBO, OWN_COPY, REFILE, Tree, Unsure

PAST = 1500000000 * 10**9  # a modification time that copiers set


def is_valid(data):
    try:
        return isinstance(json.loads(data), (dict, list))
    except ValueError:
        return False


class Handle:
    """A file that a process has open for writing."""

    def __init__(self, proc, entry, flags):
        self.proc, self.entry, self.flags = proc, entry, flags
        self.parent, self.name = entry.parent, entry.name
        self.node, self.mode = entry.node, entry.mode
        self.first = entry.content  # if the item is gone by the first write
        self.buf, self.base, self.went = None, None, None
        self.cut = self.dirty = self.refused = self.mark = False
        self.covered = self.at = 0


class Files(Tree):
    # ---- content arrives under a name ----

    def limbo(self, writers, parent, name):
        for proc in writers:
            act = self.last("removed", LIMBO, proc=proc, parent=parent,
                            name=name)
            if act:
                return act
        return None

    def arrive(self, writers, parent, name, content, mode, target=None,
               base=None, source=None, mark=False, over=False):
        """@source: the file that has the bytes, if the kernel knows it;
        @base: they are a change of this; @mark: of a copier."""
        item = target if target and self.live(target) else \
            parent.children.get(name) if self.live(parent) else None
        if item is source:
            item = None
        act = None
        if not item:
            act = self.limbo(writers, parent, name)
            if not self.live(parent):
                return errno.ENOENT
            if act and self.live(act.item):
                act = None
            if act:
                item = act.item
        edit = bool(item) and item.kind == "item" and not mark and (
            item.content == base if base is not None
            else self.has_seen(writers, item))
        if over and not edit and item:
            return errno.EEXIST
        if item and not edit and not self.live(parent):
            return errno.ENOENT
        if source:
            self.out(source)
        if act:
            self.revive(act, parent, name)
        if edit:
            self.edit(writers, parent, name, item, content, mode, source)
            return 0
        into = self.free_name(parent, name)
        copy = self.make("item", mode, parent, into, content)
        copy.history = [content]
        if source:
            self.pass_on(source, copy)
        for proc in writers:
            if item:
                node = item.node if item.kind == "item" else None
                self.wrote_item("diverted", proc, parent, name, node, copy)
            else:
                self.saved(proc, parent, name, copy)
        return 0

    def saved(self, proc, parent, name, item):
        """What it wrote before to this name is past."""
        for act in [a for a in self.acts if a.kind == "diverted" and
                    a.proc == proc and a.parent is parent and
                    a.name == name]:
            self.acts.remove(act)
        self.look(proc, item)
        return self.wrote_item("saved", proc, parent, name, item.node, item)

    def wrote_item(self, kind, proc, parent, name, node, item):
        item.authors.setdefault(item.content, []).append(proc)
        return self.act(kind, proc, parent, name, node, item)

    def edit(self, writers, parent, name, item, content, mode, source):
        former = item.content
        if source:
            self.pass_on(source, item)
        if content != former:
            item.content = content
            item.history.append(content)
            item.mtime = None
            if mode is not None and source:
                item.mode = mode
        for proc in writers:
            act = self.saved(proc, parent, name, item)
            act.edit = content != former
            act.former, act.version = former, len(item.history)

    def bring_back(self, writers, parent, name, own=None):
        """The item that one of them took away to make room for what is
        refused now."""
        act = self.limbo(writers, parent, name)
        if not act or not self.live(parent) or self.live(act.item):
            return
        if parent.children.get(name) not in (None, own):
            return
        if own:
            self.out(own)
            own.hidden = parent, name
        self.revive(act, parent, name)

    def revive(self, act, parent, name):
        item = act.item
        self.forget_act(act)
        self.put(item, parent, name)
        if item.node is None:
            self.ids += 1
            item.node = self.ids

    # ---- open files ----

    def open(self, proc, path, flags):
        """(errno, handle); flags as those of open(): r w a x p r+ w+; p is
        for writing without truncation."""
        parent, name = self.split(path)
        if not parent:
            return errno.ENOENT, None
        entry = parent.children.get(name)
        creates = flags in ("w", "x", "w+")
        if entry and entry.kind == "folder":
            return errno.EEXIST if flags == "x" else errno.EISDIR, None
        if entry and flags == "x":
            return errno.EEXIST, None
        if not entry and not creates:
            return errno.ENOENT, None
        if not entry:
            entry = self.make("scratch", 0o644, parent, name, b"")
            entry.writers = (proc,)
        handle = Handle(proc, entry, flags)
        if entry.kind == "item" and flags in ("r", "r+", "w+"):
            self.look(proc, entry)
        if flags == "r":
            return 0, handle
        if entry.kind == "scratch":
            entry.opens += 1
        if flags in ("w", "w+"):
            self.resize(handle, 0)
        return 0, handle

    def wrote(self, entry, proc):
        entry.was, entry.mtime = None, None
        entry.refused = entry.mark = False
        if proc not in entry.writers:
            entry.writers += (proc,)

    def resize(self, handle, size):
        entry = handle.entry
        if entry.kind == "scratch" and handle.went is None:
            if entry.content or entry.was or entry.kept:
                entry.writers = entry.writers if size else ()
                self.wrote(entry, handle.proc)
            entry.content = (entry.content + bytes(size))[:size]
            return
        self.begin(handle, size == 0)
        handle.buf = (handle.buf + bytes(size))[:size]
        handle.cut |= size == 0
        handle.covered = min(handle.covered, size)
        handle.dirty, handle.refused = True, False

    def begin(self, handle, empty=False):
        if handle.buf is not None:
            return
        entry = handle.entry
        reads = handle.flags in ("r+", "w+")
        base = entry.content if self.live(entry) and not reads else \
            handle.first
        handle.buf = b"" if empty else base
        handle.base = None if empty else base

    def write(self, handle, data):
        """The errnos that it may give."""
        entry = handle.entry
        loose = entry.kind == "scratch" and handle.went is None
        if not loose:
            self.begin(handle)
        buf = entry.content if loose else handle.buf
        at = len(buf) if handle.flags == "a" else handle.at
        whole = at == len(buf) if loose else at <= handle.covered
        buf = buf[:at] + bytes(max(0, at - len(buf))) + data + \
            buf[at + len(data):]
        handle.at = at + len(data)
        if loose:
            self.wrote(entry, handle.proc)
            entry.content = buf
        else:
            if whole:
                handle.covered = max(handle.covered, handle.at)
            handle.buf = buf
            handle.dirty, handle.refused = True, False
        checked = whole and (not loose or entry.is_item_name()) and \
            not is_valid(buf)
        return (0, errno.EINVAL) if checked else (0,)

    def write_refused(self, handle):
        """It has been told so by the write."""
        if handle.entry.kind == "scratch" and handle.went is None:
            return
        self.act("diverted", handle.proc, handle.parent, handle.name,
                 handle.node, None)

    def flush(self, handle):
        if handle.flags == "r":
            return 0
        entry = handle.entry
        if entry.kind == "scratch" and handle.went is None:
            return self.flush_loose(handle, entry)
        if not handle.dirty or (not handle.buf and handle.cut):
            return 0
        if not is_valid(handle.buf):
            if not handle.refused:
                handle.refused = True
                self.act("diverted", handle.proc, handle.parent,
                         handle.name, handle.node, None)
            return errno.EINVAL
        writeonly = handle.flags in ("w", "a", "x", "p")
        whole = handle.cut or (writeonly and
                               handle.covered >= len(handle.buf))
        whole = whole and handle.went is None
        target = handle.went or entry
        r = self.arrive([handle.proc], handle.parent, handle.name,
                        handle.buf, handle.mode, target=target,
                        base=None if whole else handle.base,
                        mark=handle.mark and handle.went is None)
        if r == 0:
            self.committed(handle, handle.buf)
        return r

    def committed(self, handle, content):
        """It goes on where its content went."""
        handle.went = next(a.item for a in reversed(self.acts)
                           if a.proc == handle.proc and
                           a.kind in ("saved", "diverted"))
        handle.base, handle.dirty = content, False

    def flush_loose(self, handle, entry):
        at = entry.hidden or (entry.parent, entry.name)
        if not at[0] or not entry.is_item_name() or not entry.content:
            return 0
        if not is_valid(entry.content):
            if not entry.refused:
                entry.refused = True
                if not entry.hidden:
                    self.bring_back(entry.writers, *at, entry)
                self.act("diverted", handle.proc, *at, entry.node, None)
            return errno.EINVAL
        content = entry.content
        r = self.arrive(list(entry.writers), *at, content, entry.mode,
                        source=entry, mark=entry.mark)
        if r == 0:
            handle.buf = content
            self.committed(handle, content)
        return r

    def close(self, handle):
        r = self.flush(handle)
        entry = handle.entry
        if handle.flags == "r" or entry.kind != "scratch":
            return r
        entry.opens -= 1
        if entry.opens == 0 and handle.went is None and entry.parent:
            entry.kept = True
            if entry.refused and entry.is_item_name():
                self.out(entry)  # all it ever had was refused
        return r

    # ---- attributes ----

    def set(self, proc, path, mode=None, mtime=None):
        """chmod, or utime with a time in the past."""
        entry = self.find(path)
        if not entry:
            return errno.ENOENT
        own = None
        if entry.kind != "folder" and not entry.opens:
            own = self.last("diverted", OWN_COPY, proc=proc,
                            node=entry.node)
        if own:
            if own.parent is not entry.parent or own.name != entry.name:
                raise Unsure("it has another name by now")
            entry = own.item
            if not entry or not self.live(entry):
                return 0
        elif mtime and entry.kind == "item":
            saved = self.last("saved", REFILE, proc=proc, node=entry.node)
            if saved and saved.edit and \
                    saved.version == len(entry.history):
                self.refile(saved, mtime)
                return 0
        if mode is not None:
            entry.mode = mode
        if mtime is not None:
            entry.mtime, entry.mark = mtime, True
        return 0

    def set_time(self, handle):
        """futimens() with a time in the past, before the close."""
        if handle.entry.kind == "scratch":
            handle.entry.mark, handle.entry.mtime = True, PAST
        else:
            handle.mark = True

    def refile(self, saved, mtime):
        """The edit was a copier's after all."""
        item, content = saved.item, saved.item.content
        if not self.live(saved.parent):
            raise Unsure("its folder is gone")
        item.authors[content].remove(saved.proc)
        item.content = saved.former
        item.history.pop()
        item.mtime = None
        into = self.free_name(saved.parent, saved.name)
        copy = self.make("item", item.mode, saved.parent, into, content)
        copy.history, copy.mtime = [content], mtime
        self.forget_act(saved)
        self.wrote_item("diverted", saved.proc, saved.parent, saved.name,
                        item.node, copy)

    def truncate(self, proc, path, size):
        entry = self.find(path)
        if not entry:
            return errno.ENOENT
        if entry.kind == "folder":
            return errno.EISDIR
        if entry.kind == "scratch":
            entry.writers = entry.writers if size else ()
            self.wrote(entry, proc)
            entry.content = (entry.content + bytes(size))[:size]
            return 0
        if size in (0, len(entry.content)):
            return 0
        content = (entry.content + bytes(size))[:size]
        if not is_valid(content):
            return errno.EINVAL
        return self.arrive([proc], entry.parent, entry.name, content, None,
                           target=entry, base=entry.content)
