"""Reverts and snapshots as people ask for them: by lists of paths, with who
loses what said first, taken back in a line; of folders that have moved; among
ten thousand snapshots."""

import errno
import json
import os
import re
import subprocess
import sys
import time

import pytest

import integrations
from harness import (BIN, item, on_terminal, read_all, refused, run,
                     same_tree, seconds, slow_disk)
from test_scale import sanitized

A, B, C = (item(n=n) for n in "abc")
SESSION = item(tasks=[{"rules": ["/rules/New", "/rules/A"]}])


def some_rules(repo):
    """Rules and flows; the number of a snapshot of before some changes."""
    for folder in ("rules/sub dir", "flows", "sessions"):
        os.makedirs(repo.path(folder))
    repo.write("rules/A.json", A)
    repo.write("rules/sub dir/B c.json", B)
    repo.write("rules/C.json", C)
    repo.write("flows/F.json", A)
    number = repo.snapshot("before")
    repo.write("rules/A.json", B)
    repo.write("rules/C.json", A)
    os.unlink(repo.path("rules/sub dir/B c.json"))
    os.rename(repo.path("flows/F.json"), repo.path("flows/G.json"))
    repo.write("flows/New.json", C)
    return number


def undo_line(text):
    """What the command line says, to be given to a shell."""
    [line] = re.findall(r"^undo with: (repofs .*)$", text, re.MULTILINE)
    return line


def shell(repo, line):
    """A line as a person types it, who has repofs in the path."""
    path = os.path.dirname(os.path.realpath(BIN))
    return run(["bash", "-c", line], cwd=repo.base,
               env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})


# ---- lists of paths ----

def test_a_list_goes_back_in_one_revision_and_is_undone_in_a_line(repo):
    number = some_rules(repo)
    before, revisions = repo.tree(), len(repo.revisions())
    paths = [repo.path(p) for p in ("rules/A.json", "rules/sub dir/B c.json",
                                    "flows")]
    preview = repo.cli("revert", "-n", str(number), *paths).stdout
    assert repo.tree() == before and len(repo.revisions()) == revisions
    done = repo.cli("revert", str(number), *paths).stdout
    assert "undo with" not in preview
    for line in ("M rules/A.json", "+ rules/sub dir/B c.json",
                 "R flows/G.json -> flows/F.json", "- flows/New.json"):
        assert line in done.splitlines() and line in preview.splitlines()
    assert repo.tree() == {
        "rules/": None, "rules/sub dir/": None, "flows/": None,
        "sessions/": None, "rules/A.json": A, "rules/sub dir/B c.json": B,
        "rules/C.json": A, "flows/F.json": A}
    added = repo.revisions()[revisions:]
    assert [r["kind"] for r in added] == ["snapshot", "revert"]
    assert added[1]["scope"] == "/"
    shell(repo, undo_line(done))
    assert repo.tree() == before
    repo.check()


@pytest.mark.parametrize("folder, paths, tree", [
    ("", '"rules/A.json" "flows"', {"rules/A.json": A, "flows/F.json": A}),
    ("rules", '"A.json"\t"sub dir/B c.json"',
     {"rules/A.json": A, "rules/sub dir/B c.json": B}),
    ("rules", 'sub dir/B c.json', {"rules/sub dir/B c.json": B}),
    ("rules", '"./sub dir" "/A.json"',
     {"rules/A.json": A, "rules/sub dir/B c.json": B}),
])
def test_a_list_in_a_control_file(repo, folder, paths, tree):
    number = some_rules(repo)
    before = repo.tree()
    answer = repo.revert(f"{number} {paths}", folder)
    after = repo.tree()
    assert {p: after[p] for p in tree} == tree
    [undo] = re.findall(r"'(undo \d+)' takes it back", answer)
    repo.sh(f"echo {undo} > .control/revert")
    assert repo.tree() == before


