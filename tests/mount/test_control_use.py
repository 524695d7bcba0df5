"""Control files as programs and people use them: who may, how they are read,
what a command's writer hears."""

import errno
import mmap
import os
import shutil
import stat
import time

import pytest

from harness import (item, read_all, refused, run, wait_until, write_all)

A, B = item(n="a"), item(n="b")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def as_nobody(repo, script):
    return run([*NOBODY, "bash", "-c", script], cwd=repo.root, check=False)


# ---- reading ----

@pytest.fixture
def told(repo):
    """A repository whose control files have something to say."""
    os.mkdir(repo.path("d"))
    for i in range(300):
        repo.write(f"d/{i}.json", item(n=i))
    os.mkdir(repo.snap("first"))
    repo.read("d/7.json")
    repo.write("d/7.json", A)
    repo.copy_in(B, "d/8.json")
    repo.copy_in(b"{ no", "d/9.json")
    refused(repo.revert, "nothing")
    return repo


LISTS = ("help", "status", "errors", "report", "revisions", "history",
         "manifest", "diff/first")


@pytest.mark.parametrize("name", LISTS)
def test_this_text_is_whole_however_it_is_read(told, name):
    folder = "d" if name in ("history", "manifest") else ""
    path = told.control(name, folder)
    whole = read_all(path)
    assert whole.endswith(b"\n")
    out = os.path.join(told.base, "out")
    for script in ('cat "$1" > "$2"', 'cp "$1" "$2"', 'cp -p "$1" "$2"',
                   'dd if="$1" of="$2" bs=7 status=none',
                   'tail -c +1 "$1" > "$2"', 'install "$1" "$2"',
                   'rsync --inplace "$1" "$2"', 'tac "$1" | tac > "$2"',
                   'busybox cp "$1" "$2"', 'sed -n p "$1" > "$2"',
                   'tar cPf - "$1" | tar xPOf - > "$2"',
                   'while IFS= read -r l; do printf "%s\\n" "$l"; done '
                   '< "$1" > "$2"'):
        if os.path.exists(out):
            os.unlink(out)
        told.run("bash", "-c", script, "_", path, out)
        assert read_all(out) == whole, script
    shutil.copyfile(path, out)  # sendfile
    assert read_all(out) == whole
    size = told.run("wc", "-c", path).stdout.split()[0]
    assert int(size) == len(whole)
    last = whole.splitlines(keepends=True)[-1]
    assert told.run("tail", "-n", "1", path).stdout.encode() == last


def test_the_size_is_known_before_a_small_text_is_opened(told):
    for name in ("help", "status", "errors"):
        size = os.stat(told.control(name)).st_size
        assert size == len(read_all(told.control(name))) > 0


def test_a_list_has_the_size_of_its_last_opening(told):
    """It is not made for a stat; whoever opens it learns its size."""
    path = told.control("report")
    text = read_all(path)
    assert os.stat(path).st_size == len(text)
    told.write("d/new.json", A)
    with open(path, "rb") as f:
        longer = os.fstat(f.fileno()).st_size
        assert longer > len(text)
        assert len(f.read()) == longer
    assert os.stat(path).st_size == longer


def test_two_readers_each_have_their_own_text(told):
    """An older handle still reads its own, whole, though a newer one has
    another size."""
    path = told.control("report")
    with open(path, "rb", buffering=0) as old:
        size = os.fstat(old.fileno()).st_size
        for i in range(50):
            told.write("d/7.json", item(n=1000 + i))
        with open(path, "rb", buffering=0) as new:
            text = new.read()
            assert len(text) > size
            first = b""
            while part := old.read(1000):
                first += part
            assert len(first) == size
            assert text.startswith(first)


def test_a_text_can_be_read_from_anywhere_in_it(told):
    whole = read_all(told.control("history", "d"))
    fd = os.open(told.control("history", "d"), os.O_RDONLY)
    for at in (0, 1, 4095, 4096, len(whole) - 1, len(whole),
               len(whole) + 5000, 77):
        assert os.pread(fd, 5000, at) == whole[at:at + 5000]
    assert os.lseek(fd, 0, os.SEEK_END) == len(whole)
    os.close(fd)


