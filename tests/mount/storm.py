"""What people do to rules and integrations, at random, from a shell.

A Storm knows what was there at each snapshot, and nothing else: that never
changes, and a revert brings exactly that back. While another program (OTHER)
is at work in the same tree, nobody can say what is there, so it is not asked.
"""

import json
import os
import re
import subprocess
import sys

import integrations
from harness import ENV, seconds

# Edits, copies, moves and removes at random, for some time.
OTHER = """
import json, os, random, shutil, sys, time

rng, end = random.Random(int(sys.argv[1])), time.time() + float(sys.argv[2])

def find(kind):
    return [os.path.join(at, name) for at, *found in os.walk(".")
            for name in found[kind] if not kind or name.endswith(".json")]

def edit(items, folders):
    path = rng.choice(items)
    with open(path) as f:
        text = json.dumps({**json.load(f), "other": rng.randrange(99)})
    aside = rng.choice(["", path + ".tmp"])
    with open(aside or path, "w") as f:
        f.write(text)
    if aside:
        os.rename(aside, path)

def copy(items, folders):
    source, into = rng.choice(folders), rng.choice(folders)
    if len(items) < 250 and not (into + "/").startswith(source + "/"):
        shutil.copytree(source, f"{into}/other{rng.randrange(9)}")

def move(items, folders):
    os.rename(rng.choice(items),
              f"{rng.choice(folders)}/other{rng.randrange(9)}.json")

def move_folder(items, folders):
    os.rename(rng.choice(folders),
              f"{rng.choice(folders)}/moved{rng.randrange(5)}")

def remove(items, folders):
    os.unlink(rng.choice(items))

while time.time() < end:
    try:
        rng.choice([edit, edit, copy, move, move_folder, remove])(
            find(1), find(0))
    except (OSError, ValueError, IndexError, TypeError, shutil.Error):
        pass
"""


def quote(path):
    return "'" + path.replace("'", "'\\''") + "'"


def fill(repo):
    """Rules, what refers to them, and an integration."""
    def add(path, members):
        os.makedirs(os.path.dirname(repo.path(path)), exist_ok=True)
        repo.write(path, json.dumps(members).encode())

    integrations.write(repo.root)
    for n in range(6):
        add(f"rules/{'xy'[n % 2]}/R{n}.json", {"n": n})
    for n in range(4):
        add(f"action_maps/M{n}.json", {"pairs": [
            {"rule": f"/rules/{'xy'[m % 2]}/R{m}", "action": ""}
            for m in (n, n + 1)]})
    add("sessions/S.json", {"tasks": [{
        "rules": ["/rules/x/R0", "/rules/y/R1", "/rules/x"],
        "action_maps": ["/action_maps/M1"]}]})


class Storm:
    def __init__(self, repo, rng):
        self.repo, self.rng = repo, rng
        self.snapshots = {}  # number: {path: bytes}
        self.others = []
        self.log = []

    def sh(self, command):
        self.log.append(command)
        path = os.path.dirname(self.repo.bin)
        return subprocess.run(
            ["bash", "-c", command], cwd=self.repo.root, check=False,
            capture_output=True, text=True, timeout=seconds(60),
            env={**ENV, "PATH": f"{path}:{os.environ['PATH']}"})

    # ---- what is there ----

    def items(self, root=None):
        """{path: bytes}"""
        return {path: data for path, data in self.repo.tree(root).items()
                if path.endswith(".json") and data is not None}

    def find(self, folders):
        return [os.path.relpath(os.path.join(at, name), self.repo.root)
                for at, below, names in os.walk(self.repo.root)
                for name in (below if folders else names)
                if folders or name.endswith(".json")] or ["."]

    def item(self):
        return quote(self.rng.choice(self.find(folders=False)))

    def folder(self):
        return quote(self.rng.choice(self.find(folders=True)))

    def busy(self):
        return any(other.poll() is None for other in self.others)

    def calm(self):
        for other in self.others:
            other.wait(seconds(60))
        self.others = []

    # ---- what may happen ----

    def do_copy(self):
        how = self.rng.choice(["cp -r", "cp -a", "rsync -a"])
        if len(self.find(folders=False)) > 250:
            return
        source = self.rng.choice(self.find(folders=True))
        into = self.rng.choice(
            [f"{source} b", f"integrations/C{self.rng.randrange(4)}"])
        self.sh(f"{how} {quote(source)} {quote(into)}")

    def do_copy_item(self):
        self.sh(f"cp {self.item()} {self.rng.choice([self.item, self.folder])()}")

    def do_move(self):
        self.sh(f"mv -n {self.item()} {self.folder()}")

    def do_move_folder(self):
        self.sh(f"mv -n {self.folder()} {self.folder()}")

    def do_remove(self):
        self.sh(f"rm {self.item()}")

    def do_remove_folder(self):
        self.sh(f"rm -r {self.folder()}")

    def do_edit(self):
        self.sh(f"sed -i 's/[0-9]/{self.rng.randrange(10)}/' {self.item()}")

    def do_snapshot(self):
        busy = self.busy()
        number = self.repo.snapshot("storm")
        self.snapshots[number] = self.items(
            self.repo.snap(str(number)) if busy else None)

    def do_revert(self):
        number = self.rng.choice(list(self.snapshots))
        before = None if self.busy() else self.items()
        done = self.sh(f"repofs revert {number} .")
        if done.returncode or before is None:
            return
        assert self.items() == self.snapshots[number]
        undo = re.search("^undo with: (repofs .*)$", done.stdout, re.M)
        if undo and self.rng.random() < 0.4:
            assert self.sh(undo[1]).returncode == 0
            assert self.items() == before

    def do_undo(self):
        done = [one["id"] for one in self.repo.revisions()
                if one["kind"] in ("restore", "revert")]
        if done:
            self.sh(f"repofs revert undo {self.rng.choice(done)} .")

    def do_pull(self):
        ours = [name for name in self.find(folders=True)
                if os.path.dirname(name) == "integrations"]
        if len(ours) > 1:
            source, into = self.rng.sample(ours, 2)
            how = self.rng.choice(["", "--theirs", "--ours"])
            self.sh(f"repofs pull {how} {quote(source)} {quote(into)};"
                    f"repofs pull cancel {quote(into)}")

    def do_archive(self):
        self.sh(f"repofs backup {self.folder()} -o ../a.zip && "
                f"repofs restore ../a.zip {self.folder()}; rm -f ../a.zip")

    def do_closure(self):
        self.sh(f'mkdir ../closure && cp -r {self.folder()}/.backup/.'
                " ../closure && cp -r ../closure/. .; rm -rf ../closure")

    def do_remount(self):
        self.calm()
        self.repo.umount()
        self.repo.check()
        self.repo.mount()

    def do_other(self):
        if len(self.others) < 2:
            self.others.append(subprocess.Popen(
                [sys.executable, "-c", OTHER,
                 str(self.rng.randrange(10**6)), "1.5"],
                cwd=self.repo.root, env=ENV))

    def step(self, what):
        getattr(self, "do_" + what)()
        if self.rng.random() < 0.2:
            self.compare_past()

    def compare_past(self):
        number = self.rng.choice(list(self.snapshots))
        assert self.items(self.repo.snap(str(number))) == \
            self.snapshots[number]
