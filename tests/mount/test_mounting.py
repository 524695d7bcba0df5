"""Mounting and unmounting: by hand, by mount(8) and fstab; options; what is
refused; daemons that died."""

import errno
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

import harness
from harness import (BIN, ENV, item, mount_device, read_all, refused, run,
                     wait_until, write_all)

OTHER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def refusal(done, code=1):
    """Exactly one sentence, without anything else."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"repofs: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.strip()


def options_of(path, pid="self"):
    """How the kernel has it mounted: (type, source, options)."""
    with open(f"/proc/{pid}/mounts", encoding="utf-8") as f:
        found = [line.split() for line in f]
    for source, where, kind, options, *_ in reversed(found):
        if where == path.replace(" ", "\\040"):
            return kind, source, options.split(",")
    return None


def daemons(file):
    """The processes that have the file open."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            opened = [os.readlink(f"/proc/{pid}/fd/{fd}")
                      for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:  # it has ended
            continue
        if file in opened:
            found.append(int(pid))
    return found


@pytest.fixture
def bare(make_repo):
    """A repository that is not mounted; it is unmounted whatever happens."""
    return make_repo()


def mount(repo, *words, **kw):
    return repo.cli("mount", *words, repo.file, repo.root, **kw)


# ---- in the background ----

def test_mount_returns_when_the_folder_can_be_used(bare):
    for _ in range(5):
        done = mount(bare)
        # Both ends: no pipe is held open by the daemon, or run() would wait.
        assert done.stdout == done.stderr == ""
        assert mount_device(bare.root)
        bare.write("a.json", item(a=1))
        assert bare.read("a.json") == item(a=1)
        bare.cli("umount", bare.root)
        assert not mount_device(bare.root) and os.listdir(bare.root) == []
        assert not daemons(bare.file)
        os.rename(bare.file, bare.file + ".moved")  # nobody minds
        os.rename(bare.file + ".moved", bare.file)
    bare.check()


def test_the_daemon_holds_nothing_of_its_caller(bare):
    mount(bare, cwd=bare.home)
    [pid] = daemons(bare.file)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.getsid(pid) == pid
    for fd in (0, 1, 2):
        assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"
    os.rmdir(bare.home)


def test_a_terminal_is_told_where_the_past_is(bare):
    ours, theirs = pty.openpty()
    done = subprocess.run([BIN, "mount", bare.file, bare.root], stdout=theirs,
                          stderr=theirs, env=ENV, check=False,
                          timeout=harness.seconds(20))
    os.close(theirs)
    assert done.returncode == 0
    told = os.read(ours, 4096).decode()
    os.close(ours)
    assert f"ls {bare.root}/.snapshots" in told


def test_umount_by_the_file_and_from_another_folder(bare):
    mount(bare)
    bare.cli("umount", bare.file)
    assert not mount_device(bare.root)
    mount(bare)
    bare.cli("umount", "mnt/")
    assert not mount_device(bare.root)
    mount(bare)
    os.symlink("mnt", os.path.join(bare.base, "link"))
    bare.cli("umount", "link")
    assert not mount_device(bare.root)


def test_umount_leaves_one_whole_file(bare):
    mount(bare)
    for i in range(50):
        bare.write(f"{i}.json", item(n=i))
    bare.cli("umount", bare.root)
    left = {name for name in os.listdir(bare.base)
            if name.startswith("demo.repo")}
    assert left <= {"demo.repo", "demo.repo.ballast"}
    copy = os.path.join(bare.base, "copy.repo")
    shutil.copy(bare.file, copy)
    run([BIN, "check", copy])
    assert "contents 50" in run([BIN, "status", copy]).stdout


def test_umount_of_what_is_in_use_says_by_whom_to_ask(bare):
    mount(bare)
    os.mkdir(bare.path("sub"))
    with subprocess.Popen(["sleep", "60"], cwd=bare.path("sub")) as child:
        sentence = refusal(bare.cli("umount", bare.root, check=False))
        assert "in use" in sentence and "fuser" in sentence
        assert mount_device(bare.root)
        bare.cli("umount", "--lazy", bare.root)
        assert not mount_device(bare.root)
        assert daemons(bare.file)
        child.kill()
    wait_until("the daemon's end", lambda: not daemons(bare.file))
    bare.check()


