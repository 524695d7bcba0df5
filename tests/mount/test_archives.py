"""A folder as an archive: through its control files and from the command line,
read by the programs that people have."""

import errno
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import threading
import zipfile

import pytest

from harness import (BIN, ENV, files_below, item, read_all, refused, run,
                     same_tree, seconds, write_all)

A, B = item(n="a"), item(n="b")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534"]
KINDS = ("tar", "zip")


def have(program):
    return shutil.which(program) is not None


def unpack(archive, where):
    os.makedirs(where)
    if zipfile.is_zipfile(archive):
        run(["unzip", "-q", archive, "-d", where], limit=60)
    else:
        run(["tar", "xpf", archive, "-C", where], limit=60)
    return where


def members(data):
    """{path: bytes, path/: None} of an archive, as python reads it."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            assert z.testzip() is None
            return {n: None if n.endswith("/") else z.read(n)
                    for n in z.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        return {m.name + "/" * m.isdir():
                None if m.isdir() else t.extractfile(m).read()
                for m in t.getmembers()}


@pytest.fixture
def filled(repo, corpus):
    run(["cp", "-r", f"{corpus}/.", repo.root], limit=120)
    return repo


@pytest.fixture
def small(repo):
    """A few items of every sort."""
    os.makedirs(repo.path("rules/Größe ☃"))
    os.mkdir(repo.path("rules/empty"))
    repo.write("rules/A.json", A)
    repo.write("rules/Größe ☃/" + "ä" * 120 + ".json", B)
    repo.write("rules/scratch.txt", b"no item")
    os.mkdir(repo.path("sessions"))
    for n in range(40):
        repo.write(f"sessions/{n}.json", item(n=n, text="x" * 50 * n))
    os.chmod(repo.path("rules/A.json"), 0o640)
    os.utime(repo.path("rules/A.json"), ns=(0, 1600000000123456789))
    return repo


def below(repo, folder=""):
    return {k: v for k, v in files_below(repo.path(folder)).items()
            if v is None or k.endswith(".json")}


# ---- as programs read them ----

def test_the_corpus_comes_out_as_it_is(filled):
    out = os.path.join(filled.base, "out")
    os.mkdir(out)
    for kind in KINDS:
        copy = f"{out}/all.{kind}"
        run(["cp", filled.control(f"backup.{kind}"), copy], limit=60)
        same_tree(unpack(copy, f"{out}/{kind}"), filled.root,
                  1 if kind == "tar" else 10**9)
    assert len(run(["tar", "tf", f"{out}/all.tar"]).stdout.splitlines()) == \
        len(files_below(filled.root))
    run(["unzip", "-tq", f"{out}/all.zip"])
    if have("bsdtar"):
        for kind in KINDS:
            listed = run(["bsdtar", "tf", f"{out}/all.{kind}"]).stdout
            assert len(listed.splitlines()) == len(files_below(filled.root))


@pytest.mark.parametrize("kind", KINDS)
def test_modes_and_times_are_kept(small, kind):
    out = os.path.join(small.base, "out")
    copy = os.path.join(small.base, "copy." + kind)
    run(["cp", small.control(f"backup.{kind}"), copy])
    unpack(copy, out)
    grain = 1 if kind == "tar" else 10**9
    for path in ("rules/A.json", "rules", "sessions/3.json", "rules/empty"):
        mine, theirs = os.stat(f"{out}/{path}"), os.stat(small.path(path))
        assert mine.st_mode == theirs.st_mode, path
        assert mine.st_mtime_ns // grain == theirs.st_mtime_ns // grain, path
    assert not os.path.exists(f"{out}/rules/scratch.txt")
    assert os.stat(f"{out}/rules/A.json").st_mtime_ns // grain == \
        1600000000123456789 // grain


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_the_same_however_it_is_read(small, kind):
    path = small.control(f"backup.{kind}", "sessions")
    whole = read_all(path)
    assert members(whole) == below(small, "sessions")
    out = os.path.join(small.base, "out")
    for script in ('cat "$1" > "$2"', 'cp "$1" "$2"', 'cp -p "$1" "$2"',
                   'dd if="$1" of="$2" bs=7 status=none',
                   'tail -c +1 "$1" > "$2"', 'install "$1" "$2"',
                   'rsync --inplace "$1" "$2"', 'busybox cp "$1" "$2"',
                   'tar cPf - "$1" | tar xPOf - > "$2"'):
        if os.path.exists(out):
            os.unlink(out)
        small.run("bash", "-c", script, "_", path, out)
        assert read_all(out) == whole, script
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    assert size == len(whole)
    for step in (512, 1000, 65536):  # backwards
        for at in range(size - 1, -1, -step):
            assert os.pread(fd, step, at) == whole[at:at + step]
    assert os.pread(fd, 10, size) == b""
    os.close(fd)


@pytest.mark.parametrize("kind", KINDS)
def test_many_read_one_handle_at_once(small, kind):
    path = small.control(f"backup.{kind}")
    whole = read_all(path)
    fd = os.open(path, os.O_RDONLY)
    wrong = []

    def read(begin):
        for at in range(begin, len(whole), 8 * 900):
            if os.pread(fd, 900, at) != whole[at:at + 900]:
                wrong.append(at)

    threads = [threading.Thread(target=read, args=(900 * n,))
               for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    os.close(fd)
    assert not wrong


def test_unzip_reads_it_in_its_place(small):
    """From the end to the directory to the members and back. It asks for the
    size before it opens the file, so somebody must have it open."""
    zipped = small.control("backup.zip")
    fd = os.open(zipped, os.O_RDONLY)
    run(["unzip", "-tq", zipped])
    listed = run(["unzip", "-Z1", zipped]).stdout.splitlines()
    assert sorted(listed) == sorted(below(small))
    os.close(fd)
    run(["tar", "tf", small.control("backup.tar")])
    with zipfile.ZipFile(zipped) as z, \
            tarfile.open(small.control("backup.tar")) as t:
        assert z.testzip() is None
        for name in reversed(z.namelist()):
            if not name.endswith("/"):
                assert z.read(name) == t.extractfile(name).read() == \
                    small.read(name)


def test_stat_makes_no_archive(small):
    """It tells the size that the last one had."""
    path = small.control("backup.tar")
    assert os.stat(path).st_size == 0
    size = len(read_all(path))
    assert os.stat(path).st_size == size
    assert os.stat(small.control("backup.tar", "rules")).st_size == 0


def test_an_empty_folder_is_an_archive(repo):
    os.mkdir(repo.path("d"))
    for kind in KINDS:
        data = read_all(repo.control(f"backup.{kind}", "d"))
        assert members(data) == {}
        assert data


def test_nothing_is_written_to_an_archive(small):
    for kind in KINDS:
        path = small.control(f"backup.{kind}")
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
            refused(os.open, path, flags, code=errno.EACCES)
        refused(os.unlink, path)
        refused(os.truncate, path, 0)


# ---- while the tree changes ----

@pytest.mark.parametrize("kind", KINDS)
def test_an_open_archive_shows_the_moment_of_its_opening(small, kind):
    wanted = below(small)
    fd = os.open(small.control(f"backup.{kind}"), os.O_RDONLY)
    size = os.fstat(fd).st_size
    begin = os.pread(fd, 700, 0)
    small.write("rules/A.json", item(n="changed at length" * 100))
    small.write("sessions/new.json", A)
    os.unlink(small.path("sessions/1.json"))
    os.rename(small.path("sessions/2.json"), small.path("rules/2.json"))
    os.chmod(small.path("sessions/3.json"), 0o600)
    shutil.rmtree(small.path("rules/Größe ☃"))
    data = b""
    while True:
        more = os.pread(fd, 1000, len(data))
        if not more:
            break
        data += more
    os.close(fd)
    assert len(data) == size and data.startswith(begin)
    assert members(data) == wanted


# An editor's dance, whose traces are amended away.
WRITER = """
import os, sys, time
n = 0
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    n += 1
    for name in ("0", "7", "busy"):
        with open(f"sessions/{name}.tmp", "w") as f:
            f.write('{"n": "%s"}\\n' % ("y" * (n * 37 % 3000)))
        if os.path.exists(f"sessions/{name}.json"):
            os.rename(f"sessions/{name}.json", f"sessions/{name}.json~")
        os.rename(f"sessions/{name}.tmp", f"sessions/{name}.json")
        if os.path.exists(f"sessions/{name}.json~"):
            os.unlink(f"sessions/{name}.json~")
        os.chmod(f"sessions/{name}.json", 0o600 + n % 64)
        os.utime(f"sessions/{name}.json", (n, n))
    if n % 3 == 0:
        os.unlink("sessions/busy.json")
