"""The control files: texts of an exact size, commands that answer."""

import errno
import os
import tarfile

import pytest

from harness import (item, read_all, refused, run, write_all)

A, B = item(n="a"), item(n="b")

TEXTS = ("help", "status", "errors", "report", "revisions", "history",
         "manifest", "snapshot", "revert")


@pytest.fixture
def used(repo):
    """A repository with something to tell."""
    os.mkdir(repo.path("d"))
    for n in range(30):
        repo.write(f"d/{n}.json", item(n=n))
    repo.copy_in(B, "d/1.json")
    repo.copy_in(b"{", "d/2.json")
    refused(repo.revert, "nothing")
    repo.snapshot("one")
    repo.write("d/3.json", B)
    return repo


def test_control_lists_what_there_is(used):
    for folder in ("", "d"):
        names = set(os.listdir(used.path(folder, ".control")))
        assert names >= {*TEXTS, "diff", "show", "rejected"}


def test_help_names_every_file_and_fits_a_terminal(used):
    text = read_all(used.control("help")).decode()
    for name in (*TEXTS[1:], "diff", "show", "rejected", "latest", "undo", "before"):
        assert name in text
    assert max(len(line) for line in text.splitlines()) <= 90


@pytest.mark.parametrize("name", TEXTS)
def test_the_size_of_an_open_text_is_exact(used, name):
    for folder in ("", "d"):
        fd = os.open(used.control(name, folder), os.O_RDONLY)
        size = os.fstat(fd).st_size
        text = os.read(fd, size + 4096)
        assert len(text) == size
        os.close(fd)


def test_copiers_copy_the_whole_text(used):
    """cp, tar and rsync believe the size that they are told."""
    out = os.path.join(used.base, "out")
    os.mkdir(out)
    wanted = {n: read_all(used.control(n, "d")) for n in TEXTS}
    last = used.revisions()[-1]["id"]
    diff = read_all(used.control(f"diff/{last}", "d"))
    assert diff.startswith(b"M 3.json\n  /n: ")
    assert all(wanted[n] for n in ("help", "status", "errors", "report",
                                   "history", "manifest"))
    run(["cp", "-r", used.control("", "d"), out + "/cp"])
    run(["rsync", "-r", used.control("", "d"), out + "/rsync"])
    run(["tar", "cf", out + "/tar", "."], cwd=used.control("", "d"))
    run(["mkdir", out + "/t"])
    with tarfile.open(out + "/tar") as tar:
        tar.extractall(out + "/t")
    for how in ("cp", "rsync", "t"):
        for name, text in wanted.items():
            assert read_all(f"{out}/{how}/{name}") == text, (how, name)
        assert len(os.listdir(f"{out}/{how}/rejected")) == 1
        assert read_all(f"{out}/{how}/diff/{last}") == diff
        assert b"\nchanged since:\nM 3.json\n  /n: " in \
            read_all(f"{out}/{how}/show/{last}")


def test_a_text_is_that_of_its_opening(used):
    with open(used.control("history", "d"), "rb") as f:
        first = f.read(10)
        used.write("d/new.json", A)
        rest = f.read()
    assert b"new.json" not in first + rest
    assert b"new.json" in read_all(used.control("history", "d"))


def test_looking_changes_nothing(used):
    moment = used.status()["moment"]
    revisions = used.revisions()
    used.sh("find . -ls; for d in . d; do cat $d/.control/* > /dev/null; "
            "cat $d/.control/diff/* > /dev/null; "
            "ls -lR $d/.control $d/.snapshots > /dev/null; "
            "stat $d/.control/snapshot; exec 3< $d/.control/revert; done",
            check=False)
    assert used.status()["moment"] == moment
    assert used.revisions() == revisions


def test_opening_a_command_and_writing_nothing_does_nothing(repo):
    for name in ("snapshot", "revert"):
        os.close(os.open(repo.control(name), os.O_WRONLY | os.O_TRUNC))
    repo.sh(": > .control/revert; touch .control/snapshot")
    assert repo.revisions() == []
    assert repo.errors() == []


def test_status_says_how_it_is(repo):
    repo.write("a.json", A)
    status = repo.status()
    assert int(status["moment"]) >= 1
    assert status["mounted"] == repo.root
    assert status["writable"] == "yes"
    assert status["overwrite"] == "auto"


# ---- commands ----

def test_a_command_answers_on_its_own_handle(repo):
    repo.write("a.json", A)
    one = os.open(repo.control("snapshot"), os.O_RDWR)
    two = os.open(repo.control("snapshot"), os.O_RDWR)
    os.write(one, b"first\n")
    os.write(two, b"second\n")
    answers = [os.pread(fd, 1000, 0) for fd in (one, two)]
    assert b"1" in answers[0] and b"2" in answers[1]
    assert answers[0] != answers[1]
    os.close(one)
    os.close(two)
    assert read_all(repo.control("snapshot")) == answers[1]