def test_names_of_a_list_may_hold_anything(repo):
    names = ["a\nb.json", 'q"u"ote.json', " blank .json", "back\\slash.json",
             "'.json", "ü.json"]
    for name in names:
        repo.write(name, A)
    number = repo.snapshot()
    for name in names:
        repo.write(name, B)
    done = repo.cli("revert", str(number), *(repo.path(n) for n in names))
    assert "M a\\nb.json\n" in done.stdout
    assert repo.tree() == dict.fromkeys(names, A)
    shell(repo, undo_line(done.stdout))
    assert repo.tree() == dict.fromkeys(names, B)
    repo.cli("revert", str(number), repo.path(names[0]))
    assert repo.read(names[0]) == A


@pytest.mark.mount("overwrite=edit")
def test_a_list_may_be_long(repo):
    names = [f"{n:04} {'x' * 90}.json" for n in range(700)]
    repo.sh("mkdir d; cd d; for n in $(seq 0 699); do echo '{\"n\": 1}' > "
            f"\"$(printf %04d $n) {'x' * 90}.json\"; done", limit=60)
    number = repo.snapshot()
    repo.sh("cd d; for f in *; do echo '{\"n\": 2}' > \"$f\"; done", limit=60)
    done = repo.cli("revert", str(number),
                    *(repo.path("d", name) for name in names[:-1]))
    assert "699 changed" in done.stdout
    assert repo.read(f"d/{names[0]}") == b'{"n": 1}\n'
    assert repo.read(f"d/{names[-1]}") == b'{"n": 2}\n'


def test_a_list_is_all_or_nothing(repo):
    number = some_rules(repo)
    before = repo.tree()
    done = repo.cli("revert", str(number), repo.path("rules/A.json"),
                    repo.path("flows/none.json"), check=False)
    assert done.returncode == 1 and "'flows/none.json'" in done.stderr
    assert repo.tree() == before
    done = repo.cli("revert", str(number), repo.path("rules"), repo.base,
                    check=False)
    assert done.returncode == 1 and "neither in a mount" in done.stderr


def test_a_list_in_a_file_that_is_not_mounted(repo):
    number = some_rules(repo)
    repo.umount()
    done = repo.cli("revert", str(number), repo.file, "rules/A.json",
                    "flows").stdout
    assert "M rules/A.json" in done
    repo.mount()
    assert repo.read("rules/A.json") == A and repo.read("flows/F.json") == A
    repo.umount()
    shell(repo, undo_line(done))
    repo.mount()
    assert repo.read("rules/A.json") == B and repo.exists("flows/G.json")


# ---- who refers to what goes ----

