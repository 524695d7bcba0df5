"""Random operations by several processes against a tree in memory: live and
every snapshot agree after each round, and check finds nothing.

SEED=N replays a run.
"""

import copy
import json
import os
import random

import pytest

from harness import SEED, item

PROCESSES = 4


class Model:
    """The tree as it must be: {path: text}, folders are {path: None}."""

    def __init__(self):
        self.tree = {}
        self.scratch = {}
        self.seen = {}  # (process, path): the text that it last saw

    def folders(self):
        return [""] + sorted(p for p, t in self.tree.items() if t is None)

    def items(self):
        return sorted(p for p, t in self.tree.items() if t is not None)

    def whole(self):
        found = {p + "/": None for p, t in self.tree.items() if t is None}
        found.update({p: t for p, t in self.tree.items() if t is not None})
        found.update(self.scratch)
        return found

    def taken(self, path):
        return path in self.tree or path in self.scratch

    def number(self, path):
        """The name that a copy of @path gets."""
        folder, name = os.path.split(path)
        stem = name[:-len(".json")]
        head, _, digits = stem.rpartition(" ")
        if digits.isdigit() and digits[0] != "0" and int(digits) > 1 and \
                self.tree.get(os.path.join(folder, head + ".json")):
            stem = head
        n = 2
        while self.taken(os.path.join(folder, f"{stem} {n}.json")):
            n += 1
        return os.path.join(folder, f"{stem} {n}.json")

    def below(self, folder):
        return [p for p in list(self.tree) + list(self.scratch)
                if p.startswith(folder + "/")]

    def move(self, old, new):
        for part in (self.tree, self.scratch):
            for path in [old] + [p for p in part
                                 if p.startswith(old + "/")]:
                if path in part:
                    part[new + path[len(old):]] = part.pop(path)

    def forget(self, path):
        for part in (self.tree, self.scratch):
            for each in [p for p in part
                         if p == path or p.startswith(path + "/")]:
                del part[each]


def join(folder, name):
    return f"{folder}/{name}" if folder else name


