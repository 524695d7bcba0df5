"""Each real copier restores: what was there stays, the copy goes beside."""

import os
import shutil

import pytest

from harness import OLD, item, read_all, run, text_of

OLD_TEXT = text_of(8192, "o")
NEW_TEXT = text_of(8192, "n")

# A program that copies $SRC/a.json (and $SRC/d/b.json) into the folder in
# which it stands, and whether it keeps the times.
FILE_COPIERS = [
    ("cp", "cp $SRC/a.json a.json", False),
    ("cp -f", "cp -f $SRC/a.json .", False),
    ("cp -p", "cp -p $SRC/a.json .", True),
    ("cp -a", "cp -a $SRC/a.json .", True),
    ("cp --remove-destination", "cp --remove-destination $SRC/a.json .",
     False),
    ("cp --reflink=auto", "cp --reflink=auto $SRC/a.json .", False),
    ("cp --sparse=always", "cp --sparse=always $SRC/a.json .", False),
    ("busybox cp", "busybox cp $SRC/a.json .", False),
    ("busybox cp -p", "busybox cp -p $SRC/a.json .", True),
    ("mv", "cp -p $SRC/a.json $SRC/m.json; mv $SRC/m.json a.json", True),
    ("busybox mv", "cp -p $SRC/a.json $SRC/m.json; "
     "busybox mv $SRC/m.json a.json", True),
    ("install", "install $SRC/a.json .", False),
    ("install -p", "install -p $SRC/a.json a.json", True),
    ("rsync -a", "rsync -a $SRC/a.json .", True),
    ("rsync -r", "rsync -r $SRC/a.json .", False),
    ("rsync -c", "rsync -c $SRC/a.json .", False),
    ("rsync -a --fsync", "rsync -a --fsync $SRC/a.json .", True),
    ("rsync -a --inplace", "rsync -a --inplace $SRC/a.json .", True),
    ("rsync -a --no-whole-file", "rsync -a --no-whole-file $SRC/a.json .",
     True),
    ("rsync -a --inplace --no-whole-file",
     "rsync -a --inplace --no-whole-file $SRC/a.json .", True),
    ("rsync -a --partial-dir", "rsync -a --partial-dir=.rsync-partial "
     "$SRC/a.json .", True),
    ("rsync -a --delay-updates", "rsync -a --delay-updates $SRC/a.json .",
     True),
    ("rsync -a --temp-dir", "mkdir $HOME/t; "
     "rsync -a --temp-dir=$HOME/t $SRC/a.json .", True),
    ("rsync by a remote shell", "rsync -a -e $SHELLS/remote "
     "host:$SRC/a.json .", True),
    ("rsync to a remote shell", "rsync -a -e $SHELLS/remote "
     "$SRC/a.json host:$PWD/", True),
    ("rsync -r to a remote shell", "rsync -r -I -e $SHELLS/remote "
     "$SRC/a.json host:$PWD/", False),
    ("rsync -a --no-whole-file to a remote shell",
     "rsync -a --no-whole-file -e $SHELLS/remote $SRC/a.json host:$PWD/",
     True),
    ("tar x", "tar xf $SRC/a.tar", True),
    ("tar x -m", "tar xmf $SRC/a.tar", False),
    ("tar x --overwrite", "tar xf $SRC/a.tar --overwrite", True),
    ("tar x --unlink-first", "tar xf $SRC/a.tar --unlink-first", True),
    ("busybox tar", "busybox tar xf $SRC/a.tar", True),
    ("unzip", "unzip -qo $SRC/a.zip", True),
    ("cpio", "cpio -iu --quiet < $SRC/a.cpio", False),
    ("cpio -m", "cpio -ium --quiet < $SRC/a.cpio", True),
    ("dd", "dd if=$SRC/a.json of=a.json status=none", False),
    ("dd bs=1000", "dd if=$SRC/a.json of=a.json bs=1000 status=none",
     False),
    ("dd conv=notrunc", "dd if=$SRC/a.json of=a.json conv=notrunc "
     "status=none", False),
    ("dd conv=fsync", "dd if=$SRC/a.json of=a.json conv=fsync status=none",
     False),
    ("tee", "tee a.json < $SRC/a.json > /dev/null", False),
    ("cat", "cat $SRC/a.json > a.json", False),
    ("cat after cat", "cat a.json > /dev/null; cat $SRC/a.json > a.json",
     False),
    ("printf", "printf '%s\\n' \"$(cat $SRC/a.json)\" > a.json", False),
    ("shutil.copy2", "python3 -c 'import shutil; "
     "shutil.copy2(\"'$SRC'/a.json\", \"a.json\")'", True),
    ("shutil.copy", "python3 -c 'import shutil; "
     "shutil.copy(\"'$SRC'/a.json\", \"a.json\")'", False),
    ("shutil.copy2 after a copy out", "python3 -c 'import shutil; "
     "shutil.copy2(\"a.json\", \"'$HOME'/saved\"); "
     "shutil.copy2(\"'$SRC'/a.json\", \"a.json\")'", True),
    ("git", "git -C $SRC show HEAD:a.json > a.json", False),
]