def test_a_command_acts_at_its_newline(repo):
    fd = os.open(repo.control("snapshot"), os.O_WRONLY)
    os.write(fd, b"half")
    assert repo.revisions() == []
    os.write(fd, b" and half\n")
    assert [r["description"] for r in repo.revisions()] == ["half and half"]
    os.write(fd, b"another\n")
    assert len(repo.revisions()) == 2
    os.close(fd)
    assert len(repo.revisions()) == 2


def test_a_command_without_a_newline_acts_at_the_close(repo, actor):
    one = actor()
    one.do("f = os.open('.control/snapshot', os.O_WRONLY); "
           "os.write(f, b'half')")
    assert repo.revisions() == []
    assert one.do("os.close(f)") is None
    assert [r["description"] for r in repo.revisions()] == ["half"]
    one.do("f = os.open('.control/revert', os.O_WRONLY); "
           "os.write(f, b'none')")
    assert "errno" in one.do("os.close(f)")


def test_several_lines_are_several_commands(repo):
    repo.sh("printf 'one\\ntwo\\nthree\\n' > .control/snapshot")
    assert [r["description"] for r in repo.revisions()] == \
        ["one", "two", "three"]


@pytest.mark.parametrize("script", [
    "echo nothing > .control/revert", "echo nothing | tee .control/revert",
    "cp $HOME/text .control/revert", "printf nothing > .control/revert",
    "dd if=$HOME/text of=.control/revert status=none",
    "sh -c 'echo nothing > .control/revert'"])
def test_a_failing_command_is_heard_and_explained(repo, script):
    write_all(os.path.join(repo.home, "text"), "nothing\n")
    repo.write("a.json", A)
    done = repo.sh(script, check=False)
    if not script.startswith("printf"):  # bash ignores errors of close
        assert done.returncode != 0
    sentence = repo.errors()[-1]
    assert "nothing" in sentence
    assert len(sentence.split()) >= 4


def test_errors_are_of_the_folder_and_below(repo):
    os.makedirs(repo.path("d/e"))
    os.mkdir(repo.path("f"))
    for folder in ("d/e", "f"):
        refused(repo.revert, "no" + folder[-1], folder)
    assert len(repo.errors()) == 2
    assert len(repo.errors("d")) == 1 and "noe" in repo.errors("d")[0]
    assert len(repo.errors("f")) == 1


def test_each_error_is_one_line(repo):
    refused(repo.command, "revert", "a\tb")
    refused(repo.revert, "x" * 3000)
    text = read_all(repo.control("errors")).decode()
    assert len(text.splitlines()) == 2
    assert all(line[:4].isdigit() for line in text.splitlines())


def test_a_very_long_line_is_refused_not_cut(repo):
    code = refused(repo.command, "snapshot", "x" * 2000000)
    assert code in (errno.EINVAL, errno.EFBIG, errno.ENOSPC, errno.E2BIG,
                    errno.ENAMETOOLONG)
    assert repo.revisions() == []


def test_texts_cannot_be_written_and_commands_not_removed(repo):
    for name in ("help", "status", "report", "history", "manifest"):
        refused(write_all, repo.control(name), b"x")
    for name in TEXTS:
        refused(os.unlink, repo.control(name))
        refused(os.rename, repo.control(name), repo.path("x.json"))
        refused(os.rename, repo.control(name), repo.control("x"))
    refused(write_all, repo.control("new"), b"x")
    refused(os.mkdir, repo.control("new"))
    assert repo.names() == []


def test_control_files_have_the_owner_and_mode_of_their_folder(repo):
    os.mkdir(repo.path("d"))
    os.chown(repo.path("d"), 12, 34)
    os.chmod(repo.path("d"), 0o750)
    st = os.stat(repo.control("revert", "d"))
    assert (st.st_uid, st.st_gid) == (12, 34)
    assert st.st_mode & 0o777 == 0o640
    st = os.stat(repo.control("help", "d"))
    assert st.st_mode & 0o777 == 0o440


def test_commands_by_many_at_once_all_happen(repo):
    repo.write("a.json", A)
    repo.sh("for n in $(seq 20); do echo s$n > .control/snapshot & done; "
            "wait")
    found = repo.revisions()
    assert sorted(r["description"] for r in found) == \
        sorted(f"s{n}" for n in range(1, 21))
    assert len({r["id"] for r in found}) == 20


def test_the_report_survives_a_remount(used):
    before = read_all(used.control("report"))
    assert len(before.splitlines()) >= 32
    used.remount()
    assert read_all(used.control("report")) == before
    assert used.rejected("d") == [b"{"]


def test_the_manifest_follows_every_change(repo):
    repo.write("a.json", A)
    first = read_all(repo.control("manifest"))
    repo.sh("sed -i s/a/b/ a.json")
    second = read_all(repo.control("manifest"))
    assert first != second
    assert second == run(["sha256sum", "a.json"],
                         cwd=repo.root).stdout.encode()