def test_umount_of_what_is_not_mounted(bare):
    for place in (bare.root, bare.file, "/", "/proc", "no/such"):
        refusal(bare.cli("umount", place, check=False))
    mount(bare)
    os.mkdir(bare.path("sub"))
    assert bare.root in refusal(bare.cli("umount", bare.path("sub"),
                                         check=False))
    assert mount_device(bare.root)


# ---- what is refused ----

def test_a_second_mount_is_told_who_has_it(repo):
    other = os.path.join(repo.base, "other")
    os.mkdir(other)
    link = os.path.join(repo.base, "link.repo")
    os.symlink(repo.file, link)
    for file, place in ((repo.file, other), (repo.file, repo.root),
                        (link, other)):
        for flag in ([], ["-f"]):
            sentence = refusal(repo.cli("mount", *flag, file, place,
                                        check=False))
            assert f"mounted on {repo.root}" in sentence
            assert f"process {repo.proc.pid}" in sentence
        assert not mount_device(other)
    repo.write("a.json", item(a=1))
    assert repo.read("a.json") == item(a=1)


def test_two_mounts_at_once_one_wins(bare):
    places = [os.path.join(bare.base, f"m{i}") for i in range(6)]
    for place in places:
        os.mkdir(place)
    children = [subprocess.Popen([BIN, "mount", bare.file, place], env=ENV,
                                 stderr=subprocess.DEVNULL)
                for place in places]
    codes = [child.wait(harness.seconds(30)) for child in children]
    try:
        assert sorted(codes) == [0, 1, 1, 1, 1, 1]
        assert [bool(mount_device(p)) for p in places] == \
            [code == 0 for code in codes]
    finally:
        for place in places:
            if mount_device(place):
                bare.cli("umount", place)


def test_mounting_over_the_repository_itself_is_refused(bare):
    above = os.path.dirname(bare.base)
    link = os.path.join(above, "link-" + os.path.basename(bare.base))
    os.symlink(bare.base, link)
    for place in (bare.base, above, link, bare.base + "/../", "."):
        sentence = refusal(bare.cli("mount", bare.file, place, check=False))
        assert "repository" in sentence
    assert os.listdir(bare.root) == []
    # A folder whose name is the beginning of it is another.
    near = bare.file + ".d"
    os.mkdir(near)
    bare.cli("mount", bare.file, near)
    bare.cli("umount", near)


def test_a_place_that_cannot_be_mounted_on(bare):
    missing = os.path.join(bare.base, "missing")
    for flag in ([], ["-f"]):
        assert "missing" in refusal(
            bare.cli("mount", *flag, bare.file, missing, check=False))
        write_all(os.path.join(bare.base, "plain"), b"")
        assert "not a folder" in refusal(
            bare.cli("mount", *flag, bare.file, "plain", check=False))
        refusal(bare.cli("mount", *flag, bare.file, "", check=False))
    assert not os.path.exists(missing)
    assert not daemons(bare.file)