def test_a_text_cannot_be_mapped_or_shows_itself(told):
    with open(told.control("help"), "rb") as f:
        try:
            with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
                assert m[:] == f.read()
        except OSError as e:
            assert e.errno == errno.ENODEV


def test_looking_writes_nothing_into_the_file(told):
    def state():
        return [(name, os.stat(os.path.join(told.base, name)).st_mtime_ns,
                 os.stat(os.path.join(told.base, name)).st_size)
                for name in ("demo.repo", "demo.repo-wal")]

    def at_rest():
        """The log is made longer when nobody has written for a moment."""
        was = state()
        time.sleep(0.4)
        return state() == was
    os.listdir(told.root)
    wait_until("the log to be laid out", at_rest)
    before = state()
    run(["bash", "-c", "find . .control .snapshots d/.control d/.snapshots "
         "-ls; cat .control/* d/.control/* .control/diff/* "
         "d/.control/rejected/*; ls d/.snapshots/versions/7.json; "
         "tar c .snapshots/first | wc -c; grep -r n . | tail -1"],
        cwd=told.root, check=False, limit=60)
    assert state() == before


def test_the_diff_directory_lists_what_can_be_asked(told):
    names = os.listdir(told.control("diff"))
    ids = [str(r["id"]) for r in told.revisions()]
    assert sorted(names) == sorted(ids)
    for name in names + ["first", "latest"]:
        assert os.path.isfile(told.control(f"diff/{name}"))
    assert told.diff("first") == told.diff("latest")
    assert "M d/7.json" in told.diff("first")
    for name in ("0", "99", "01", "+1", "nothing", "-1", "1 ",
                 "99999999999999999999"):
        refused(read_all, told.control(f"diff/{name}"), code=errno.ENOENT)
    refused(write_all, told.control(f"diff/{ids[0]}"), b"x")
    refused(os.unlink, told.control(f"diff/{ids[0]}"))


def test_rejected_bytes_are_files(told):
    [name] = os.listdir(told.control("rejected", "d"))
    path = told.control(f"rejected/{name}", "d")
    assert name.startswith("9 (") and name.endswith(").json")
    st = os.stat(path)
    assert st.st_size == 4 and stat.S_IMODE(st.st_mode) == 0o640
    assert read_all(path) == b"{ no"
    assert os.listdir(told.control("rejected")) == []
    refused(os.unlink, path)
    refused(write_all, path, b"x")
    told.run("cp", path, told.source("back", b""))
    told.remount()
    assert read_all(path) == b"{ no"


def test_the_manifest_proves_a_copy_of_a_folder(told):
    out = os.path.join(told.base, "out")
    told.run("cp", "-r", "d", out)
    for manifest in (told.control("manifest", "d"),
                     told.path("d/.snapshots/first/.control/manifest")):
        done = run(["sha256sum", "-c", "--quiet", "--strict", manifest],
                   cwd=out, check=False)
        assert (done.returncode == 0) == ("first" not in manifest)
    lines = read_all(told.control("manifest")).splitlines()
    assert len(lines) == 301
    assert all(line[66:].startswith(b"d/") for line in lines)


# ---- commands ----

def test_bash_reads_the_answer_of_its_own_command(repo):
    repo.write("a.json", A)
    script = ("exec 3<> .control/snapshot; echo mine >&3; "
              "echo other > .control/snapshot; cat <&3; "
              "cat .control/snapshot")
    assert repo.sh(script).stdout == "snapshot 1\nsnapshot 2\n"


def test_a_failed_command_answers_with_its_sentence(repo):
    fd = os.open(repo.control("revert"), os.O_RDWR)
    assert refused(os.write, fd, b"99\n") == errno.ENOENT
    answer = os.pread(fd, 4096, 0).decode()
    os.close(fd)
    assert answer == f"error: {repo.errors()[-1]}\n"