@pytest.fixture
def sources(repo):
    """$SRC: a file, a folder, and archives of them."""
    repo.source("a.json", NEW_TEXT)
    src = os.path.join(repo.base, "src")
    shells = os.path.join(repo.base, "shells")
    os.mkdir(shells)
    remote = os.path.join(shells, "remote")
    with open(remote, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nshift\nexec sh -c \"$*\"\n")
    os.chmod(remote, 0o755)
    run(["bash", "-c", "tar cf a.tar a.json && zip -q a.zip a.json && "
         "echo a.json | cpio -o --quiet > a.cpio && git init -q . && "
         "git add a.json && git -c user.name=n -c user.email=e commit -qm "
         "m"], cwd=src)
    return {"SRC": src, "SHELLS": shells}


@pytest.mark.parametrize("name, script, keeps_time", FILE_COPIERS,
                         ids=[c[0] for c in FILE_COPIERS])
def test_this_copier_restores(repo, sources, name, script, keeps_time):
    repo.write("a.json", OLD_TEXT)
    os.utime(repo.path("a.json"), (OLD - 9, OLD - 9))
    repo.sh(script, env=repo.env(**sources))
    assert repo.read("a.json") == OLD_TEXT
    assert repo.read("a 2.json") == NEW_TEXT
    assert repo.names() == ["a 2.json", "a.json"]
    assert len(repo.versions("a.json")) == 1
    assert len(repo.versions("a 2.json")) == 1
    assert os.stat(repo.path("a.json")).st_mtime == OLD - 9
    if keeps_time:  # zip counts in pairs of seconds
        assert abs(os.stat(repo.path("a 2.json")).st_mtime - OLD) < 2
    assert repo.last_outcome("a.json") == "renamed"
    last = repo.revisions()[-1]
    assert last["kind"] == "restore"
    repo.revert(f"undo {last['id']}")
    assert repo.tree() == {"a.json": OLD_TEXT}


@pytest.mark.parametrize("name, script, keeps_time", FILE_COPIERS,
                         ids=[c[0] for c in FILE_COPIERS])
def test_this_copier_creates(repo, sources, name, script, keeps_time):
    """Into an empty folder: the same file, under its name."""
    script = script.replace("cat a.json > /dev/null; ", "")
    if "copy out" in name:
        script = script.replace("\"a.json\", \"'$HOME'", "\"'$SRC'/a.json\""
                                ", \"'$HOME'")
    repo.sh(script, env=repo.env(**sources))
    assert repo.tree() == {"a.json": NEW_TEXT}
    assert len(repo.versions("a.json")) == 1
    if keeps_time:
        assert abs(os.stat(repo.path("a.json")).st_mtime - OLD) < 2
    assert repo.last_outcome("a.json") == "created"


SMALLER = item(n="small")


@pytest.mark.parametrize("script", [
    "cp $SRC/s.json a.json", "rsync -a --inplace $SRC/s.json a.json",
    "python3 -c 'import os; f = os.open(\"a.json\", os.O_WRONLY); "
    "d = open(\"'$SRC'/s.json\", \"rb\").read(); os.write(f, d); "
    "os.ftruncate(f, len(d)); os.close(f)'"],
    ids=["cp", "rsync --inplace", "as scp"])
def test_a_smaller_copy_cuts_nothing_off(repo, sources, script):
    repo.write("a.json", OLD_TEXT)
    repo.source("s.json", SMALLER)
    repo.sh(script, env=repo.env(**sources))
    assert repo.tree() == {"a.json": OLD_TEXT, "a 2.json": SMALLER}


def test_cp_b_keeps_its_backup_and_the_item(repo, sources):
    repo.write("a.json", OLD_TEXT)
    repo.sh("cp -b $SRC/a.json a.json", env=repo.env(**sources))
    tree = repo.tree()
    tree.pop("a.json~", None)  # scratch, kept as it was asked for
    assert tree == {"a.json": OLD_TEXT, "a 2.json": NEW_TEXT}
    assert len(repo.versions("a.json")) == 1


# ---- folders ----