def other_database(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()


def newer_version(path):
    run([BIN, "init", path])
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 4000")
    db.close()


def cut_short(path):
    run([BIN, "init", path])
    os.truncate(path, 5000)


NO_REPOSITORIES = {
    "text": lambda path: write_all(path, b"# A text, and quite a long one\n"
                                   * 500),
    "nothing": lambda path: write_all(path, b""),
    "zeros": lambda path: write_all(path, bytes(100000)),
    "another database": other_database,
    "a newer version": newer_version,
    "cut short": cut_short,
    "a folder": os.mkdir,
    "absent": lambda path: None,
    "a device": lambda path: os.symlink("/dev/zero", path),
    "a fifo": os.mkfifo,
}


@pytest.mark.parametrize("kind", NO_REPOSITORIES)
def test_what_is_no_repository_is_refused_and_left_alone(bare, kind):
    path = os.path.join(bare.base, "odd")
    NO_REPOSITORIES[kind](path)
    plain = os.path.isfile(path)
    before = read_all(path) if plain else None
    for args in (["mount", path, bare.root], ["mount", "-f", path, bare.root],
                 ["mount", "-o", "ro", path, bare.root],
                 ["snapshot", path], ["status", path], ["history", path]):
        refusal(bare.cli(*args, check=False, limit=10))
    for args in (["check", path], ["diff", "1", path]):
        done = bare.cli(*args, check=False, limit=10)
        assert done.returncode == (1 if kind == "cut short" and
                                   args[0] == "check" and done.stdout
                                   else 2), done.stdout + done.stderr
    assert not mount_device(bare.root)
    if plain:
        assert read_all(path) == before
    left = {name for name in os.listdir(bare.base) if name != "odd" and
            name.startswith("odd")}
    assert left <= {"odd-wal", "odd-shm"}  # of a reader, and empty
    if left:
        assert os.path.getsize(path + "-wal") == 0


# ---- daemons that died ----

def die(repo):
    """kill -9, and the mount stays as it is."""
    repo.proc.kill()
    repo.proc.wait()
    repo.watchdog.stop()
    repo.proc = repo.watchdog = None


def test_a_dead_mount_stays_and_the_next_mount_cleans_up(repo):
    repo.write("a.json", item(a=1))
    os.stat(repo.root)  # the kernel remembers it
    os.listdir(repo.root)
    die(repo)
    # An empty folder would be taken for an empty repository.
    assert mount_device(repo.root)
    refused(os.listdir, repo.root, code=errno.ENOTCONN)
    done = mount(repo)
    assert "dead mount" in done.stderr and repo.file in done.stderr
    assert repo.read("a.json") == item(a=1)
    assert repo.names() == ["a.json"]
    with open("/proc/self/mounts", encoding="utf-8") as f:
        assert sum(repo.root in line for line in f) == 1
    repo.check()


def test_dead_mounts_one_upon_the_other(repo, make_repo):
    other = make_repo()
    die(repo)
    with open(repo.log, "ab") as log:
        for _ in range(2):
            over = subprocess.Popen(
                [BIN, "mount", "-f", other.file, repo.root], stdout=log,
                stderr=log, env=ENV)
            wait_until("the mount", lambda: os.path.ismount(repo.root))
            over.kill()
            over.wait()
    mount(repo)
    with open("/proc/self/mounts", encoding="utf-8") as f:
        assert sum(repo.root in line for line in f) == 1


def test_umount_of_a_dead_mount(repo):
    die(repo)
    repo.cli("umount", repo.root)
    assert not mount_device(repo.root)
    assert os.listdir(repo.root) == []
    repo.mount()


def test_a_mount_point_inside_a_dead_mount(repo):
    os.mkdir(repo.path("sub"))
    die(repo)
    file = os.path.join(repo.base, "other.repo")
    run([BIN, "init", file])
    assert "dead mount" in refusal(
        repo.cli("mount", file, repo.path("sub"), check=False))
    repo.cli("umount", repo.root)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGHUP])
def test_a_signal_ends_the_daemon_in_good_order(repo, number):
    repo.write("a.json", item(a=1))
    fd = os.open(repo.path("b.json"), os.O_WRONLY | os.O_CREAT)
    os.write(fd, item(b=2))
    repo.proc.send_signal(number)
    assert repo.proc.wait(harness.seconds(15)) == 0
    refused(os.close, fd, code=errno.ENOTCONN)
    assert not mount_device(repo.root)
    repo.check_log()
    repo.check()
    repo.proc = None
    repo.watchdog.stop()
    repo.mount()
    assert repo.read("a.json") == item(a=1)
    if repo.exists("b.json"):  # nobody was told that it is there
        assert repo.read("b.json") == item(b=2)


# ---- options ----

def test_what_the_status_says_of_the_options(bare):
    mount(bare)
    told = bare.status()
    assert (told["overwrite"], told["identical"], told["max_item"],
            told["writable"], told["mounted"]) == \
        ("auto", "auto", str(16 << 20), "yes", bare.root)
    bare.cli("umount", bare.root)
    mount(bare, "-o", "overwrite=edit,identical=skip", "-omax_item=100K")
    told = bare.status()
    assert (told["overwrite"], told["identical"], told["max_item"]) == \
        ("edit", "skip", "102400")


