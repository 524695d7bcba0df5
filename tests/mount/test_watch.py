"""Who watches folders hears what the daemon changes by itself, and nothing
else comes of that."""

import errno
import json
import os
import subprocess
import threading
import time

import pytest

from harness import (Actor, item, mount_device, read_all, refused, run,
                     wait_until)
from test_references import action_map
from test_together import tar_of
from watcher import Watcher

A, B, C = item(n=1), item(n=2), item(n=3)


@pytest.fixture
def watch(repo):
    """A function that begins to watch folders."""
    opened = []

    def start(*folders):
        one = Watcher(repo.root, *folders)
        opened.append(one)
        return one

    yield start
    for one in opened:
        one.close()


def save(repo, name, text):
    repo.read(name)
    repo.write(name, text)


def make(repo, *names):
    for name in names:
        os.makedirs(os.path.dirname(repo.path(name)), exist_ok=True)
        repo.write(name, A)


@pytest.fixture
def changed(repo):
    """Everything that can happen to a name, since snapshot "first"."""
    make(repo, "d/gone.json", "d/edited.json", "d/named.json", "d/left.json",
         "d/folder/x.json", "d/sub/y.json", "e/stays.json")
    os.mkdir(repo.snap("first"))
    os.unlink(repo.path("d/gone.json"))
    save(repo, "d/edited.json", B)
    os.rename(repo.path("d/named.json"), repo.path("d/other.json"))
    os.rename(repo.path("d/left.json"), repo.path("e/left.json"))
    os.unlink(repo.path("d/folder/x.json"))
    os.rmdir(repo.path("d/folder"))
    save(repo, "d/sub/y.json", B)
    make(repo, "d/new.json", "d/newer/z.json")
    return repo


BACK = {
    ("create", "d/gone.json"), ("close_write", "d/gone.json"),
    ("modify", "d/edited.json"), ("close_write", "d/edited.json"),
    ("moved", "d/other.json -> d/named.json"),
    ("moved_from", "d/other.json"), ("moved_to", "d/named.json"),
    ("moved", "e/left.json -> d/left.json"),
    ("moved_from", "e/left.json"), ("moved_to", "d/left.json"),
    ("create", "d/folder/"), ("delete", "d/new.json"),
    ("delete", "d/newer/"),
    ("modify", "d/sub/y.json"), ("close_write", "d/sub/y.json"),
}


def test_a_revert_is_heard_of_name_by_name(changed, watch):
    watcher = watch("", "d", "d/sub", "e")
    changed.revert("first")
    heard = watcher.wait(*BACK)
    assert set(heard) == BACK
    assert len(heard) == len(set(heard))


def test_so_is_a_revert_of_one_folder_or_one_item(changed, watch):
    watcher = watch("", "d", "d/sub", "e")
    changed.revert("first", "d/sub")
    here = {("modify", "d/sub/y.json"), ("close_write", "d/sub/y.json")}
    assert set(watcher.wait(*here)) == here
    changed.revert("first d/gone.json")
    one = {("create", "d/gone.json"), ("close_write", "d/gone.json")}
    assert set(watcher.wait(*one)) == one


def test_what_is_undone_is_heard_of_too(changed, watch):
    changed.revert("first")
    number = changed.revisions()[-1]["id"]
    watcher = watch("", "d", "d/sub", "e")
    watcher.read(0.5)  # what is still to come of the first
    changed.revert(f"undo {number}")
    heard = watcher.wait(("delete", "d/gone.json"), ("create", "d/new.json"))
    assert ("moved", "d/named.json -> d/other.json") in heard
    assert ("delete", "d/folder/") in heard
    assert ("create", "d/newer/") in heard


def test_names_that_are_swapped_have_changed(repo, watch):
    make(repo, "d/a.json")
    repo.write("d/b.json", B)
    os.mkdir(repo.snap("first"))
    for old, new in (("a", "t"), ("b", "a"), ("t", "b")):
        os.rename(repo.path(f"d/{old}.json"), repo.path(f"d/{new}.json"))
    watcher = watch("d")
    repo.revert("first")
    both = {(what, f"d/{name}.json") for name in "ab"
            for what in ("modify", "close_write")}
    assert set(watcher.wait(*both)) == both
    assert (repo.read("d/a.json"), repo.read("d/b.json")) == (A, B)


