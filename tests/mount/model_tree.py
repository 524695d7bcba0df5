"""The model of a repository, its lower half: what is there, and what the
mount remembers of what processes did. See model.py.
"""

import re
import time

LIMBO, OWN_COPY, REFILE, SAVED = 5, 10, 3, 60  # seconds


class Unsure(Exception):
    """It depends on how fast this machine is."""


class Entry:
    """A folder, an item, or a scratch file."""

    def __init__(self, kind, ident, mode, parent=None, name="", content=None):
        self.kind, self.id, self.mode = kind, ident, mode
        self.parent, self.name = parent, name
        self.content = content  # bytes of a file
        self.children = {}
        self.node = ident  # what the kernel knows it by
        self.mtime = None  # not known before somebody looks
        self.writers = ()  # scratch: of the present content
        self.authors = {}  # item: content: who wrote it
        self.history = []  # contents of an item, one for each version
        self.was = None    # scratch: the item that was set aside
        self.opens = 0     # scratch: writers that have it open
        self.kept = False  # scratch: it was closed once
        self.mark = False  # scratch: of a copier
        self.refused = False
        self.hidden = None # scratch: the folder and name that it had when
        # it was refused, and an item came back there
        self.left = set()  # the folders it was in when it left the tree
        self.homes = {(parent.id, name)} if parent else set()

    def up(self):
        """It, and the folders above it."""
        while self:
            yield self
            self = self.parent

    def is_item_name(self):
        return self.name.endswith(".json")

    def below(self):
        for child in list(self.children.values()):
            yield child
            yield from child.below()


class Act:
    """What a process did to a name."""

    def __init__(self, kind, proc, parent, name, node, item):
        self.kind, self.proc, self.parent = kind, proc, parent
        self.name, self.node, self.item = name, node, item
        self.time = time.monotonic()
        self.edit = False
        self.former = None  # an edit: the version before it
        self.version = None


class Tree:
    def __init__(self):
        self.ids = 0
        self.everything = {}  # by id, what has left the tree too
        self.tenants = {}  # (folder, name): the items that had it
        self.heirs = {}  # node: who has got it later, and his version then
        self.serial = 0  # grows with all that is recorded
        self.root = self.make("folder", 0o755)
        self.moves = []  # (serial, folders above before, after)
        self.told_later = False  # the last call's answer came before the
        # kernel heard that a name is another's
        self.forget()

    def make(self, kind, mode, parent=None, name="", content=None):
        self.ids += 1
        entry = Entry(kind, self.ids, mode, parent, name, content)
        self.everything[entry.id] = entry
        if kind == "item":
            self.tenants.setdefault((parent.id, name), set()).add(entry.id)
        if parent:
            parent.children[name] = entry
        return entry

    def forget(self):
        """The mount begins anew."""
        self.seen, self.acts = {}, []
        for entry in self.everything.values():
            entry.writers, entry.authors = (), {}

    # ---- places ----

    def live(self, entry):
        return list(entry.up())[-1] is self.root

    def find(self, path):
        entry = self.root
        for part in path.split("/"):
            entry = entry.children.get(part) if part else entry
            if entry is None:
                return None
        return entry

    def split(self, path):
        """The folder of a path, and the name in it."""
        folder, _, name = path.rpartition("/")
        return self.find(folder), name

    def path(self, entry):
        return "/".join(e.name for e in reversed(list(entry.up())[:-1]))

    def out(self, entry):
        if entry.parent:
            entry.left = {e.id for e in entry.parent.up()}
            del entry.parent.children[entry.name]
        entry.parent = None

    def put(self, entry, parent, name):
        before = {e.id for e in entry.parent.up()} if entry.parent else None
        self.out(entry)
        self.settle(entry, parent, name)
        if before is not None:
            self.moved(entry, before)

    def settle(self, entry, parent, name):
        entry.parent, entry.name = parent, name
        parent.children[name] = entry
        if entry.kind == "item":
            entry.homes.add((parent.id, name))
            self.tenants.setdefault((parent.id, name), set()).add(entry.id)

    def pass_on(self, entry, heir):
        """The node of a file, and all that have it open, go on with another.
        """
        heir.node = entry.node
        self.heirs.setdefault(entry.node, []).append(
            (heir, max(0, len(heir.history) - 1)))
        if entry.kind == "item":
            entry.node = None

    def may_show(self, entry, node, since):
        """What a file that was opened at its version @since can show."""
        owners = [(entry, since), *self.heirs.get(node, [])]
        for owner, _ in owners:
            if self.live(owner) and owner.kind == "item" and \
                    owner.node == node:
                return [owner.content]
        return [content for owner, version in owners
                for content in (*owner.history[version:], owner.content)]

    def always_here(self, item):
        """It was nowhere else, and nobody else here."""
        return all(self.tenants[home] == {item.id} for home in item.homes) \
            and len(item.homes) == 1

    def moved(self, entry, before):
        after = {e.id for e in entry.parent.up()}
        self.moves.append((self.serial, before, after))

    def free_name(self, parent, name):
        """The lowest number of the series."""
        if name not in parent.children:
            return name
        stem = name[:-len(".json")]
        numbered = re.fullmatch(r"(.+) ([1-9][0-9]*)", stem)
        if numbered and int(numbered[2]) > 1:
            first = parent.children.get(numbered[1] + ".json")
            if first and first.kind == "item":
                stem = numbered[1]
        number = 2
        while f"{stem} {number}.json" in parent.children:
            number += 1
        return f"{stem} {number}.json"

    # ---- what is remembered of processes ----

    def act(self, kind, proc, parent, name, node, item):
        self.acts.append(Act(kind, proc, parent, name, node, item))
        return self.acts[-1]

    def last(self, kind, limit, **what):
        """The newest act that is like this."""
        for act in reversed(self.acts):
            if act.kind != kind or any(getattr(act, k) != v
                                       for k, v in what.items()):
                continue
            age = time.monotonic() - act.time
            if age > 2 * limit + 2:
                return None
            if age > 0.6 * limit:
                raise Unsure(f"{kind} {age:.1f} s ago")
            return act
        return None

    def forget_act(self, act):
        if act in self.acts:
            self.acts.remove(act)

    def own_copy(self, proc, entry):
        """What the process wrote to this name a moment ago went elsewhere,
        and so does what it does to the name now."""
        return self.last("diverted", OWN_COPY, proc=proc,
                         parent=entry.parent, name=entry.name)

    def look(self, proc, item):
        self.seen[proc, item.id] = item.content

    def has_seen(self, procs, item):
        return any(self.seen.get((p, item.id)) == item.content
                   for p in procs)