@pytest.mark.parametrize("word", ["overwrite=auto", "overwrite=restore",
                                  "identical=auto", "identical=number",
                                  "max_item=1", "max_item=512M",
                                  "max_item=2m", "snapdir=hidden"])
def test_this_option_is_taken(bare, word):
    mount(bare, "-o", word)
    key, value = word.split("=")
    if key in ("overwrite", "identical"):
        assert bare.status()[key] == value


@pytest.mark.parametrize("word", [
    "nonsense", "overwrite", "overwrite=", "overwrite=always",
    "overwrite=EDIT", "identical=yes", "max_item=0", "max_item=-1",
    "max_item=", "max_item=5x", "max_item=513M", "max_item=1G",
    "max_item=99999999999999999999", "max_item=16MM", "snapdir=yes",
    "ro=1", "snapdir", "subdir=x", "kernel_cache", "uid=5",
    "allow_other,nonsense"])
def test_this_option_is_refused(bare, word):
    for flag in ([], ["-f"]):
        sentence = refusal(mount(bare, *flag, "-o", word, check=False), 2)
        named = word.split(",")[-1].split("=")[0]
        assert named in sentence and "--help" in sentence
    assert not mount_device(bare.root)


def test_overwrite_edit_lets_copies_edit(bare):
    mount(bare, "-o", "overwrite=edit")
    bare.copy_in(item(n=1), "a.json")
    bare.copy_in(item(n=2), "a.json")
    assert bare.names() == ["a.json"]
    assert bare.read("a.json") == item(n=2)


def test_overwrite_restore_lets_nothing_edit(bare):
    mount(bare, "-o", "overwrite=restore")
    bare.write("a.json", item(n=1))
    bare.sh("sed -i s/1/2/ a.json", check=False)
    assert bare.read("a.json") == item(n=1)
    assert bare.read("a 2.json") == item(n=2)


def test_identical_skip_and_number(bare):
    mount(bare, "-o", "identical=skip")
    for _ in range(3):
        bare.copy_in(item(n=1), "a.json")
    assert bare.names() == ["a.json"]
    bare.cli("umount", bare.root)
    mount(bare, "-o", "identical=number")
    source = bare.source("a.json", item(n=1))
    bare.run("rsync", "-I", source, "./")
    bare.run("rsync", "-I", source, "./")
    assert bare.names() == ["a 2.json", "a 3.json", "a.json"]


def test_max_item_is_the_limit(bare):
    mount(bare, "-o", "max_item=1K")
    bare.write("a.json", harness.text_of(1024))
    done = bare.copy_in(harness.text_of(1025), "b.json")
    assert done.returncode != 0
    wait_until("it to go", lambda: bare.names() == ["a.json"], 3)


def test_snapdir_visible_lists_them_in_the_root_alone(bare):
    mount(bare)
    os.mkdir(bare.path("sub"))
    assert bare.names() == ["sub"]
    bare.cli("umount", bare.root)
    mount(bare, "-o", "snapdir=visible")
    assert bare.names() == [".control", ".snapshots", "sub"]
    assert bare.names("sub") == []
    assert bare.run("ls", "-a").stdout.split() == \
        [".", "..", ".control", ".snapshots", "sub"]


READ_ONLY = [["-o", "ro"], ["-r"], ["-o", "defaults,ro,nofail"]]