@pytest.mark.parametrize("line, code", [
    ("99", errno.ENOENT), ("before 99", errno.ENOENT),
    ("no such name", errno.ENOENT), ("", errno.EINVAL), ("   ", errno.EINVAL),
    ("@nonsense", errno.ENOENT), ("undo 1", errno.EINVAL),
    ("1 no/such/path", errno.ENOENT), ("undo 99", errno.ENOENT),
    ("dry-run 99", errno.ENOENT), ("\0", errno.EINVAL)])
def test_this_fails_with_its_errno_and_one_sentence(repo, line, code):
    repo.write("a.json", A)
    repo.snapshot("one")
    fd = os.open(repo.control("revert"), os.O_WRONLY)
    got = refused(os.write, fd, line.encode() + b"\n")
    os.close(fd)
    assert errno.errorcode[got] == errno.errorcode[code]
    assert len(repo.errors()) == 1
    assert repo.errors()[0].count(" ") >= 2
    text = read_all(repo.control("errors")).decode()
    assert text.split(" ")[1] == errno.errorcode[code]
    assert len(repo.revisions()) == 1


def test_lines_as_other_systems_end_them(repo):
    repo.write("a.json", A)
    repo.sh("printf 'from afar\\r\\n  blanks \\t\\n' > .control/snapshot")
    assert [r["description"] for r in repo.revisions()] == \
        ["from afar", "blanks"]
    repo.write("a.json", B)
    repo.sh("printf ' 1 \\r\\n' > .control/revert")
    assert repo.read("a.json") == A


def test_of_several_lines_those_before_the_first_that_fails_are_done(repo):
    repo.write("a.json", A)
    repo.snapshot("one")
    repo.write("a.json", B)
    fd = os.open(repo.control("revert"), os.O_RDWR)
    assert refused(os.write, fd, b"1\n99\nundo 3\n") == errno.ENOENT
    assert repo.read("a.json") == A
    answer = os.pread(fd, 4096, 0).decode()
    os.close(fd)
    assert answer.startswith("M a.json\n")
    assert answer.splitlines()[-1].startswith("error: ")
    assert [r["kind"] for r in repo.revisions()] == \
        ["snapshot", "snapshot", "revert"]


def test_a_line_in_pieces_from_a_forking_program_is_one_command(repo):
    """A child that ends closes copies of the handle in mid-line."""
    repo.python("import os\n"
                "f = os.open('.control/snapshot', os.O_WRONLY)\n"
                "os.write(f, b'one ')\n"
                "os.system('true; (true); ls > /dev/null')\n"
                "os.write(f, b'line')\n"
                "os.fork() or os._exit(0)\n"
                "os.wait()\n"
                "os.write(f, b'!\\n')\n")
    assert [r["description"] for r in repo.revisions()] == ["one line!"]
    repo.sh("{ printf 'an'; /bin/printf ot; (printf he); echo r; } "
            "> .control/snapshot")
    assert repo.revisions()[-1]["description"] == "another"


@pytest.mark.parametrize("script", [
    "echo text > .control/snapshot", "echo text >> .control/snapshot",
    "printf text > .control/snapshot", "echo text | tee .control/snapshot",
    "echo text | tee -a .control/snapshot",
    "echo text > $HOME/f; cp $HOME/f .control/snapshot",
    "echo text > $HOME/f; cp -p $HOME/f .control/snapshot || true",
    "echo text | dd of=.control/snapshot status=none",
    "/usr/bin/python3 -c \"open('.control/snapshot', 'w').write('text')\"",
    "/usr/bin/python3 -c \"open('.control/snapshot', 'a').write('text')\"",
    "perl -e 'open F, \">.control/snapshot\"; print F \"text\\n\"'",
    "sh -c 'echo text > .control/snapshot'",
    "awk 'BEGIN { print \"text\" > \".control/snapshot\" }'",
    "busybox sh -c 'echo text > .control/snapshot'",
    "cat > .control/snapshot <<< text", "truncate -s 0 .control/snapshot; "
    "echo text > .control/snapshot"])
def test_a_command_may_come_in_this_way(repo, script):
    repo.sh(script)
    assert [r["description"] for r in repo.revisions()] == ["text"]
    assert read_all(repo.control("snapshot")) == b"snapshot 1\n"