class Round:
    """One step of a random process; the model says what must come of it."""

    def __init__(self, repo, actors, rng):
        self.repo, self.actors, self.rng = repo, actors, rng
        self.model = Model()
        self.snapshots = {}
        self.log = []
        self.count = 0

    def text(self):
        self.count += 1
        return item(n=self.count, pad="x" * self.rng.choice(
            (0, 10, 300, 4096, 9000)))

    def some(self, paths):
        return self.rng.choice(paths) if paths else None

    def new_name(self):
        return self.rng.choice(("Rule", "Rule 2", "Größe", "No gaps ")) + \
            self.rng.choice(("", " 7", "x", "y"))

    def step(self):
        who = self.rng.randrange(PROCESSES)
        what = self.rng.choice(
            "create create edit edit copy copy blind rename delete mkdir "
            "rmdir movedir scratch snapshot attributes invalid revert "
            "empty".split())
        self.log.append((who, what))
        getattr(self, what)(who, self.actors[who])

    def done(self, *words):
        self.log[-1] += words

    def create(self, who, actor):
        path = join(self.some(self.model.folders()),
                    self.new_name() + ".json")
        if self.model.taken(path):
            return
        text = self.text()
        assert actor.write(path, text) is None
        self.model.tree[path] = text
        self.model.seen[who, path] = text
        self.done(path)

    def edit(self, who, actor):
        path = self.some(self.model.items())
        if not path:
            return
        assert actor.read(path) == self.model.tree[path]
        text = self.text()
        if self.rng.random() < 0.5:
            assert actor.write(path, text) is None
        else:
            temp = join(os.path.dirname(path), "tmpsave")
            assert actor.write(temp, text) is None
            assert actor.do(f"os.rename({temp!r}, {path!r})") is None
        self.model.tree[path] = text
        self.done(path)

    def copy(self, who, actor):
        """cp: a process that has read nothing here."""
        path = self.some(self.model.items())
        if not path:
            return
        text = self.text()
        assert self.repo.copy_in(text, path).returncode == 0
        self.model.tree[self.model.number(path)] = text
        self.done(path)

    def blind(self, who, actor):
        """A save of what was seen long ago, or never."""
        path = self.some(self.model.items())
        if not path:
            return
        other = self.actors[PROCESSES]  # this one never reads
        text = self.text()
        assert other.write(path, text) is None
        self.model.tree[self.model.number(path)] = text
        self.done(path)

    def rename(self, who, actor):
        old = self.some(self.model.items())
        new = join(self.some(self.model.folders()),
                   self.new_name() + ".json")
        if not old or self.model.taken(new):
            return
        assert actor.do(f"os.rename({old!r}, {new!r})") is None
        self.model.move(old, new)
        self.done(old, new)

    def delete(self, who, actor):
        path = self.some(self.model.items() + sorted(self.model.scratch))
        if not path:
            return
        self.repo.run("rm", path)  # of one process, that creates nothing
        self.model.forget(path)
        self.done(path)

    def mkdir(self, who, actor):
        path = join(self.some(self.model.folders()), f"d{self.count}")
        if self.model.taken(path) or path.count("/") > 4:
            return
        assert actor.do(f"os.mkdir({path!r})") is None
        self.model.tree[path] = None
        self.done(path)

    def rmdir(self, who, actor):
        path = self.some(self.model.folders()[1:])
        if not path:
            return
        answer = actor.do(f"os.rmdir({path!r})")
        if self.model.below(path):
            assert answer == {"errno": 39}
        else:
            assert answer is None
            self.model.forget(path)
        self.done(path)

    def movedir(self, who, actor):
        old = self.some(self.model.folders()[1:])
        into = self.some(self.model.folders())
        self.count += 1
        new = join(into, f"m{self.count}")
        if not old:
            return
        answer = actor.do(f"os.rename({old!r}, {new!r})")
        if into == old or into.startswith(old + "/"):
            assert answer == {"errno": 22}
        else:
            assert answer is None
            self.model.move(old, new)
        self.done(old, new)

    def scratch(self, who, actor):
        path = join(self.some(self.model.folders()),
                    self.rng.choice(("notes.txt", "#x#", ".hidden", "b~")))
        text = b"scratch %d" % self.count
        assert actor.write(path, text) is None
        self.model.scratch[path] = text
        self.done(path)

    def attributes(self, who, actor):
        path = self.some(self.model.items())
        if path:
            mode = self.rng.choice((0o600, 0o644, 0o640))
            self.repo.run("chmod", f"{mode:o}", path)
            assert os.stat(self.repo.path(path)).st_mode & 0o777 == mode

    def invalid(self, who, actor):
        path = self.some(self.model.items())
        if path:
            assert self.repo.copy_in(b"{ no", path).returncode != 0
            self.done(path)

    def empty(self, who, actor):
        path = self.some(self.model.items())
        if path:
            self.repo.run("truncate", "-s", "0", path, check=False)
            self.done(path)

    def snapshot(self, who, actor):
        number = self.repo.snapshot(f"{self.count}")
        self.snapshots[number] = copy.deepcopy(self.model.tree)
        self.done(number)

    def revert(self, who, actor):
        if not self.snapshots or self.rng.random() < 0.6:
            return
        number = self.some(sorted(self.snapshots))
        self.repo.revert(number)
        # Folders that must go but hold scratch files stay with those.
        self.model.tree = copy.deepcopy(self.snapshots[number])
        real = {p[:-1] for p, t in self.repo.tree().items() if t is None}
        held = {p for p in real - set(self.model.tree)}
        for path in held:
            inside = [p for p in self.repo.tree() if p.startswith(path)]
            assert any(p in inside for p in self.found_scratch())
            self.model.tree[path] = None
        self.model.scratch = self.found_scratch()
        guard = self.repo.revisions()[-2:]
        assert guard[-1]["kind"] in ("revert", "snapshot", "restore")
        self.done(number)

    def found_scratch(self):
        """Scratch files go with their folders, which may have moved; how
        many there are is what can be said."""
        found = {p: t for p, t in self.repo.tree().items()
                 if t is not None and not (
                     p.endswith(".json") and
                     not os.path.basename(p).startswith((".", "#")))}
        assert sorted(found.values()) == sorted(self.model.scratch.values())
        return found

    def compare(self):
        assert self.repo.tree() == self.model.whole()
        for number, tree in self.snapshots.items():
            wanted = {p + "/" if t is None else p: t
                      for p, t in tree.items()}
            assert self.repo.tree(self.repo.snap(number)) == wanted


def play(repo, actors, seed, steps):
    rng = random.Random(seed)
    game = Round(repo, actors, rng)
    try:
        for n in range(steps):
            game.step()
            if n % 20 == 19:
                game.compare()
        game.compare()
    except BaseException:
        print("the last steps:")
        for step in game.log[-12:]:
            print("  ", json.dumps(step, default=str))
        raise
    return game


@pytest.mark.tsan
@pytest.mark.parametrize("number", range(1 if SEED else 3))
def test_the_tree_agrees_with_the_model(repo, actor, number):
    seed = SEED or str(random.randrange(10**9))
    print(f"SEED={seed}")
    actors = [actor() for _ in range(PROCESSES + 1)]
    game = play(repo, actors, seed, 150)
    repo.remount()
    game.compare()
    repo.umount()
    repo.check()