@pytest.mark.parametrize("words", READ_ONLY, ids=" ".join)
def test_read_only_means_nobody_writes(bare, words):
    mount(bare)
    bare.write("a.json", item(a=1))
    bare.snapshot("kept")
    bare.write("a.json", item(a=2))
    bare.cli("umount", bare.root)
    before = read_all(bare.file)
    mount(bare, *words)
    assert "ro" in options_of(bare.root)[2]
    assert bare.read("a.json") == item(a=2)
    assert read_all(bare.snap(1, "a.json")) == item(a=1)
    for call in (lambda: bare.write("b.json", item(b=1)),
                 lambda: bare.write("note.txt", b"x"),
                 lambda: os.unlink(bare.path("a.json")),
                 lambda: os.mkdir(bare.path("sub")),
                 lambda: os.chmod(bare.path("a.json"), 0o600),
                 lambda: os.mkdir(bare.path(".snapshots", "x")),
                 lambda: bare.command("snapshot", "x"),
                 lambda: bare.command("revert", "1"),
                 lambda: write_all(bare.control("snapshot"), "x\n")):
        refused(call, code=errno.EROFS)
    assert "no" in bare.status()["writable"]
    sentence = refusal(bare.cli("snapshot", bare.root, check=False))
    assert "read-only" in sentence.lower()
    assert "M a.json" in bare.cli("diff", "1", bare.root, check=False).stdout
    bare.cli("umount", bare.root)
    assert read_all(bare.file) == before


def test_a_read_only_mount_beside_the_writer_sees_what_it_writes(repo):
    aside = os.path.join(repo.base, "aside")
    os.mkdir(aside)
    repo.write("a.json", item(a=1))
    repo.cli("mount", "-o", "ro", repo.file, aside)
    try:
        path = os.path.join(aside, "a.json")
        assert read_all(path) == item(a=1)
        repo.write("a.json", item(a=22))
        repo.write("b.json", item(b=1))
        number = str(repo.snapshot("seen"))
        wait_until("the new text", lambda: read_all(path) == item(a=22))
        wait_until("the new item", lambda: sorted(os.listdir(aside)) ==
                   ["a.json", "b.json"])
        wait_until("the snapshot", lambda: os.path.isdir(
            os.path.join(aside, ".snapshots", number)))
        os.unlink(repo.path("a.json"))
        wait_until("it to go", lambda: os.listdir(aside) == ["b.json"])
    finally:
        repo.cli("umount", aside)
    repo.write("c.json", item(c=1))


def test_a_file_on_a_read_only_disk_can_be_looked_at(bare):
    mount(bare)
    bare.write("a.json", item(a=1))
    bare.cli("umount", bare.root)
    disk = os.path.join(bare.base, "disk")
    os.mkdir(disk)
    shutil.move(bare.file, disk)
    run(["mount", "--bind", disk, disk])
    try:
        run(["mount", "-o", "remount,bind,ro", disk])
        file = os.path.join(disk, "demo.repo")
        bare.cli("check", file)
        assert "moment 1" in bare.cli("status", file).stdout
        bare.cli("mount", "-o", "ro", file, bare.root)
        assert bare.read("a.json") == item(a=1)
        bare.cli("umount", bare.root)
        refusal(bare.cli("mount", file, bare.root, check=False))
    finally:
        run(["umount", disk])


ODD = ["a b", "a,b", "a\\b", "a\\040b", "größe", "tab\tor", "quote'\"", "#x",
       "-x", "new\nline"]


@pytest.mark.parametrize("name", ODD, ids=repr)
def test_odd_names_of_file_and_folder(tmp_path, name):
    base = tmp_path / "base"
    base.mkdir()
    file = os.path.join(base, name + ".repo")
    place = os.path.join(base, name)
    os.mkdir(place)
    run([BIN, "init", file])
    run([BIN, "mount", "--", file, place])
    try:
        write_all(os.path.join(place, "a.json"), item(a=1))
        assert "mounted on" in run([BIN, "mount", file, place],
                                   check=False).stderr
        assert run([BIN, "snapshot", place]).stdout == "snapshot 1\n"
        assert run([BIN, "snapshot", file]).stdout == "snapshot 2\n"
        assert "folder /\n" in run([BIN, "status", place]).stdout
        run([BIN, "check", place])
    finally:
        run([BIN, "umount", "--", place])
    assert os.listdir(place) == []
    run([BIN, "check", file])


# ---- mount(8) and fstab ----