FOLDER_COPIERS = [
    ("cp -r", "cp -r $SRC/top ."), ("cp -a", "cp -a $SRC/top ."),
    ("rsync -a", "rsync -a $SRC/top ."),
    ("rsync -a --inplace", "rsync -a --inplace $SRC/top ."),
    ("rsync -a --no-whole-file", "rsync -a --no-whole-file $SRC/top ."),
    ("rsync to a remote shell", "rsync -a -e $SHELLS/remote $SRC/top "
     "host:$PWD/"),
    ("tar", "(cd $SRC; tar cf - top) | tar xf -"),
    ("cpio", "(cd $SRC; find top | cpio -o --quiet) | cpio -idum --quiet"),
    ("cpio -p", "cd $SRC; find top | cpio -pdum --quiet $OLDPWD"),
    ("unzip", "(cd $SRC; zip -qr $HOME/z.zip top); unzip -qo $HOME/z.zip"),
    ("copytree", "python3 -c 'import shutil; shutil.copytree("
     "\"'$SRC'/top\", \"top\", dirs_exist_ok=True)'"),
]


@pytest.mark.parametrize("name, script", FOLDER_COPIERS,
                         ids=[c[0] for c in FOLDER_COPIERS])
def test_this_copier_of_folders_restores(repo, sources, name, script):
    first, second = {}, {}
    for path in ("top/a.json", "top/No gaps .json", "top/d/b.json",
                 "top/d/e/c.json"):
        first[path] = item(path=path, old=True)
        second[path] = item(path=path, new=True)
    for path, data in first.items():
        repo.source(path, data, OLD)
    env = repo.env(**sources)
    repo.sh(script, env=env)
    assert {k: v for k, v in repo.tree().items() if v} == first
    for path, data in second.items():
        repo.source(path, data, OLD + 100)
    repo.sh(script, env=env)
    found = {k: v for k, v in repo.tree().items() if v}
    wanted = dict(first)
    for path, data in second.items():
        wanted[path.replace(".json", " 2.json")] = data
    assert found == wanted
    assert repo.revisions()[-1]["counts"]["renamed"] == 4
    repo.umount()
    repo.check()


def test_rsync_again_makes_no_other_copies(repo, sources):
    for n in range(4):
        repo.source(f"top/{n}.json", item(n=n))
    top = os.path.join(sources["SRC"], "top")
    repo.run("rsync", "-a", top, ".")
    for n in range(4):
        repo.source(f"top/{n}.json", item(n=n, changed=True), OLD + 5)
    for _ in range(3):
        repo.run("rsync", "-a", top, ".")
    assert len(repo.names("top")) == 8


# ---- Midnight Commander ----

def test_f5_of_midnight_commander_restores(repo, sources, terminal):
    repo.write("a.json", OLD_TEXT)
    for name in ("a.tar", "a.zip", "a.cpio"):
        os.unlink(os.path.join(sources["SRC"], name))
    shutil.rmtree(os.path.join(sources["SRC"], ".git"))
    tty = terminal(["mc", "-u", "-b", sources["SRC"], repo.root],
                   cwd=repo.base, env=repo.env())
    tty.wait("a.json")
    tty.keys("Down")  # from ".."
    tty.keys("F5")
    tty.wait("Copy file")
    tty.keys("Enter")
    tty.wait(["Target file already exists", "File exists"])
    tty.type("y")
    tty.wait_gone("already exists")
    repo.wait_names("a 2.json", "a.json")
    tty.wait("Hint")
    tty.keys("F10")
    tty.close()
    assert repo.read("a.json") == OLD_TEXT
    assert repo.read("a 2.json") == NEW_TEXT
    assert len(repo.versions("a.json")) == 1
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD


# ---- known to come out otherwise; README says so ----

def test_copying_out_and_back_in_one_process_without_times_is_an_edit(repo):
    repo.write("a.json", OLD_TEXT)
    repo.write("a.json", NEW_TEXT)
    repo.python("import shutil, sys; shutil.copy('a.json', sys.argv[1]); "
                "open(sys.argv[1], 'a').write(' '); "
                "shutil.copy(sys.argv[1], 'a.json')",
                os.path.join(repo.base, "x"))
    assert repo.tree() == {"a.json": NEW_TEXT + b" "}
    assert len(repo.versions("a.json")) == 3


def test_a_copy_out_leaves_the_repository_as_it_is(repo):
    repo.write("a.json", OLD_TEXT)
    os.mkdir(repo.path("d"))
    repo.write("d/b.json", NEW_TEXT)
    moment = repo.status()["moment"]
    out = os.path.join(repo.base, "out")
    os.mkdir(out)
    repo.sh(f"cp -a . {out}/1; rsync -a . {out}/2; tar cf {out}/3.tar .; "
            f"zip -qr {out}/4.zip .; find . | cpio -o --quiet > {out}/5; "
            f"install a.json {out}/6; dd if=a.json of={out}/7 status=none")
    assert repo.status()["moment"] == moment
    assert [o[1] for o in repo.outcomes()] == ["created", "created"]
    assert read_all(f"{out}/2/d/b.json") == NEW_TEXT