def test_a_folder_that_goes_is_heard_of_inside_too(changed, watch):
    watcher = watch("d", "d/newer", "d/sub")
    changed.revert("first")
    heard = watcher.wait(("delete_self", "d/newer"), ("delete", "d/newer/"))
    assert ("delete_self", "d/sub") not in heard
    # It comes back with the same number, alive.
    changed.revert(f"undo {changed.revisions()[-1]['id']}")
    watcher.add("d/newer")
    save(changed, "d/newer/z.json", B)
    make(changed, "d/newer/more.json")
    watcher.wait(("create", "d/newer/more.json"))
    assert os.stat(changed.path("d/newer")).st_nlink == 2


def test_a_folder_whose_mode_changes_back_is_named(repo, watch):
    os.mkdir(repo.path("d"), 0o755)
    os.mkdir(repo.snap("first"))
    os.chmod(repo.path("d"), 0o700)
    watcher = watch("")
    repo.revert("first")
    heard = watcher.wait(("attrib", "d/"))
    assert set(heard) == {("attrib", "d/")}


# ---- other ways ----

def test_a_restored_archive_is_heard_of(repo, watch):
    make(repo, "d/x.json")
    watcher = watch("d")
    repo.run("cp", repo.source("a.tar", tar_of(x=B, y=C)),
             repo.control("restore", "d"))
    assert set(watcher.wait(("create", "d/x 2.json"),
                            ("create", "d/y.json"))) == {
        ("create", "d/x 2.json"), ("close_write", "d/x 2.json"),
        ("create", "d/y.json"), ("close_write", "d/y.json")}


def test_a_full_restore_is_heard_of(changed, watch):
    archive = os.path.join(changed.base, "all.tar")
    changed.revert("first")
    changed.run("cp", changed.control("repository.tar"), archive)
    changed.revert(f"undo {changed.revisions()[-1]['id']}")
    watcher = watch("", "d", "d/sub", "e")
    watcher.read(0.5)
    changed.run("cp", archive, changed.control("repository.tar"))
    heard = set(watcher.wait(("create", "d/gone.json"),
                             ("modify", "d/edited.json"),
                             ("delete", "d/new.json"),
                             ("modify", "d/sub/y.json"),
                             ("delete", "e/left.json")))
    assert ("create", "d/left.json") in heard or \
        ("moved_to", "d/left.json") in heard


def test_a_pull_is_heard_of(repo, watch):
    make(repo, "o/a.json", "o/b.json")
    repo.run("cp", "-r", "o", "clone")
    save(repo, "clone/a.json", B)
    make(repo, "clone/new.json")
    os.unlink(repo.path("clone/b.json"))
    watcher = watch("o", "clone")
    repo.command("pull", "../clone", "o")
    heard = {("modify", "o/a.json"), ("close_write", "o/a.json"),
             ("create", "o/new.json"), ("close_write", "o/new.json"),
             ("delete", "o/b.json")}
    assert set(watcher.wait(*heard)) == heard


def test_a_number_that_a_copy_gets_is_heard_of(repo, watch):
    make(repo, "d/x.json")
    watcher = watch("d")
    repo.copy_in(B, "d/x.json")
    heard = watcher.wait(("create", "d/x 2.json"))
    assert ("close_write", "d/x 2.json") in heard
    assert repo.names("d") == ["x 2.json", "x.json"]


def test_a_reference_that_follows_a_move_is_heard_of(repo, watch):
    for folder in ("rules", "action_maps"):
        os.mkdir(repo.path(folder))
    repo.write("rules/A.json", A)
    repo.write("action_maps/M.json", action_map("/rules/A"))
    watcher = watch("rules", "action_maps")
    os.rename(repo.path("rules/A.json"), repo.path("rules/B.json"))
    heard = watcher.wait(("close_write", "action_maps/M.json"))
    assert sorted(heard) == [
        ("close_write", "action_maps/M.json"),
        ("modify", "action_maps/M.json"),
        ("moved", "rules/A.json -> rules/B.json"),
        ("moved_from", "rules/A.json"), ("moved_to", "rules/B.json")]
    assert b"/rules/B" in repo.read("action_maps/M.json")


def test_a_file_that_was_refused_is_heard_to_go(repo, watch):
    os.mkdir(repo.path("d"))
    watcher = watch("d")
    repo.copy_in(b"{ no", "d/bad.json")
    heard = watcher.wait(("delete", "d/bad.json"))
    assert heard[0] == ("create", "d/bad.json")
    repo.wait_names(folder="d")