def test_what_a_command_did_is_there_when_the_write_returns(repo):
    repo.sh("for n in $(seq 100); do echo \"{\\\"n\\\": $n}\" > $n.json; "
            "done")
    number = repo.snapshot("full")
    for n in range(1, 101):
        if n % 3:
            os.unlink(repo.path(f"{n}.json"))
    assert len(repo.names()) == 33
    repo.revert(number)
    assert len(repo.names()) == 100
    assert repo.read("50.json") == b'{"n": 50}\n'


def test_the_answer_of_a_revert_is_its_changes_and_a_sentence(repo):
    repo.write("a.json", A)
    repo.snapshot("one")
    repo.write("a.json", B)
    repo.write("b.json", B)
    lines = repo.revert("1").splitlines()
    assert set(lines[:-1]) == {"M a.json", "- b.json"}
    assert "revision 3" in lines[-1] and "2" in lines[-1]
    assert read_all(repo.control("revert")).decode().splitlines() == lines
    assert repo.revert("1").count("\n") == 1  # nothing to do, and says so


# ---- who may ----

def test_the_mode_of_the_folder_says_who_may_command(shared_repo):
    repo = shared_repo
    for folder, mode in (("open", 0o777), ("read", 0o755), ("shut", 0o700)):
        os.mkdir(repo.path(folder))
        os.chmod(repo.path(folder), mode)
    for folder, reads, writes in (("open", 1, 1), ("read", 1, 0),
                                  ("shut", 0, 0), (".", 1, 0)):
        here = f"{folder}/.control"
        for name in ("status", "history", "manifest", "revisions", "help"):
            done = as_nobody(repo, f"cat {here}/{name} > /dev/null")
            assert (done.returncode == 0) == bool(reads), (folder, name)
        for command in (f"echo x > {here}/snapshot",
                        f"mkdir {folder}/.snapshots/by-nobody"):
            done = as_nobody(repo, command)
            assert (done.returncode == 0) == bool(writes), command
    told = [r for r in repo.revisions() if r["kind"] == "snapshot"]
    assert [(r["scope"], r["user"], r["uid"]) for r in told] == \
        [("/open", "nobody", 65534)] * 2
    assert as_nobody(repo, "echo by-nobody > open/.control/revert"
                     ).returncode == 0
    assert as_nobody(repo, "echo latest > read/.control/revert"
                     ).returncode != 0


def test_a_change_of_the_folders_mode_counts_soon(shared_repo):
    repo = shared_repo
    os.mkdir(repo.path("d"))
    for mode, may in ((0o755, False), (0o777, True), (0o755, False),
                      (0o700, False), (0o777, True)):
        os.chmod(repo.path("d"), mode)
        run(["bash", "-c", "for i in $(seq 30); do setpriv --reuid=65534 "
             "--regid=65534 --clear-groups bash -c 'echo x > "
             f"{repo.control('snapshot', 'd')}' 2> /dev/null; "
             f"[ $? {'-eq' if may else '-ne'} 0 ] && exit 0; sleep 0.1; "
             "done; exit 1"])


def test_rejected_bytes_are_not_everybodys(shared_repo):
    repo = shared_repo
    repo.copy_in(b"{ \"password\": \"secret\",", "a.json")
    [name] = os.listdir(repo.control("rejected"))
    done = as_nobody(repo, f"cat '.control/rejected/{name}'")
    assert done.returncode != 0 and "secret" not in done.stdout
    done = as_nobody(repo, "cat .control/report")
    assert "a.json" in done.stdout and "secret" not in done.stdout


def test_modes_of_control_files_are_the_folders_to_give(repo):
    for name in ("snapshot", "help"):
        refused(os.chmod, repo.control(name), 0o777, code=errno.EPERM)
        refused(os.chown, repo.control(name), 12, 34, code=errno.EPERM)
    os.utime(repo.control("snapshot"))  # who copies onto it does so
    os.truncate(repo.control("snapshot"), 0)
    assert repo.revisions() == []