class Namespace:
    """Mounts of its own: in it the program stands in /usr/local/bin, where
    mount.fuse looks for it, and nowhere else on the machine."""

    def __init__(self, folder):
        os.mkdir(folder)
        os.symlink(BIN, os.path.join(folder, "repofs"))
        script = ('mount --bind "$1" /usr/local/bin && echo ready && '
                  'exec sleep 600')
        self.holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "bash", "-c",
             script, "_", folder], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"

    def run(self, *args, **kw):
        return run(["nsenter", "-t", str(self.holder.pid), "-m", *args], **kw)

    def options_of(self, path):
        return options_of(path, self.holder.pid)

    def end(self, repo):
        mounted = self.options_of(repo.root)
        if mounted:
            self.run("umount", "-l", repo.root)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        if mounted:
            wait_until("the daemon's end", lambda: not daemons(repo.file))


@pytest.fixture
def space(bare, tmp_path):
    one = Namespace(str(tmp_path / "bin"))
    yield one
    one.end(bare)


FSTAB_WORDS = ("rw,noauto,nofail,_netdev,user,x-systemd.automount,"
               "x-gvfs-show,comment=ours,noatime,allow_other,"
               "max_item=2M,overwrite=restore")


def test_mount_by_its_type(bare, space):
    space.run("mount", "-t", "fuse.repofs", bare.file, bare.root)
    kind, source, words = space.options_of(bare.root)
    assert (kind, source) == ("fuse.repofs", bare.file)
    # Modes keep root out of nothing, and nobody else may come.
    assert "rw" in words and "default_permissions" not in words
    path = bare.path("a.json")
    space.run("bash", "-c", f"echo '{{}}' > {path}")
    assert space.run("cat", path).stdout == "{}\n"
    assert space.run(BIN, "snapshot", bare.root).stdout == "snapshot 1\n"
    space.run("umount", bare.root)
    wait_until("the daemon's end", lambda: not daemons(bare.file))
    bare.check()


def test_mount_by_its_type_with_all_words_of_an_fstab(bare, space):
    space.run("mount", "-t", "fuse.repofs", bare.file, bare.root, "-o",
              FSTAB_WORDS)
    words = space.options_of(bare.root)[2]
    assert "allow_other" in words and "default_permissions" in words
    told = space.run("cat", bare.control("status")).stdout.splitlines()
    assert f"max_item {2 << 20}" in told
    assert "overwrite restore" in told


def test_modes_are_checked_if_that_is_asked_for(bare, space):
    space.run("mount", "-t", "fuse.repofs", bare.file, bare.root, "-o",
              "default_permissions")
    words = space.options_of(bare.root)[2]
    assert "default_permissions" in words and "allow_other" not in words


def test_others_may_not_come_to_roots_own_mount(repo):
    """There modes are not checked, since root is kept out by none."""
    repo.write("a.json", item())
    os.chmod(repo.path("a.json"), 0)
    assert repo.read("a.json") == item()
    done = run(["setpriv", "--reuid=65534", "--clear-groups", "cat",
                repo.path("a.json")], check=False)
    assert done.returncode != 0 and "denied" in done.stderr.lower()


def test_mount_by_its_type_hears_of_failures(bare, space):
    by_type = ["mount", "-t", "fuse.repofs", bare.file, bare.root]
    for words in ("nonsense", "max_item=0", "rw,overwrite=never"):
        done = space.run(*by_type, "-o", words, check=False)
        assert done.returncode != 0 and "repofs: mount: " in done.stderr
    bare.mount()
    done = space.run(*by_type, check=False)
    assert done.returncode != 0 and "mounted on" in done.stderr


def test_a_line_of_fstab(bare, space):
    table = os.path.join(bare.base, "fstab")
    for words in ("defaults", "ro", FSTAB_WORDS):
        write_all(table, f"{bare.file} {bare.root} fuse.repofs {words} 0 0\n")
        space.run("mount", "-T", table, bare.root)
        assert space.options_of(bare.root)[:2] == ("fuse.repofs", bare.file)
        assert ("ro" in space.options_of(bare.root)[2]) == (words == "ro")
        space.run("umount", bare.root)
        wait_until("the daemon's end", lambda: not daemons(bare.file))