"""


def test_copies_are_whole_while_others_change_the_tree(small):
    writer = subprocess.Popen(["python3", "-c", WRITER, "6"], cwd=small.root,
                              env=ENV)
    out = os.path.join(small.base, "out")
    copies = 0
    while writer.poll() is None or copies < 4:
        for kind in KINDS:
            path = small.control(f"backup.{kind}")
            run(["cp", path, out])
            found = members(read_all(out))
            assert sum(n.startswith("sessions/") for n in found) > 37
            if kind == "zip":
                run(["unzip", "-tq", out])
            copies += 1
    assert writer.wait(seconds(10)) == 0
    assert copies >= 4
    small.check()


# ---- who may ----

@pytest.fixture
def private(shared_repo):
    repo = shared_repo
    os.makedirs(repo.path("open/inner"))
    os.mkdir(repo.path("shut"))
    os.makedirs(repo.path("half/locked"))
    os.mkdir(repo.path("item"))
    for name in ("open/a", "open/inner/b", "shut/c", "half/locked/d",
                 "half/e", "item/f"):
        repo.write(f"{name}.json", A)
    os.chmod(repo.path("shut"), 0o700)
    os.chmod(repo.path("half/locked"), 0o750)
    os.chmod(repo.path("item/f.json"), 0o640)
    return repo


def as_nobody(repo, script, *groups):
    who = ["--groups=" + ",".join(groups)] if groups else ["--clear-groups"]
    return run([*NOBODY, *who, "bash", "-c", script], cwd=repo.root,
               check=False)


def test_an_archive_gives_nobody_more_than_he_may_read(private):
    for kind in KINDS:
        for folder, named in (("open", None), ("half", "locked"),
                              ("item", "f.json"), (".", "shut")):
            path = f"{folder}/.control/backup.{kind}"
            done = as_nobody(private, f"cat {path} | wc -c")
            assert (int(done.stdout) > 0) == (named is None), folder
            if named:
                assert "Permission denied" in done.stderr
                assert f"'{named}' may not be read by you" in \
                    private.errors(folder)[-1]
            assert read_all(private.path(path))
        assert as_nobody(private, f"ls shut/.control/backup.{kind}"
                         ).returncode != 0


def test_who_is_in_the_group_of_a_folder_may(private):
    for script in ("cat half/.control/backup.tar > /dev/null",
                   "cat item/.control/backup.zip > /dev/null"):
        assert as_nobody(private, script).returncode != 0
        assert as_nobody(private, script, "0").returncode == 0


def test_the_whole_repository_is_for_owner_and_group(shared_repo):
    repo = shared_repo
    repo.write("a.json", A)
    path = repo.control("repository.tar")
    assert os.stat(path).st_mode & 0o777 in (0o440, 0o640)
    assert members(read_all(path)) == {"a.json": A}
    done = as_nobody(repo, "cat .control/repository.tar")
    assert done.returncode != 0 and "Permission denied" in done.stderr
    assert as_nobody(repo, "cat .control/repository.tar", "0"
                     ).returncode == 0
    os.mkdir(repo.path("d"))
    assert "repository.tar" not in os.listdir(repo.path("d/.control"))
    refused(os.stat, repo.control("repository.tar", "d"),
            code=errno.ENOENT)
    os.chmod(repo.root, 0o700)
    assert os.stat(path).st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_not_read_the_file_gets_what_he_may_read(private, kind):
    """Several items, from the mount itself."""
    repo = private
    os.chmod(repo.file, 0o600)
    os.mkdir(repo.path("open/empty"))
    os.utime(repo.path("open/a.json"), ns=(0, 1600000000123456789))
    out = os.path.join(repo.base, "out")
    os.mkdir(out)
    os.chmod(out, 0o777)

    def take(*paths, check=True):
        archive = os.path.join(out, "x." + kind)
        done = as_nobody(repo, f"{BIN} backup {' '.join(paths)} -o {archive}")
        assert (done.returncode == 0) == check, done.stderr
        if not check:
            assert not os.listdir(out)
            return done.stderr
        data = read_all(archive)
        os.unlink(archive)
        return members(data)

    assert take("open/a.json") == {"a.json": A}
    assert take("open/a.json", "open/inner") == \
        {"a.json": A, "inner/": None, "inner/b.json": A}
    assert take("half/e.json", "open/inner/b.json", "open/empty") == \
        {"half/": None, "half/e.json": A, "open/": None,
         "open/empty/": None, "open/inner/": None, "open/inner/b.json": A}
    assert take("open/inner/b.json", "open") == \
        {"open/" + k: v for k, v in take("open").items()} | {"open/": None}
    assert "denied" in take("open", "shut", check=False)
    assert "denied" in take("open", "item/f.json", check=False)
    assert take("open/nothing.json", check=False)
    assert "--closure of several" in \
        take("--closure", "open", "half/e.json", check=False)


# ---- the command line ----

def test_backup_of_a_folder_is_its_control_file(small):
    for folder in ("", "sessions"):
        for kind in KINDS:
            out = os.path.join(small.base, "out." + kind)
            small.cli("backup", small.path(folder), "-o", out)
            assert read_all(out) == \
                read_all(small.control(f"backup.{kind}", folder))
    done = subprocess.run([BIN, "backup", small.path("rules")], env=ENV,
                          stdout=subprocess.PIPE, check=True,
                          timeout=seconds(20))
    assert done.stdout == read_all(small.control("backup.tar", "rules"))


def backup(*args):
    done = subprocess.run([BIN, "backup", *args], env=ENV, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds(30))
    assert done.returncode == 0, done.stderr
    return members(done.stdout)


@pytest.mark.parametrize("mounted", (True, False))
def test_several_items_are_in_one(small, mounted):
    tree = below(small)
    if not mounted:
        small.umount()

    def take(*paths):
        if mounted:
            return backup(*(small.path(p) for p in paths))
        return backup(small.file, *paths)

    assert take("rules/A.json") == {"A.json": A}
    found = take("sessions/1.json", "rules/A.json")
    assert found == {"sessions/": None, "rules/": None, "rules/A.json": A,
                     "sessions/1.json": tree["sessions/1.json"]}
    found = take("sessions/1.json", "sessions/2.json")
    assert set(found) == {"1.json", "2.json"}
    found = take("sessions/1.json", "rules")
    assert {k for k in found if k.startswith("rules/")} == \
        {k for k in tree if k.startswith("rules/")}
    assert set(take("rules/empty", "rules/A.json")) == {"empty/", "A.json"}
    if not mounted:
        assert backup(small.file) == tree


def test_a_closure_takes_all_that_is_needed(filled):
    counts = []
    for here, _, names in os.walk(filled.path("sessions")):
        for name in sorted(names):
            path = os.path.join(here, name)
            found = backup("--closure", path)
            items = [n for n in found if not n.endswith("/")]
            counts.append(len(items))
            assert os.path.relpath(path, filled.root) in items
            for n in items:
                assert found[n] == filled.read(n)
    assert len(counts) >= 5 and max(counts) > 400 and min(counts) < 100


def test_a_closure_is_the_same_for_who_may_not_read_the_file(shared_repo):
    repo = shared_repo
    os.makedirs(repo.path("rules/sub"))
    repo.write("rules/T.json", b'{"template": true}')
    repo.write("rules/Other.json", A)
    repo.write("rules/sub/R.json",
               b'{"attributes": {"template_id": "RULE://T"}}')
    out = os.path.join(repo.base, "out")
    os.mkdir(out)
    os.chmod(out, 0o777)
    modes = (0o644, 0o600) if os.path.isdir(repo.path(".backup")) else (0o644,)
    for mode in modes:
        os.chmod(repo.file, mode)
        for kind in KINDS:
            archive = f"{out}/x.{kind}"
            done = as_nobody(repo, f"{BIN} backup --closure rules/sub/R.json "
                             f"-o {archive}")
            assert done.returncode == 0, done.stderr
            assert members(read_all(archive)) == {
                "rules/": None, "rules/sub/": None,
                "rules/T.json": repo.read("rules/T.json"),
                "rules/sub/R.json": repo.read("rules/sub/R.json")}


def test_an_output_is_whole_or_not_there(small):
    out = os.path.join(small.base, "out.tar")
    write_all(out, b"before")
    for args in ((small.path("nothing"),), (small.path("rules"), "/"),
                 ("--format", "rar", small.path("rules"))):
        done = small.cli("backup", *args, "-o", out, check=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
        assert read_all(out) == b"before"
    done = small.cli("backup", small.path("rules"), "-o", out + ".gz",
                     check=False)
    assert done.returncode == 1 and "| zstd" in done.stderr
    assert sorted(n for n in os.listdir(small.base) if "out" in n) == \
        ["out.tar"]
    small.cli("backup", small.path("rules"), "-o", out)
    assert members(read_all(out)) == below(small, "rules")
    link = os.path.join(small.base, "latest")
    os.symlink("out.tar", link)
    small.cli("backup", small.path("sessions"), "-o", link)
    assert os.path.islink(link)
    assert members(read_all(out)) == below(small, "sessions")
    assert run(["bash", "-c", f"{BIN} backup {small.path('rules')} "
                "> /dev/full"], check=False).returncode == 1


def test_no_archive_is_written_to_a_terminal(small, terminal):
    one = terminal(["bash", "-c", f"{BIN} backup {small.path('rules')}; "
                    "echo exit $?; sleep 60"])
    one.wait("exit 2")
    assert "nothing for a terminal" in one.screen()


def test_the_history_is_copied_while_it_is_used(small):
    small.write("rules/A.json", B)
    small.snapshot("kept")
    out = os.path.join(small.base, "copy.repo")
    small.cli("backup", "--history", small.root, "-o", out)
    assert [n for n in os.listdir(small.base) if n.startswith("copy")] == \
        ["copy.repo"]
    assert os.stat(out).st_size <= os.stat(small.file).st_size or \
        os.stat(out).st_size < 1 << 20
    small.write("rules/later.json", B)
    done = small.cli("backup", "--history", small.root, "-o", out,
                     check=False)
    assert done.returncode == 1 and "already" in done.stderr
    assert small.cli("backup", "--history", small.root,
                     check=False).returncode == 2
    small.cli("check", out)
    tree, versions = below(small), small.versions("rules/A.json")
    small.umount()
    small.file = out
    small.mount()
    del tree["rules/later.json"]
    assert below(small) == tree
    assert small.versions("rules/A.json") == versions
    assert [r["description"] for r in small.revisions()
            if r["kind"] == "snapshot"] == ["kept"]


def test_a_damaged_history_is_not_kept(small):
    small.umount()
    run(["sqlite3", small.file, "UPDATE content SET size = size + 1 "
         "WHERE id = 1"])
    out = os.path.join(small.base, "copy.repo")
    done = small.cli("backup", "--history", small.file, "-o", out,
                     check=False)
    assert done.returncode == 1 and "not sound" in done.stderr
    assert not [n for n in os.listdir(small.base) if n.startswith("copy")]
    done = small.cli("backup", small.file, "-o", out, check=False)
    assert done.returncode == 1 and not os.path.exists(out)


# ---- size ----

@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive(repo):
    """The daemon's peak while 5,000 items are read, tar and zip."""
    for d in range(20):
        os.mkdir(repo.path(str(d)))
        for n in range(250):
            repo.write(f"{d}/{n}.json", item(n=n, d=d))

    def peak():
        with open(f"/proc/{repo.proc.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f
                        if line.startswith("VmHWM"))

    repo.remount()
    read_all(repo.control("backup.tar", "0"))
    before = peak()
    for kind in KINDS:
        sha = hashlib.sha256()
        with open(repo.control(f"backup.{kind}"), "rb") as f:
            while chunk := f.read(1 << 17):
                sha.update(chunk)
    assert peak() - before < 12 << 10
