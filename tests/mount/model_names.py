"""The model of a repository: names that come, go and change. See model.py."""

import errno

from model_files import Files, is_valid


class Names(Files):
    def mkdir(self, _proc, path):
        parent, name = self.split(path)
        if not parent:
            return errno.ENOENT
        if name in parent.children:
            return errno.EEXIST
        self.make("folder", 0o755, parent, name)
        return 0

    def rmdir(self, _proc, path):
        entry = self.find(path)
        if not entry:
            return errno.ENOENT
        if entry.kind != "folder":
            return errno.ENOTDIR
        if entry.children:
            return errno.ENOTEMPTY
        self.out(entry)
        return 0

    def unlink(self, proc, path):
        entry = self.find(path)
        if not entry:
            return errno.ENOENT
        if entry.kind == "folder":
            return errno.EISDIR
        if entry.kind == "scratch":
            self.out(entry)
            return 0
        own = self.own_copy(proc, entry)
        if own:
            self.told_later = True
            self.forget_act(own)
            if own.item and self.live(own.item):
                self.out(own.item)
            return 0
        self.remove(proc, entry)
        return 0

    def remove(self, proc, entry):
        self.act("removed", proc, entry.parent, entry.name, entry.node,
                 entry)
        self.out(entry)

    def rename(self, proc, old, new, how=""):
        """@how: "noreplace" or "exchange", as of renameat2()."""
        parent, name = self.split(old)
        to, new_name = self.split(new)
        entry = parent and parent.children.get(name)
        if not entry or not to:
            return errno.ENOENT
        target = to.children.get(new_name)
        if how == "noreplace" and target:
            return errno.EEXIST
        if how == "exchange" and not target:
            return errno.ENOENT
        if entry in to.up():
            return errno.EINVAL
        if target in parent.up():
            return errno.EINVAL if how == "exchange" else errno.ENOTEMPTY
        if target is entry:
            return 0
        if how == "exchange":
            return self.exchange(entry, target)
        if entry.kind == "folder":
            return self.rename_folder(entry, target, to, new_name)
        if target and target.kind == "folder":
            return errno.EISDIR
        if entry.kind == "scratch":
            return self.rename_scratch(proc, entry, target, to, new_name)
        own = self.own_copy(proc, entry)
        if own and own.item and self.live(own.item) and \
                not self.has_seen([proc], entry):
            entry, self.told_later = own.item, True
        else:
            own = None
        r = 0
        if entry is not target:
            r = self.rename_item(proc, entry, target, to, new_name)
        if r == 0 and own:
            self.forget_act(own)
        return r

    def exchange(self, a, b):
        if "scratch" in (a.kind, b.kind):
            return errno.EINVAL
        if a.kind != b.kind and not (a.is_item_name() and b.is_item_name()):
            return errno.EINVAL
        at, to = (a.parent, a.name), (b.parent, b.name)
        before = {e.id for e in at[0].up()}, {e.id for e in to[0].up()}
        self.out(a)
        self.put(b, *at)
        self.put(a, *to)
        self.moved(a, before[0])
        self.moved(b, before[1])
        return 0

    def rename_folder(self, entry, target, to, name):
        if target and target.kind != "folder":
            return errno.ENOTDIR
        if target and target.children:
            return errno.ENOTEMPTY
        if target:
            self.out(target)
        self.put(entry, to, name)
        return 0

    def rename_item(self, proc, entry, target, to, name):
        if not name.endswith(".json"):
            self.set_aside(proc, entry, target, to, name)
            return 0
        if target and target.kind == "item":
            return self.item_over_item(proc, entry, target)
        if target:
            self.out(target)  # a draft
        self.put(entry, to, name)
        return 0

    def set_aside(self, proc, entry, target, to, name):
        if target:
            self.out(target)
        self.remove(proc, entry)
        aside = self.make("scratch", entry.mode, to, name, entry.content)
        aside.was, aside.kept = entry, True
        self.pass_on(entry, aside)
        aside.writers = tuple(dict.fromkeys(
            entry.authors.get(entry.content, ())))
        aside.mtime = entry.mtime

    def item_over_item(self, proc, entry, target):
        """It is edited by everyone who wrote this one."""
        authors = entry.authors.get(entry.content, ())
        writers = [proc, *(a for a in authors if a != proc)]
        return self.arrive(writers, target.parent, target.name,
                           entry.content, entry.mode, source=entry,
                           over=True)

    def rename_scratch(self, proc, entry, target, to, name):
        over = target if target and target.kind == "item" else None
        if not name.endswith(".json") or not (entry.content or over):
            if target:
                self.out(target)
            self.put(entry, to, name)
            return 0
        if not entry.content:
            return errno.EINVAL
        if entry.was and not over and not self.live(entry.was) and \
                entry.was.content == entry.content:
            self.come_back(entry, target, to, name)
            return 0
        writers = [proc, *(w for w in entry.writers if w != proc)]
        if not is_valid(entry.content):
            self.bring_back(writers, to, name)
            return errno.EINVAL
        if target and not over:
            self.out(target)
        return self.arrive(writers, to, name, entry.content, entry.mode,
                           source=entry, mark=entry.mark)

    def come_back(self, entry, target, to, name):
        """The item that was set aside, as it was."""
        was = entry.was
        self.out(entry)
        if target:
            self.out(target)
        self.settle(was, to, name)
        self.moved(was, was.left)
        self.pass_on(entry, was)
        was.mode, was.mtime = entry.mode, entry.mtime
        aside = [a for a in self.acts if a.kind == "removed" and
                 a.item is was]
        if aside:
            self.forget_act(aside[-1])