def test_mount_all_of_an_fstab(bare, space):
    table = os.path.join(bare.base, "fstab")
    write_all(table, f"{bare.file} {bare.root} fuse.repofs allow_other,nofail"
                     " 0 0\n")
    space.run("mount", "-a", "-T", table)
    assert space.options_of(bare.root)
    space.run("mount", "-a", "-T", table)  # it is there already


def test_the_helper_that_mount_calls(bare, tmp_path):
    helper = tmp_path / "mount.fuse.repofs"
    os.symlink(BIN, helper)
    run([helper, bare.file, bare.root, "-o", "rw,noauto,user=joe", "-s", "-n",
         "-v", "-t", "fuse.repofs"])
    assert options_of(bare.root)[0] == "fuse.repofs"
    bare.write("a.json", item(a=1))


# ---- others than root ----

@pytest.fixture
def own(tmp_path):
    """A folder of another user, where he can come by."""
    base = "/tmp/repofs-own-" + os.path.basename(tmp_path) + str(os.getpid())
    os.mkdir(base)
    os.mkdir(os.path.join(base, "mnt"))
    for path in (base, os.path.join(base, "mnt")):
        os.chown(path, 65534, 65534)
    yield base
    run(["umount", "-l", os.path.join(base, "mnt")], check=False)
    shutil.rmtree(base)


def as_other(base, *words, **kw):
    return run([*OTHER, *words], cwd=base,
               env=dict(ENV, HOME=base, USER="nobody"), **kw)


def test_a_user_mounts_and_unmounts_his_own(own):
    as_other(own, BIN, "init", "r.repo")
    as_other(own, BIN, "mount", "r.repo", "mnt")
    kind, _, words = options_of(os.path.join(own, "mnt"))
    assert kind == "fuse.repofs" and "nosuid" in words
    as_other(own, "bash", "-c", "echo '{}' > mnt/a.json && "
             "echo 1 > mnt/.control/snapshot")
    told = as_other(own, BIN, "revisions", "mnt").stdout
    assert told.split("\t")[4] == "nobody"
    with subprocess.Popen([*OTHER, "sleep", "60"],
                          cwd=own) as idle:
        busy = subprocess.Popen([*OTHER, "bash", "-c",
                                 f"cd {own}/mnt && echo ok && sleep 60"],
                                stdout=subprocess.PIPE,
                                start_new_session=True)
        busy.stdout.readline()
        done = as_other(own, BIN, "umount", "mnt", check=False)
        assert "in use" in refusal(done)
        os.killpg(busy.pid, signal.SIGKILL)
        busy.wait()
        busy.stdout.close()
        idle.kill()
    as_other(own, BIN, "umount", "mnt")
    assert not mount_device(os.path.join(own, "mnt"))
    as_other(own, BIN, "check", "r.repo")


def test_a_user_cannot_mount_what_is_not_his(own):
    run([BIN, "init", f"{own}/root.repo"])
    os.chmod(f"{own}/root.repo", 0o600)
    done = as_other(own, BIN, "mount", "root.repo", "mnt", check=False)
    assert "ermission" in refusal(done)
    as_other(own, BIN, "init", "r.repo")
    os.mkdir(f"{own}/shut")
    done = as_other(own, BIN, "mount", "r.repo", "shut", check=False)
    assert done.returncode == 1 and "shut" in done.stderr
    assert not mount_device(os.path.join(own, "shut"))
    assert not daemons(f"{own}/r.repo")


def test_a_users_dead_mount_is_cleaned_up(own):
    as_other(own, BIN, "init", "r.repo")
    as_other(own, BIN, "mount", "r.repo", "mnt")
    [pid] = daemons(f"{own}/r.repo")
    os.kill(pid, signal.SIGKILL)
    wait_until("its end", lambda: not daemons(f"{own}/r.repo"))
    done = as_other(own, BIN, "mount", "r.repo", "mnt")
    assert "dead mount" in done.stderr
    as_other(own, "bash", "-c", "echo '{}' > mnt/a.json")
    as_other(own, BIN, "umount", "mnt")
