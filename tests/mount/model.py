"""A repository as it must be: a model of its tree, its past, and of who may
overwrite what, in memory.

It knows what a program does one system call at a time. Each call returns the
errno that the real one must give, 0 if it must succeed, and has then changed
the model as the real tree must have changed.

What the mount remembers of a process lasts for seconds. Where it would matter
whether they are over, Unsure is raised.

  model_tree    what is there, and what is remembered of processes
  model_files   content that arrives under a name; open files; attributes
  model_names   names that come, go and change
  model         the past: snapshots, reverts, differences
"""

from itertools import takewhile

from model_names import Names


class Record:
    """An entry as it was."""

    def __init__(self, entry):
        self.id, self.kind = entry.id, entry.kind
        self.parent, self.name = entry.parent, entry.name
        self.content, self.mode = entry.content, entry.mode
        self.mtime = entry.mtime

    def same(self, other):
        return (self.content, self.mode) == (other.content, other.mode) and \
            (self.kind == "folder" or self.mtime == other.mtime)


class Past:
    """A folder and all below it as they were. It is called @label where
    one reverts to it; the snapshot's number, if it is one."""

    def __init__(self, label, folder, serial):
        self.label, self.folder, self.serial = label, folder, serial
        self.own = Record(folder)
        self.records = {e.id: Record(e) for e in folder.below()
                        if e.kind != "scratch"}

    def covers(self, folder):
        return folder is self.folder or folder.id in self.records

    def mode(self, folder):
        return self.records.get(folder.id, self.own).mode

    def path(self, record, above):
        """Of what was below the folder @above then."""
        names = []
        while record:
            names.append(record.name)
            if record.parent is above:
                return "/".join(reversed(names))
            record = self.records.get(record.parent.id)
        return None

    def tree(self, above):
        """{path: record}"""
        found = {}
        for record in self.records.values():
            path = self.path(record, above)
            if path is not None:
                found[path] = record
        return found


class Model(Names):
    def snapshot(self, label, folder):
        self.serial += 1
        return Past(label, folder, self.serial)

    def record(self):
        """All that happens from here on is later."""
        self.serial += 1

    # ---- revert ----

    def crossed(self, past, scope):
        """Has something crossed the border of the folder since?"""
        if any(serial >= past.serial and
               (scope.id in before) != (scope.id in after)
               for serial, before, after in self.moves):
            return True
        now = {e.id for e in scope.below()}
        then = {r.id for r in past.tree(scope).values()}
        elsewhere = {e.id for e in self.root.below()} - now
        return bool(then & elsewhere)

    def staying(self, scope, then):
        """Folders that must go, but hold files that are no items: not in a
        folder below that goes back to where it was."""
        stay = set()
        for entry in scope.below():
            if entry.kind == "scratch":
                stay |= {e.id for e in takewhile(
                    lambda e: e is not scope and e.id not in then,
                    entry.parent.up())}
        return [e for e in scope.below() if e.id in stay]

    def can_revert(self, past, scope):
        """Is it a case that this model knows?"""
        if not past.covers(scope) or not self.live(scope) or \
                self.crossed(past, scope):
            return False
        then = {r.id: r for r in past.tree(scope).values()}
        taken = {(e.parent.id, e.name) for e in self.staying(scope, then)}
        taken |= {(e.parent.id, e.name) for e in scope.below()
                  if e.kind == "scratch"}
        return all((r.parent.id, r.name) not in taken
                   for r in then.values())

    def revert(self, past, scope):
        """The folder as it was. True if that changed anything."""
        self.record()
        before = Past(None, scope, 0)
        then = {r.id: r for r in past.tree(scope).values()}
        stay = self.staying(scope, then)
        now = [e for e in scope.below() if e.kind != "scratch"]
        places = {e.id: (e.parent, e.name) for e in now}
        above = {e.id: {f.id for f in e.parent.up()} for e in now}
        for entry in now:
            if entry not in stay:
                self.out(entry)
        scope.mode = past.mode(scope)
        for record in then.values():
            self.set_back(self.everything[record.id], record)
        for record in then.values():
            entry = self.everything[record.id]
            self.moved(entry, above.get(entry.id, entry.left))
        self.record()
        self.decide(set(places.items()) ^ {
            (e.id, (e.parent, e.name)) for e in scope.below()
            if e.kind != "scratch"})
        return bool(self.diff(before, scope))

    def decide(self, changes):
        """What left a name a moment ago comes back to it no more."""
        names = {place for _, place in changes}
        for act in [a for a in self.acts if a.kind == "removed" and
                    (a.parent, a.name) in names]:
            self.forget_act(act)

    def set_back(self, entry, record):
        self.settle(entry, record.parent, record.name)
        entry.mode = record.mode
        if record.kind == "folder":
            return
        entry.mtime = record.mtime
        if entry.content != record.content:
            entry.content = record.content
            entry.history.append(record.content)
        if entry.node is None:
            self.ids += 1
            entry.node = self.ids

    # ---- differences ----

    def diff(self, past, scope):
        """The lines of .control/diff."""
        now = Past(None, scope, 0)
        old, new = past.tree(scope), now.tree(scope)
        was = {r.id: (p, r) for p, r in old.items()}
        lines, gone = [], {}
        if past.mode(scope) != scope.mode:
            lines.append("A ./")
        for path, record in new.items():
            before = was.pop(record.id, None)
            line = self.difference(path, record, before)
            if line:
                lines.append(line)
        for path, record in was.values():
            gone[path] = record
        return sorted(self.replaced(lines, gone, new))

    @staticmethod
    def difference(path, record, before):
        slash = "/" if record.kind == "folder" else ""
        if not before:
            return f"+ {path}{slash}"
        old_path, old = before
        if (old.parent.id, old.name) != (record.parent.id, record.name):
            return f"R {old_path}{slash} -> {path}{slash}"
        if old.content != record.content:
            return f"M {path}{slash}"
        return None if old.same(record) else f"A {path}{slash}"

    @staticmethod
    def replaced(lines, gone, new):
        """What took the place of another is seen by its path alone."""
        for path, old in gone.items():
            slash = "/" if old.kind == "folder" else ""
            line = f"+ {path}{slash}"
            if line not in lines:
                lines.append(f"- {path}{slash}")
                continue
            lines.remove(line)
            if old.content != new[path].content:
                lines.append(f"M {path}{slash}")
            elif not old.same(new[path]):
                lines.append(f"A {path}{slash}")
        return lines