def test_who_changes_something_hears_it_once(repo, watch):
    make(repo, "d/x.json")
    watcher = watch("d")
    save(repo, "d/x.json", B)
    os.rename(repo.path("d/x.json"), repo.path("d/y.json"))
    os.unlink(repo.path("d/y.json"))
    heard = watcher.read(0.5)
    assert heard.count(("close_write", "d/x.json")) == 1
    assert heard.count(("moved_to", "d/y.json")) == 1
    assert heard.count(("delete", "d/y.json")) == 1


# ---- nothing else comes of it ----

def stats(repo):
    return {name: (st.st_ino, st.st_size, st.st_mode, st.st_mtime_ns,
                   st.st_ctime_ns, st.st_atime_ns, st.st_nlink)
            for name in repo.tree()
            for st in [os.lstat(repo.path(name))]}


def test_the_record_knows_nothing_of_it(changed, watch):
    watcher = watch("", "d", "d/sub", "e")
    changed.revert("first")
    before = (stats(changed), changed.status(), changed.lines("log"))
    watcher.wait(*BACK)
    assert (stats(changed), changed.status(), changed.lines("log")) == before
    assert changed.history("d/gone.json")[-1]["program"] != "repofs-witness"
    changed.umount()
    changed.check()


def test_who_has_seen_what_stays_as_it_was(repo, watch):
    make(repo, "d/x.json")
    reader = Actor(repo.root)
    try:
        reader.read("d/x.json")
        os.mkdir(repo.snap("first"))
        save(repo, "d/x.json", B)
        watcher = watch("d")
        repo.revert("first")
        watcher.wait(("close_write", "d/x.json"))
        # It has seen this version: an edit. The other one would be a copy.
        assert reader.write("d/x.json", C) is None
        assert repo.names("d") == ["x.json"]
    finally:
        reader.end()


def test_a_shell_stands_where_it_stood(changed, watch):
    shell = Actor(changed.path("d/newer"))
    other = Actor(changed.path("d/sub"))
    try:
        watcher = watch("d")
        changed.revert("first")
        watcher.wait(("delete", "d/newer/"))
        assert other.do("answer = os.getcwd()") == changed.path("d/sub")
        changed.revert(f"undo {changed.revisions()[-1]['id']}")
        watcher.wait(("create", "d/newer/"))
        assert shell.do("answer = os.listdir('.')") == ["z.json"]
        assert shell.do("answer = os.stat('z.json').st_nlink") == 1
    finally:
        shell.end()
        other.end()


