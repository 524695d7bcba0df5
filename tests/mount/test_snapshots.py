"""Snapshots, the past as folders, revert, revisions, history."""

import errno
import os
import random
import re
import subprocess
import time

import pytest

from harness import (SEED, files_below, item, read_all, refused, run,
                     seconds, text_of, wait_until, write_all)

A, B, C = item(n="a"), item(n="b"), item(n="c")


def listed(repo, folder=""):
    return sorted(os.listdir(repo.path(folder, ".snapshots")))


# ---- making one ----

def test_a_snapshot_shows_the_tree_as_it_was(repo):
    os.makedirs(repo.path("d/e"))
    repo.write("d/e/a.json", A)
    repo.write("notes.txt", b"no item")
    number = repo.snapshot("first")
    repo.write("d/e/a.json", B)
    repo.write("d/b.json", C)
    os.rename(repo.path("d"), repo.path("f"))
    assert repo.tree(repo.snap(number)) == {"d/": None, "d/e/": None,
                                            "d/e/a.json": A}
    repo.remount()
    assert repo.tree(repo.snap(number)) == {"d/": None, "d/e/": None,
                                            "d/e/a.json": A}


@pytest.mark.parametrize("way", [
    "echo 'before May' > .control/snapshot",
    "echo 'before May' | tee .control/snapshot",
    "printf 'before May' > .control/snapshot",
    "exec 3<> .control/snapshot; echo 'before May' >&3",
    "python3 -c \"open('.control/snapshot', 'w').write('before May')\"",
    "cp $HOME/text .control/snapshot"])
def test_a_description_is_written_to_a_control_file(repo, way):
    write_all(os.path.join(repo.home, "text"), "before May\n")
    repo.write("a.json", A)
    repo.sh(way)
    revision = repo.revisions()[-1]
    assert revision["kind"] == "snapshot"
    assert revision["description"] == "before May"
    assert revision["status"] == "completed"
    assert revision["user"] == "root"
    assert len(repo.revisions()) == 1
    assert repo.read(f".snapshots/{revision['id']}/a.json") == A


def test_a_snapshot_by_mkdir_is_listed_by_its_name(repo):
    repo.write("a.json", A)
    os.mkdir(repo.snap("before-upgrade"))
    repo.write("a.json", B)
    assert listed(repo) == ["before-upgrade", "latest", "versions"]
    number = repo.revisions()[-1]["id"]
    for name in ("before-upgrade", number, "latest"):
        assert read_all(repo.snap(name, "a.json")) == A
    refused(os.mkdir, repo.snap("before-upgrade"), code=errno.EEXIST)
    other = repo.snapshot("other")
    assert listed(repo) == [str(other), "before-upgrade", "latest",
                            "versions"]
    assert read_all(repo.snap("latest", "a.json")) == B


@pytest.mark.parametrize("name", ["7", "007", "latest", "versions", "@now",
                                  "@2026-11-20", ".hidden"])
def test_this_name_is_no_name_for_a_snapshot(repo, name):
    code = refused(os.mkdir, repo.snap(name))
    assert code in (errno.EINVAL, errno.EEXIST)
    assert repo.revisions() == []


def test_numbers_are_never_given_twice(repo):
    numbers = [repo.snapshot() for _ in range(5)]
    assert numbers == sorted(set(numbers))
    repo.write("a.json", A)
    repo.copy_in(B, "a.json")  # a revision too
    repo.remount()
    assert repo.snapshot() == numbers[-1] + 2


def test_two_snapshots_of_one_moment_are_two(repo):
    repo.write("a.json", A)
    one, two = repo.snapshot("x"), repo.snapshot("y")
    assert one != two
    assert [r["description"] for r in repo.revisions()] == ["x", "y"]