def test_who_refers_to_what_goes_is_said_first(repo):
    number = some_rules(repo)
    repo.write("rules/New.json", C)
    for n in range(12):
        repo.write(f"sessions/S{n:02}.json", SESSION)
    told = ["! 12 items outside refer to what goes:"] + [
        f"! /sessions/S{n:02}.json refers to New.json" for n in range(12)]
    preview = repo.cli("revert", "-n", str(number), repo.path("rules"))
    assert preview.stdout.splitlines()[:13] == told
    answer = repo.revert(f"dry-run {number}", "rules")
    assert answer == preview.stdout
    done = repo.cli("revert", str(number), repo.path("rules")).stdout
    assert done.splitlines()[:12] == told[:11] + \
        ["! and 2 more; see 'repofs problems'"]
    # All of them, for those who read on.
    kept = read_all(repo.control("revert", "rules")).decode()
    assert kept.splitlines()[:13] == told
    assert sum(p["target"] == "/rules/New" for p in repo.lines("problems")) \
        == 12
    shell(repo, undo_line(done))
    assert repo.lines("problems") == []
    done = repo.cli("revert", "--json", str(number), repo.path("rules"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("note") for line in lines[:13]] == \
        [line[2:] for line in told]
    assert set(lines[-1]) == {"revision", "undo"}
    shell(repo, lines[-1]["undo"])
    # Whom the revert is about needs no warning.
    done = repo.cli("revert", str(number), repo.path("rules"),
                    repo.path("sessions")).stdout
    assert "refers to" not in done and "refer to" not in done


# ---- either side of anything, of anything ----

def change_by(repo, kind):
    """Something that is a revision of this kind; its number."""
    if kind == "restore":
        repo.source("in/d/x.json", B)
        repo.source("in/d/y.json", B)
        repo.run("cp", "-r", os.path.join(repo.base, "src/in/d"), ".")
        repo.snapshot()  # ends the batch
    elif kind == "archive":
        kind = "restore"
        repo.sh("cp d/.control/backup.tar ../x.tar; echo '{}' > d/x.json; "
                "cp ../x.tar d/.control/restore")
    elif kind == "pull":
        repo.write("clone/d/x.json", C)
        repo.sh("echo ../clone/d > d/.control/pull")
    else:
        repo.revert("1", "d")
    return [r["id"] for r in repo.revisions() if r["kind"] == kind][-1]


@pytest.mark.parametrize("kind", ["restore", "archive", "pull", "revert"])
def test_either_side_of_any_revision(repo, kind):
    os.mkdir(repo.path("d"))
    repo.write("d/x.json", A)
    assert repo.snapshot() == 1
    if kind == "revert":
        repo.write("d/x.json", B)
    repo.sh("mkdir clone; cp -r d clone/d")
    repo.snapshot()
    before = {p: t for p, t in repo.tree().items() if p.startswith("d/")}
    number = change_by(repo, kind)

    def now():
        return {p: t for p, t in repo.tree().items() if p.startswith("d/")}
    after = now()
    changed = [p for p in {**before, **after}
               if before.get(p) != after.get(p) and p in before]
    for place in ("", "d"):
        for one, side in ((f"before {number}", before),
                          (f"after {number}", after),
                          (f"undo {number}", before),
                          (f"after {number}", after)):
            preview = repo.revert(f"dry-run {one}", place)
            assert preview.splitlines()[-1].startswith("would ")
            repo.revert(one, place)
            if kind != "archive":  # it edits first, which is no part of it
                assert now() == side, (place, one)
    if changed and kind == "pull":
        repo.cli("revert", "undo", str(number), repo.path(changed[0]))
        assert now() == before
    repo.umount()
    repo.check()


def test_a_restore_and_a_pull_say_how_they_are_undone(repo):
    os.mkdir(repo.path("it's"))
    repo.write("it's/x.json", A)
    repo.sh("cp -r \"it's\" clone; cp \"it's/.control/backup.tar\" ../x.tar")
    repo.write("clone/x.json", B)
    for command in (("restore", "x.tar", repo.path("it's")),
                    ("pull", repo.path("clone"), repo.path("it's"))):
        before = repo.tree()
        done = repo.cli(*command).stdout
        assert repo.tree() != before
        shell(repo, undo_line(done))
        assert repo.tree() == before
        assert "undo with" not in repo.cli(
            command[0], "--dry-run", *command[1:]).stdout


# ---- folders that have moved ----

def test_a_folder_that_was_renamed_goes_back_exactly(repo, tmp_path):
    repo.sh("""
mkdir -p Orders/flows/deep Orders/scripts Elsewhere
for n in $(seq 20); do echo "{\\"n\\": $n}" > Orders/flows/f$n.json; done
for n in $(seq 5); do echo "{\\"d\\": $n}" > Orders/flows/deep/d$n.json; done
echo '{"s": 1}' > Orders/scripts/s.json; echo '{"e": 1}' > Elsewhere/e.json
chmod 640 Orders/flows/f3.json
touch -d 2020-01-02T03:04:05 Orders/flows/f4.json
mkdir Orders/.snapshots/release""")
    kept = tmp_path / "kept"
    run(["cp", "-a", repo.path("Orders"), str(kept)])
    repo.sh("""
mv Orders 'Old orders'; cd 'Old orders'
sed -i s/1/100/ flows/f1.json
mv flows/f2.json ../Elsewhere/; mv flows/deep ../Elsewhere/shallow
mv ../Elsewhere/e.json scripts/; mv scripts js; mv flows/f5.json flows/f6.json
chmod 600 flows/f3.json; touch flows/f4.json
rm flows/f7.json ../Elsewhere/shallow/d1.json
echo '{"new": 1}' > flows/f7.json; mkdir more; echo '{}' > more/m.json
""")
    # Its past is its own, whatever it is called.
    assert repo.run("diff", "-r", "Old orders/.snapshots/release", str(kept)
                    ).stdout == ""
    repo.sh("cd 'Old orders'; echo release > .control/revert")
    assert repo.run("diff", "-r", "Old orders", str(kept)).stdout == ""
    same_tree(repo.path("Old orders"), str(kept))
    # What came in is where it was, what was elsewhere is untouched.
    assert repo.names("Elsewhere") == ["e.json"]
    assert not repo.exists("Orders")
    repo.umount()
    repo.check()


def test_the_past_of_a_folder_goes_where_it_goes(repo):
    os.makedirs(repo.path("a/b/c"))
    repo.write("a/b/c/x.json", A)
    above = repo.snapshot("above", "a")
    os.rename(repo.path("a/b"), repo.path("z"))
    repo.write("z/c/x.json", B)
    own = repo.snapshot("own", "z")
    os.rename(repo.path("z/c"), repo.path("y"))
    here = os.listdir(repo.path("y/.snapshots"))
    assert sorted(here) == sorted([str(above), str(own), "latest",
                                   "versions"])
    for name, text in ((above, A), (own, B), ("latest", B)):
        assert read_all(repo.path("y/.snapshots", str(name), "x.json")) == \
            text
    repo.revert(above, "y")
    assert repo.read("y/x.json") == A


def test_a_snapshot_stays_and_says_why(repo):
    number = repo.snapshot()
    done = repo.run("rmdir", f".snapshots/{number}", check=False)
    assert "Operation not permitted" in done.stderr
    assert refused(os.rmdir, repo.snap(number)) == errno.EPERM
    assert f"'{number}' stays: snapshots are kept for ever" in \
        repo.errors()[-1]


def test_names_of_previous_versions_as_samba_asks_for_them(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/x.json", A)
    time.sleep(1.1)
    then = time.strftime("@GMT-%Y.%m.%d-%H.%M.%S", time.gmtime())
    time.sleep(1.1)
    repo.write("d/x.json", B)
    assert read_all(repo.snap(then, "d/x.json")) == A
    assert read_all(repo.path("d/.snapshots", then, "x.json")) == A
    assert repo.run("cat", f".snapshots/{then}/d/x.json").stdout.encode() == A
    refused(os.stat, repo.snap("@GMT-2026.13.45-00.00.00"),
            code=errno.ENOENT)
    repo.revert(then, "d")
    assert repo.read("d/x.json") == A


# ---- an integration, with a tool in it ----

def test_an_integration_with_tools_goes_back(repo, tmp_path):
    top = "integrations/Orders"
    integrations.write(repo.root)
    repo.sh(f"mkdir '{top}/.snapshots/May release'")
    kept = tmp_path / "kept"
    run(["cp", "-a", repo.path(top), str(kept)])
    repo.sh(f"""cd {top}
sed -i s/v1/v2/ 'apis/Order intake.json'
sed -i s/sku/article/ 'tools/Ask for stock.json'
mv 'exports/Stock.json' 'exports/Levels.json'; rm scripts/Map*.json
cp 'tools/Ask for stock.json' tools/Another.json
rm connections/Files.json""")
    assert repo.lines("problems") != []
    done = repo.cli("revert", "May release", repo.path(top)).stdout
    assert "M tools/Ask for stock.json" in done
    assert "- tools/Another.json" in done
    assert repo.run("diff", "-r", top, str(kept)).stdout == ""
    assert repo.lines("problems") == [
        p for p in repo.lines("problems") if "password" in p["problem"]]
    repo.cli("revert", "--dry-run", "May release", repo.path(
        f"{top}/tools/Ask for stock.json"), repo.path(f"{top}/apis"))
    shell(repo, undo_line(done))
    assert b"article" in repo.read(f"{top}/tools/Another.json")
    repo.umount()
    repo.check()


# ---- ten thousand ----

def take(repo, count):
    """Snapshots of a folder and of the root, by one program."""
    fds = [os.open(repo.control("snapshot", folder), os.O_WRONLY)
           for folder in ("a/b", "")]
    for n in range(0, count, 500):
        for fd in fds:
            os.write(fd, b"nightly\n" * min(250, (count - n) // 2))
    for fd in fds:
        os.close(fd)


def quickest(call, *args):
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        call(*args)
        times.append(time.perf_counter() - begin)
    return min(times)


def look(repo, names):
    for name in names:
        os.stat(repo.path("a/b/c/.snapshots", name, "x.json"))


COMES_AND_GOES = """
import os, sys, time
end, me = time.time() + float(sys.argv[1]), os.getpid()
while time.time() < end:
    try:
        os.makedirs("f/g", exist_ok=True)
        for n in range(3):
            with open(f"f/g/{me}-{n}~", "wb", buffering=0) as f:
                f.write(b"x")
            os.unlink(f"f/g/{me}-{n}~")
    except OSError:
        pass
"""


def test_no_file_stays_in_a_folder_that_a_revert_took(repo):
    """Files that are no items keep their folder; not those that come in the
    moment in which it goes."""
    number = repo.snapshot("empty")
    busy = [subprocess.Popen([sys.executable, "-c", COMES_AND_GOES,
                              str(seconds(3))], cwd=repo.root)
            for _ in range(2)]
    while any(one.poll() is None for one in busy):
        repo.revert(number)
    assert [one.returncode for one in busy] == [0, 0]
    repo.umount()
    repo.check()


def test_a_bar_on_a_terminal(repo):
    """On a slow disk."""
    number = some_rules(repo)
    with slow_disk(repo):
        shown = on_terminal(f"{repo.bin} revert {number} {repo.root}")
    assert re.search(r"\rreverting \[#+ *\] +\d+ %\x1b\[K", shown)
    assert "undo with: " in shown.splitlines()[-1]


@pytest.mark.slow
def test_ten_thousand_snapshots_are_rows(make_repo):
    few, many = (make_repo(name=name, hang=300).mount()
                 for name in ("few", "many"))
    for repo in (few, many):
        os.makedirs(repo.path("a/b/c"))
        repo.write("a/b/c/x.json", A)
    repo = many
    repo.sh("sync .")
    before = repo.status()["moment"]
    size = os.stat(repo.file).st_size
    take(few, 10)
    take(many, 10000)
    assert repo.status()["moment"] == before
    there = os.path.join("a/b/c/.snapshots")
    done = repo.run("ls", there, limit=20).stdout.split()
    assert len(done) == 10002 and done.count("latest") == 1
    if not sanitized():
        # By the entry: a listing of many is no dearer than one of few.
        ratio = quickest(os.listdir, repo.path(there)) / 10002 / \
            (quickest(os.listdir, few.path(there)) / 12)
        assert ratio < 2
        names = [n for n in done if n not in ("latest", "versions")]
        ratio = quickest(look, many, names[5000:5010] + ["latest"]) / \
            quickest(look, few, os.listdir(few.path(there))[:10] + ["latest"])
        assert ratio < 5  # the few stay in the kernel's cache
    repo.umount()
    assert (os.stat(repo.file).st_size - size) / 10000 < 400
    repo.check()