class Observers:
    """Threads that look at names and note what must not be."""

    def __init__(self, check, count=3):
        self.wrong = []
        self.looks = 0
        self.end = threading.Event()
        self.threads = [threading.Thread(target=self.look, args=(check,))
                        for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def look(self, check):
        while not self.end.is_set() and not self.wrong:
            fault = check()
            self.looks += 1
            if fault:
                self.wrong.append(fault)

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong and self.looks > 20, self.wrong


def test_nobody_else_sees_a_name_come_or_go(repo, watch):
    """What is there before the events is there all the time, what is not
    never is."""
    names = [f"{n}.json" for n in range(60)]
    make(repo, *(f"d/{name}" for name in names), "d/folder/x.json")
    os.mkdir(repo.snap("full"))
    for name in names:
        os.unlink(repo.path("d", name))
    os.rename(repo.path("d/folder"), repo.path("d/other"))
    os.mkdir(repo.snap("empty"))
    repo.revert("full")

    def check(there):
        wanted = set(names) | {"folder"} if there else {"other"}
        listed = set(os.listdir(repo.path("d")))
        if listed != wanted:
            return f"listed: {sorted(listed ^ wanted)}"
        for name in names[::7] + ["folder/x.json"]:
            if os.path.exists(repo.path("d", name)) != there:
                return name
            try:
                read_all(repo.path("d", name))
            except FileNotFoundError:
                if there:
                    return f"open {name}"
        return None

    watcher = watch("d")
    for state in ("empty", "full") * 4:
        repo.revert(state)
        observers = Observers(lambda there=state == "full": check(there))
        last = [("delete", "d/59.json"), ("create", "d/59.json")]
        watcher.wait(last[state == "full"], limit=15)
        observers.stop()


def test_programs_that_change_names_meanwhile_find_their_own(repo):
    make(repo, "d/x.json")
    for n in range(40):
        repo.write(f"d/{n}.json", A)
    os.mkdir(repo.snap("first"))
    for n in range(40):
        os.unlink(repo.path(f"d/{n}.json"))
    os.mkdir(repo.snap("empty"))
    for turn in range(6):
        repo.revert("first" if turn % 2 else "empty")
        for n in range(40):
            name = repo.path(f"d/{n}.json")
            if turn % 2:
                os.rename(name, name + ".x.json")
                os.rename(name + ".x.json", name)
            else:
                fd = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
                os.write(fd, B)
                os.close(fd)
                assert read_all(name) == B
        assert len(repo.names("d")) == 41
    repo.umount()
    repo.check()


# ---- it holds nothing, and nobody waits ----

def many(repo, count):
    make(repo, *(f"d/{n % 7}/{n}.json" for n in range(count)))
    os.mkdir(repo.snap("full"))
    for n in range(count):
        os.unlink(repo.path(f"d/{n % 7}/{n}.json"))


def witness_of(repo):
    """The pid of the process."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = read_all(f"/proc/{name}/stat").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "(repofs-witness)" in stat and \
                int(stat.rsplit(")", 1)[1].split()[1]) == repo.proc.pid:
            return int(name)
    return 0


def test_unmounting_does_not_wait_for_it(repo):
    many(repo, 1500)
    repo.revert("full")
    start = time.monotonic()
    done = run(["umount", repo.root], check=False)
    assert done.returncode == 0, done.stderr
    assert repo.proc.wait(10) == 0
    assert time.monotonic() - start < 5
    assert mount_device(repo.root) is None
    repo.umount()
    repo.mount()
    assert len(repo.names("d/3")) == 214
    repo.umount()
    repo.check()


def test_its_end_by_a_signal_does_not_wait_either(repo):
    many(repo, 1500)
    repo.revert("full")
    pid = witness_of(repo)
    assert pid
    repo.proc.terminate()
    assert repo.proc.wait(10) == 0
    assert not os.path.exists(f"/proc/{pid}") or \
        b"State:\tZ" in read_all(f"/proc/{pid}/status")
    repo.umount()


def test_nobody_hangs_when_the_daemon_is_killed_meanwhile(repo, watch):
    many(repo, 1500)
    watcher = watch("d/0")
    repo.revert("full")
    watcher.wait(("create", "d/0/0.json"))
    pid = witness_of(repo)
    repo.kill()
    wait_until("the end of the process", lambda: not os.path.exists(
        f"/proc/{pid}") or b"State:\tZ" in read_all(f"/proc/{pid}/status"), 5)
    repo.mount()
    assert len(repo.names("d/3")) == 214


def test_everything_goes_on_without_it(changed, watch):
    pid = witness_of(changed)
    os.kill(pid, 9)
    watcher = watch("d")
    changed.revert("first")
    assert changed.read("d/gone.json") == A
    assert watcher.read(0.5) == []
    os.unlink(changed.path("d/gone.json"))
    os.mkdir(changed.path("d/more"))
    changed.revert("latest")
    assert not changed.exists("d/gone.json") or \
        changed.read("d/gone.json") == A


def test_a_revert_of_many_is_answered_at_once(repo, watch):
    many(repo, 3000)
    watcher = watch(*(f"d/{n}" for n in range(7)))
    start = time.monotonic()
    repo.revert("full")
    answered = time.monotonic() - start
    watcher.wait(("close_write", "d/3/2999.json"), limit=20)
    assert len(repo.names("d/3")) == 429
    assert answered < 3


def test_it_stays_out_of_what_is_mounted_inside(changed):
    inside = changed.path("d")
    fd = os.open(changed.control("revert"), os.O_WRONLY)
    run(["mount", "-t", "tmpfs", "none", inside])
    try:
        os.write(fd, b"first\n")
        os.close(fd)
        time.sleep(0.5)
        assert os.listdir(inside) == []
    finally:
        run(["umount", inside])
    assert changed.read("d/gone.json") == A


def test_it_stays_out_of_what_is_mounted_over(changed):
    fd = os.open(changed.control("revert"), os.O_WRONLY)
    run(["mount", "-t", "tmpfs", "none", changed.root])
    os.makedirs(os.path.join(changed.root, "d"))
    try:
        os.write(fd, b"first\n")
        os.close(fd)
        time.sleep(0.5)
        assert os.listdir(changed.path("d")) == []
    finally:
        run(["umount", changed.root])
    assert changed.read("d/gone.json") == A