def test_a_folder_has_its_own_past(repo):
    os.makedirs(repo.path("d/e"))
    repo.write("d/e/a.json", A)
    repo.write("a.json", A)
    own = repo.snapshot("of d", "d")
    repo.write("d/e/a.json", B)
    above = repo.snapshot("of all")
    assert listed(repo) == [str(above), "latest", "versions"]
    for folder, path in (("d", "e/a.json"), ("d/e", "a.json")):
        assert listed(repo, folder) == sorted([str(own), str(above),
                                               "latest", "versions"])
        base = repo.path(folder, ".snapshots")
        assert read_all(f"{base}/{own}/{path}") == A
        assert read_all(f"{base}/{above}/{path}") == B
        assert read_all(f"{base}/latest/{path}") == B
    refused(os.stat, repo.snap(own), code=errno.ENOENT)
    scopes = {r["id"]: r["scope"] for r in repo.revisions()}
    assert (scopes[own], scopes[above]) == ("/d", "/")


def test_a_folder_that_was_not_there_has_no_such_snapshot(repo):
    number = repo.snapshot()
    os.mkdir(repo.path("d"))
    assert listed(repo, "d") == ["versions"] or \
        str(number) not in listed(repo, "d")
    refused(os.stat, repo.path("d/.snapshots", str(number)),
            code=errno.ENOENT)


def test_a_moved_folder_shows_its_own_past(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    number = repo.snapshot()
    os.mkdir(repo.path("x"))
    os.rename(repo.path("d"), repo.path("x/e"))
    assert read_all(repo.path("x/e/.snapshots", str(number), "a.json")) == A


def test_a_snapshots_folder_has_its_time_and_its_owner(shared_repo):
    repo = shared_repo
    os.chmod(repo.root, 0o777)
    before = time.time()
    run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         "mkdir", repo.snap("mine")])
    st = os.stat(repo.snap("mine"))
    assert before - 2 <= st.st_mtime <= time.time() + 2
    assert st.st_uid == 65534


# ---- the past cannot be changed ----

def test_the_past_is_read_only_for_root_too(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", A)
    repo.write("d/b.json", B)
    number = repo.snapshot()
    root = repo.snap(number)
    for call, args in (
            (write_all, (f"{root}/a.json", C)),
            (write_all, (f"{root}/new.json", C)),
            (os.unlink, (f"{root}/a.json",)), (os.rmdir, (f"{root}/d",)),
            (os.mkdir, (f"{root}/e",)), (os.chmod, (f"{root}/a.json", 0)),
            (os.chown, (f"{root}/a.json", 1, 1)),
            (os.utime, (f"{root}/a.json", (1, 1))),
            (os.truncate, (f"{root}/a.json", 0)),
            (os.symlink, ("x", f"{root}/.#a")),
            (os.rename, (f"{root}/a.json", f"{root}/c.json")),
            (os.rename, (f"{root}/a.json", repo.path("c.json"))),
            (os.rename, (repo.path("a.json"), f"{root}/c.json")),
            (os.rename, (f"{root}/d", repo.path("e"))),
            (os.open, (f"{root}/a.json", os.O_RDWR))):
        refused(call, *args, code=errno.EROFS)
    assert repo.tree(root) == {"d/": None, "a.json": A, "d/b.json": B}


def test_a_snapshot_is_kept_indefinitely(repo):
    number = repo.snapshot()
    os.mkdir(repo.snap("named"))
    for name in (number, "named", "latest", "versions"):
        refused(os.rmdir, repo.snap(name))
    assert refused(os.rmdir, repo.snap(number)) in (errno.EPERM,
                                                    errno.EROFS)
    done = repo.run("rm", "-rf", f".snapshots/{number}", check=False)
    assert done.returncode != 0
    assert len(repo.revisions()) == 2


def test_the_past_has_no_dot_directories_but_the_manifest(repo):
    repo.write("a.json", A)
    number = repo.snapshot()
    assert os.listdir(repo.snap(number)) == ["a.json"]
    refused(os.stat, repo.snap(number, ".snapshots"), code=errno.ENOENT)
    refused(os.stat, repo.snap(number, ".control/revert"),
            code=errno.ENOENT)
    assert b"a.json" in read_all(repo.snap(number, ".control/manifest"))


def test_modes_owners_and_times_of_the_past_are_those_of_then(repo):
    repo.write("a.json", A)
    os.chmod(repo.path("a.json"), 0o600)
    os.chown(repo.path("a.json"), 5, 6)
    os.utime(repo.path("a.json"), ns=(10**18, 10**18 + 7))
    number = repo.snapshot()
    os.chmod(repo.path("a.json"), 0o644)
    os.chown(repo.path("a.json"), 0, 0)
    os.utime(repo.path("a.json"))
    st = os.stat(repo.snap(number, "a.json"))
    assert (oct(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns) == \
        ("0o100600", 5, 6, 10**18 + 7)


def test_cp_out_of_the_past_is_a_backup(repo):
    for n in range(10):
        os.makedirs(repo.path(f"d{n % 3}"), exist_ok=True)
        repo.write(f"d{n % 3}/{n}.json", item(n=n))
    number = repo.snapshot()
    before = repo.tree()
    repo.sh("rm -r *")
    out = os.path.join(repo.base, "out")
    run(["cp", "-a", repo.snap(number) + "/.", out])
    assert files_below(out) == before
    write_all(os.path.join(repo.base, "sums"),
              read_all(repo.snap(number, ".control", "manifest")))
    run(["sha256sum", "-c", "--strict", os.path.join(repo.base, "sums")],
        cwd=out)


def test_a_manifest_escapes_odd_names_as_sha256sum_does(repo):
    os.mkdir(repo.path("d"))
    for name in ("a\nb.json", "a\\b.json", "d/ lead.json", "é.json"):
        repo.write(name, A)
    done = run(["sha256sum", "-c", "--strict", repo.control("manifest")],
               cwd=repo.root)
    assert done.stdout.count(": OK") == 4
    here = read_all(repo.control("manifest", "d"))
    assert here.endswith(b"  \x20lead.json\n")


# ---- instants ----

def stamp(ns, text="%Y-%m-%dT%H:%M:%S"):
    return time.strftime(text, time.gmtime(ns // 10**9)) + \
        f".{ns % 10**9:09d}"


def test_an_instant_shows_the_tree_as_it_was_then(repo):
    repo.write("a.json", A)
    time.sleep(0.05)
    between = time.time_ns()
    time.sleep(0.05)
    repo.write("a.json", B)
    for name in (f"@{stamp(between)}Z",
                 f"@{stamp(between, '%Y-%m-%dT%H.%M.%S')}Z"):
        assert read_all(repo.snap(name, "a.json")) == A
        assert not [n for n in listed(repo) if n.startswith("@")]


def test_a_second_that_was_printed_finds_what_was_done_in_it(repo):
    repo.write("a.json", A)
    when = repo.history("a.json")[-1]["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert read_all(repo.snap("@" + when, "a.json")) == A
    assert read_all(repo.snap("@" + when.replace(":", "."),
                              "a.json")) == A


def test_before_it_all_there_was_nothing(repo):
    repo.write("a.json", A)
    try:
        names = os.listdir(repo.snap("@2001-01-01T00:00:00Z"))
    except FileNotFoundError:
        names = []
    assert names == []


@pytest.mark.parametrize("name", ["@", "@x", "@2026-13-01T00:00:00Z",
                                  "@2026-11-20T25:00:00Z", "99", "0", "-1",
                                  "none", "LATEST"])
def test_this_names_no_state(repo, name):
    repo.snapshot()
    refused(os.stat, repo.snap(name), code=errno.ENOENT)


# ---- revert ----

def test_a_folder_goes_back_to_a_snapshot(repo):
    os.makedirs(repo.path("d/e"))
    repo.write("d/a.json", A)
    repo.write("d/e/b.json", B)
    repo.write("keep.json", A)
    number = repo.snapshot()
    before = repo.tree()
    repo.write("d/a.json", C)
    os.rename(repo.path("d/e"), repo.path("d/moved"))
    os.unlink(repo.path("d/moved/b.json"))
    os.mkdir(repo.path("new"))
    repo.write("new/c.json", C)
    repo.write("keep.json", B)
    repo.revert(number, "d")
    assert repo.tree() == {**before, "keep.json": B, "new/": None,
                           "new/c.json": C}
    repo.revert(number)
    assert repo.tree() == before
    repo.remount()
    assert repo.tree() == before
    repo.umount()
    repo.check()


def some_changes(repo):
    """Three states and the numbers of what led to them."""
    repo.write("a.json", A)
    one = repo.snapshot("one")
    repo.write("a.json", B)
    repo.write("b.json", B)
    time.sleep(0.01)
    instant = time.time_ns()
    time.sleep(0.01)
    two = repo.snapshot("two")
    os.unlink(repo.path("b.json"))
    repo.write("a.json", C)
    return one, two, instant


@pytest.mark.parametrize("what, tree", [
    ("{one}", {"a.json": A}), ("latest", {"a.json": B, "b.json": B}),
    ("{two}", {"a.json": B, "b.json": B}), ("@{instant}Z",
                                            {"a.json": B, "b.json": B}),
    ("{one} a.json", {"a.json": A}),
    ("{two} b.json", {"a.json": C, "b.json": B}),
    ("before {two}", {"a.json": B, "b.json": B}),
    ("after {one}", {"a.json": A}),
    ("before {two} b.json", {"a.json": C, "b.json": B}),
    ("named", {"a.json": C, "c.json": C}),
])
def test_revert_takes(repo, what, tree):
    one, two, instant = some_changes(repo)
    if what == "named":
        repo.write("c.json", C)
        os.mkdir(repo.snap("named"))
        os.unlink(repo.path("c.json"))
    repo.revert(what.format(one=one, two=two, instant=stamp(instant)))
    assert repo.tree() == tree
    repo.umount()
    repo.check()


@pytest.mark.parametrize("what, code", [
    ("", errno.EINVAL), ("nothing", None), ("99", errno.ENOENT),
    ("0", None), ("-1", None), ("before", None), ("before x", None),
    ("before 99", errno.ENOENT), ("undo 99", errno.ENOENT),
    ("@yesterday", None),
    ("1 none.json", errno.ENOENT), ("1 ../x", None), ("undo 1 a.json", None),
    ("1\0", None)])
def test_revert_refuses(repo, what, code):
    repo.write("a.json", A)
    repo.snapshot()
    repo.write("a.json", B)
    before = len(repo.errors())
    got = refused(repo.revert, what)
    if code:
        assert got == code
    assert len(repo.errors()) > before
    assert repo.tree() == {"a.json": B}
    assert len(repo.revisions()) == 1


def test_a_revert_makes_a_guard_snapshot_and_is_a_revision(repo):
    one, _, _ = some_changes(repo)
    before = repo.tree()
    repo.revert(one)
    kinds = [r["kind"] for r in repo.revisions()]
    assert kinds == ["snapshot", "snapshot", "snapshot", "revert"]
    guard, revert = repo.revisions()[-2:]
    assert revert["status"] == "completed"
    assert str(one) in revert["description"] or revert["description"]
    assert repo.tree(repo.snap(guard["id"])) == before
    repo.revert(f"undo {revert['id']}")
    assert repo.tree() == before


def test_a_revert_to_what_is_there_changes_nothing(repo):
    repo.write("a.json", A)
    number = repo.snapshot()
    moment = repo.status()["moment"]
    repo.revert(number)
    assert repo.tree() == {"a.json": A}
    assert [h["change"] for h in repo.history("a.json")] == ["created"]
    assert int(repo.status()["moment"]) - int(moment) <= 2


def test_after_brings_back_what_a_revert_took_away(repo):
    one, two, _ = some_changes(repo)
    repo.revert(one)
    revert = repo.revisions()[-1]["id"]
    repo.revert(f"before {revert}")
    assert repo.tree() == {"a.json": C}
    repo.revert(f"after {revert}")
    assert repo.tree() == {"a.json": A}
    repo.revert(two)
    assert repo.tree() == {"a.json": B, "b.json": B}


def test_undo_leaves_alone_what_others_have_changed_since(repo):
    for name in ("a", "b", "c"):
        repo.write(f"{name}.json", A)
    for name in ("a", "b", "d"):
        repo.source(f"in/{name}.json", B)
    repo.run("cp", "-r", os.path.join(repo.base, "src/in") + "/.", ".")
    batch = repo.revisions()[-1]["id"]
    repo.sh("sed -i s/b/x/ 'b 2.json'")
    repo.write("c.json", C)
    answer = repo.revert(f"undo {batch}")
    assert "b 2.json" in answer
    assert repo.tree() == {"a.json": A, "b.json": A, "c.json": C,
                           "b 2.json": item(n="x")}


def test_dry_run_only_says_what_would_change(repo):
    one, _, _ = some_changes(repo)
    answer = repo.revert(f"dry-run {one}")
    assert "M a.json" in answer
    assert repo.tree() == {"a.json": C}
    assert len(repo.revisions()) == 2


def test_one_item_comes_back_with_its_history(repo):
    repo.write("a.json", A)
    repo.write("a.json", B)
    number = repo.snapshot()
    os.unlink(repo.path("a.json"))
    assert not repo.exists("a.json")
    repo.revert(f"{number} a.json")
    assert repo.versions("a.json") == [A, B]
    repo.write("a.json", C)
    assert repo.versions("a.json") == [A, B, C]


def test_what_was_moved_within_comes_back(repo):
    os.makedirs(repo.path("d/x"))
    os.mkdir(repo.path("e"))
    repo.write("d/x/a.json", A)
    number = repo.snapshot()
    os.rename(repo.path("d/x"), repo.path("e/y"))
    os.rename(repo.path("e/y/a.json"), repo.path("top.json"))
    repo.revert(number)
    assert repo.tree() == {"d/": None, "d/x/": None, "e/": None,
                           "d/x/a.json": A}
    assert repo.versions("d/x/a.json") == [A]


def test_names_that_were_swapped_are_swapped_back(repo):
    repo.write("a.json", A)
    repo.write("b.json", B)
    number = repo.snapshot()
    repo.sh("mv a.json c.json; mv b.json a.json; mv c.json b.json")
    assert repo.read("a.json") == B
    repo.revert(number)
    assert repo.sh("cat a.json b.json").stdout.encode() == A + B


def test_what_left_the_folder_comes_back_into_it(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    number = repo.snapshot("", "d")
    os.rename(repo.path("d/a.json"), repo.path("a.json"))
    repo.revert(number, "d")
    assert repo.tree() == {"d/": None, "d/a.json": A}


def test_what_came_into_the_folder_goes_back_to_where_it_was(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", A)
    repo.write("b.json", A)
    number = repo.snapshot("", "d")
    for name in ("a", "b"):
        os.rename(repo.path(f"{name}.json"), repo.path(f"d/{name}.json"))
    repo.write("b.json", B)  # the name is taken meanwhile
    repo.revert(number, "d")
    assert repo.tree() == {"d/": None, "a.json": A, "b.json": B,
                           "b 2.json": A}


def test_the_folders_own_name_stays(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    number = repo.snapshot("", "d")
    os.rename(repo.path("d"), repo.path("e"))
    repo.write("e/a.json", B)
    repo.revert(number, "e")
    assert repo.tree() == {"e/": None, "e/a.json": A}


def test_a_removed_folder_with_scratch_files_stays_with_those(repo):
    number = repo.snapshot()
    os.makedirs(repo.path("d/e"))
    repo.write("d/e/notes.txt", b"mine")
    repo.write("d/e/a.json", A)
    os.mkdir(repo.path("empty"))
    repo.revert(number)
    assert repo.tree() == {"d/": None, "d/e/": None, "d/e/notes.txt":
                           b"mine"}
    repo.umount()
    repo.check()


def test_scratch_files_are_left_alone(repo):
    repo.write("a.json", A)
    number = repo.snapshot()
    repo.write("notes.txt", b"mine")
    repo.write("a.json", B)
    repo.revert(number)
    assert repo.tree() == {"a.json": A, "notes.txt": b"mine"}


def test_attributes_come_back_too(repo):
    repo.write("a.json", A)
    os.chmod(repo.path("a.json"), 0o600)
    os.utime(repo.path("a.json"), ns=(10**18, 10**18))
    os.mkdir(repo.path("d"), 0o700)
    number = repo.snapshot()
    os.chmod(repo.path("a.json"), 0o644)
    os.utime(repo.path("a.json"))
    os.chmod(repo.path("d"), 0o755)
    repo.revert(number)
    st = os.stat(repo.path("a.json"))
    assert (oct(st.st_mode), st.st_mtime_ns) == ("0o100600", 10**18)
    assert oct(os.stat(repo.path("d")).st_mode) == "0o40700"


def test_a_revert_ends_the_batches_of_its_folder(repo, actor):
    repo.write("a.json", A)
    number = repo.snapshot()
    one = actor()
    one.write("a.json", B)
    assert repo.revisions()[-1]["status"] == "in progress"
    repo.revert(number)
    assert {r["status"] for r in repo.revisions()} == {"completed"}
    one.write("a.json", C)
    restores = [r for r in repo.revisions() if r["kind"] == "restore"]
    assert len(restores) == 2


# ---- seen at once, and survived ----

@pytest.mark.tsan
def test_what_follows_a_revert_sees_it_a_thousand_times(repo):
    """cp x mnt/; echo N > mnt/.control/revert; cat mnt/x"""
    repo.write("x.json", text_of(8192, "o"))
    number = repo.snapshot()
    source = repo.source("x.json", text_of(8192, "n"))
    done = repo.sh(f"""
        old=$(<x.json)
        for i in $(seq 500); do
            cp {source} x.json; echo {number} > .control/revert; x=$(cat x.json)
            [ "$x" = "$old" ] || echo stale $i
            [ -e 'x 2.json' ] && echo there $i
            x=$(<x.json); echo "${{x/oo/xx}}" > x.json
            echo {number} > .control/revert; x=$(cat x.json)
            [ "$x" = "$old" ] || echo stale edit $i
        done; ls""", limit=90)
    assert done.stdout == "x.json\n"
    assert repo.read("x.json") == text_of(8192, "o")


def random_changes(repo, rng, count, stay):
    """Create, edit, move, delete; folders too. The folder @stay may change,
    but not go: a shell stands in it."""
    stay = os.stat(repo.path(stay)).st_ino
    made = 0
    for _ in range(count):
        folders = [""] + [p[:-1] for p, d in repo.tree().items()
                          if d is None]
        files = [p for p, d in repo.tree().items() if d is not None]
        what = rng.choice("create edit edit move delete mkdir movedir "
                          "rmdir".split())
        made += 1
        folder = rng.choice(folders)
        path = os.path.join(folder, f"n{made}")
        try:
            if what == "create":
                repo.write(path + ".json", item(n=rng.random()))
            elif what == "edit" and files:
                repo.write(rng.choice(files), item(n=rng.random()))
            elif what == "move" and files:
                os.rename(repo.path(rng.choice(files)),
                          repo.path(path + ".json"))
            elif what == "delete" and files:
                os.unlink(repo.path(rng.choice(files)))
            elif what == "mkdir":
                os.mkdir(repo.path(path))
            elif what == "movedir" and len(folders) > 1:
                os.rename(repo.path(rng.choice(folders[1:])),
                          repo.path(path))
            elif what == "rmdir" and len(folders) > 3:
                gone = repo.path(rng.choice(folders[1:]))
                inside = [os.stat(p).st_ino for p, _, _ in os.walk(gone)]
                if stay not in inside:
                    run(["rm", "-r", gone])
        except OSError as e:  # a folder below itself
            assert e.errno in (errno.EINVAL, errno.ENOENT), e


def test_two_hundred_changes_are_reverted_and_brought_back(repo):
    seed = SEED or str(random.randrange(10**9))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    for n in range(40):
        os.makedirs(repo.path(f"d{n % 5}/e{n % 3}"), exist_ok=True)
        repo.write(f"d{n % 5}/e{n % 3}/{n}.json", text_of(20 + n * 400))
    repo.write("d0/stay.json", A)
    before = repo.tree()
    number = repo.snapshot()
    shell = subprocess.Popen(["bash"], cwd=repo.path("d0"),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    opened = open(repo.path("d1/e0/6.json"), "rb")
    wanted = text_of(20 + 6 * 400)
    assert opened.read(10) == wanted[:10]
    random_changes(repo, rng, 200, "d0")
    after = repo.tree()
    assert after != before
    snap = repo.snap(number)
    diff = ["diff", "-r", snap, repo.root]
    assert run(diff, check=False).stdout != ""
    repo.revert(number)
    assert run(diff).stdout == ""
    assert repo.tree() == before
    out, _ = shell.communicate(b"cat stay.json; ls -d . && cat e0/0.json\n",
                               timeout=seconds(10))
    assert out == A + b".\n" + before["d0/e0/0.json"]
    assert opened.read() == wanted[10:]
    opened.seek(0)
    assert opened.read() == wanted
    opened.close()
    revert = repo.revisions()[-1]["id"]
    repo.revert(f"undo {revert}")
    assert repo.tree() == after
    repo.revert(f"after {revert}")
    assert repo.tree() == before
    repo.umount()
    repo.check()


def test_a_shell_in_a_changed_folder_survives(repo):
    os.makedirs(repo.path("d/e"))
    repo.write("d/e/a.json", A)
    number = repo.snapshot()
    shell = subprocess.Popen(["bash"], cwd=repo.path("d/e"),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    repo.write("d/e/a.json", B)
    os.rename(repo.path("d/e"), repo.path("d/f"))
    os.chmod(repo.path("d/f"), 0o700)
    repo.revert(number)
    out, _ = shell.communicate(b"ls; cat a.json; /bin/pwd; cat ../e/a.json; "
                               b"echo '{}' > b.json; ls\n",
                               timeout=seconds(10))
    assert out == b"a.json\n" + A + repo.path("d/e").encode() + b"\n" + A + \
        b"a.json\nb.json\n"


def test_a_folder_that_was_removed_comes_back_alive(repo):
    """Even if somebody stood in it when it went."""
    os.makedirs(repo.path("d/e"))
    repo.write("d/e/a.json", A)
    before = repo.tree()
    number = repo.snapshot()
    there = [os.open(repo.path(p), os.O_RDONLY | os.O_DIRECTORY)
             for p in ("d", "d/e")]
    for _ in range(3):
        repo.run("rm", "-r", "d")
        repo.revert(number)
        assert repo.tree() == before
        repo.write("d/e/a.json", B)
        os.mkdir(repo.path("d/f"))
        repo.revert(number)
        assert repo.tree() == before
        assert repo.sh("cd d/e && cat a.json").stdout.encode() == A
    for fd in there:
        os.close(fd)


def test_a_handle_that_is_written_through_a_revert_loses_nothing(repo,
                                                                actor):
    repo.write("a.json", A)
    number = repo.snapshot()
    repo.write("a.json", B)
    one = actor()
    one.read("a.json")
    one.do("f = open('a.json', 'w'); f.write(%r); f.flush()" % C.decode())
    repo.revert(number)
    assert repo.read("a.json") == A
    one.do("f.close()")
    assert repo.tree() == {"a.json": A, "a 2.json": C}


def test_a_mapping_shows_the_reverted_state(repo, actor):
    repo.write("a.json", text_of(8192, "o"))
    number = repo.snapshot()
    repo.write("a.json", text_of(8192, "n"))
    one = actor()
    one.do("import mmap; f = open('a.json', 'rb'); "
           "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); x = m[7]")
    repo.revert(number)
    assert repo.read("a.json") == text_of(8192, "o")
    assert one.do("g = open('a.json', 'rb'); answer = g.read()[7]") == \
        ord("o")


# ---- lists ----

def test_revisions_are_lines_of_json(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    repo.snapshot('with "quotes" and é', "d")
    repo.copy_in(B, "d/a.json")
    os.mkdir(repo.snap("named"))
    repo.revert(1, "d")
    found = repo.revisions()
    assert [r["kind"] for r in found] == \
        ["snapshot", "restore", "snapshot", "snapshot", "revert"]
    assert [r["id"] for r in found] == [1, 2, 3, 4, 5]
    assert found[0]["description"] == 'with "quotes" and é'
    assert found[2]["name"] == "named"
    for r in found:
        assert set(r) >= {"id", "kind", "status", "description", "user",
                          "time", "scope", "counts", "before", "after"}
    assert [r["id"] for r in repo.revisions("d")] == [1, 2, 4, 5]


def test_a_diff_names_each_changed_path(repo):
    os.makedirs(repo.path("d/e"))
    for name in ("a.json", "gone.json", "d/moved.json", "d/e/x.json",
                 "mode.json"):
        repo.write(name, item(name=name))
    number = repo.snapshot()
    assert repo.diff(number) == []
    repo.write("a.json", B)
    os.unlink(repo.path("gone.json"))
    os.rename(repo.path("d/moved.json"), repo.path("d/new name.json"))
    os.rename(repo.path("d/e"), repo.path("f"))
    os.mkdir(repo.path("z"))
    repo.write("z/new.json", C)
    os.chmod(repo.path("mode.json"), 0o600)
    assert sorted(repo.diff(number)) == sorted([
        "M a.json", "- gone.json", "R d/moved.json -> d/new name.json",
        "R d/e/ -> f/", "+ z/", "+ z/new.json", "A mode.json"])
    assert repo.diff(number, "d") == ["- e/", "R moved.json -> new "
                                      "name.json"] or \
        sorted(repo.diff(number, "d"))[-1] == \
        "R moved.json -> new name.json"
    names = os.listdir(repo.control("diff"))
    assert str(number) in names


def test_the_diff_of_a_revision_is_what_it_did(repo):
    repo.write("a.json", A)
    repo.copy_in(B, "a.json")
    batch = repo.revisions()[-1]["id"]
    repo.snapshot()
    repo.write("later.json", C)
    assert repo.diff(batch) == ["+ a 2.json"]


def test_the_history_of_a_folder_is_lines_of_json(repo):
    repo.write("a.json", A)
    repo.write("a.json", B)
    repo.run("chmod", "600", "a.json")
    os.rename(repo.path("a.json"), repo.path("b.json"))
    os.unlink(repo.path("b.json"))
    found = repo.lines("history")
    assert [h["change"] for h in found] == \
        ["created", "edited", "attributes", "moved", "deleted"]
    assert [h["version"] for h in found][:2] == [1, 2]
    assert found[0]["sha256"] == run(["sha256sum"], stdin=A).stdout[:64]
    assert found[0]["size"] == len(A)
    assert found[3]["from"] == "a.json" and found[3]["to"] == "b.json"
    for h in found:
        assert set(h) >= {"item", "moment", "time", "user", "program"}
    moments = [h["moment"] for h in found]
    assert moments == sorted(moments)


def test_versions_of_a_deleted_item_are_there(repo):
    repo.write("a.json", A)
    repo.write("a.json", B)
    os.unlink(repo.path("a.json"))
    assert "a.json" in os.listdir(repo.path(".snapshots/versions"))
    root = repo.path(".snapshots/versions/a.json")
    assert [read_all(os.path.join(root, n))
            for n in sorted(os.listdir(root))] == [A, B]


def test_each_version_can_be_read_copied_and_not_changed(repo):
    for n in range(12):
        repo.write("a.json", item(n=n))
    root = repo.path(".snapshots/versions/a.json")
    names = sorted(os.listdir(root))
    assert len(names) == 12
    out = os.path.join(repo.base, "out")
    run(["cp", "-r", root, out])
    assert [read_all(os.path.join(out, n)) for n in names] == \
        [item(n=n) for n in range(12)]
    refused(write_all, os.path.join(root, names[0]), A, code=errno.EROFS)
    refused(os.unlink, os.path.join(root, names[0]), code=errno.EROFS)


def test_a_version_that_comes_again_is_a_version(repo):
    for text in (A, B, A):
        repo.write("a.json", text)
    assert repo.versions("a.json") == [A, B, A]


def test_listings_of_the_past_go_with_time(repo):
    """What was looked up before must not stay when there is more."""
    refused(os.stat, repo.snap(1), code=errno.ENOENT)
    refused(os.stat, repo.snap("latest"), code=errno.ENOENT)
    repo.write("a.json", A)
    one = repo.snapshot()
    assert read_all(repo.snap("latest", "a.json")) == A
    repo.write("a.json", B)
    repo.snapshot()
    assert read_all(repo.snap("latest", "a.json")) == B
    assert read_all(repo.snap(one, "a.json")) == A
    wait_until("two snapshots", lambda: len(listed(repo)) == 4, 2)
