"""What is not valid is refused where the program hears it, and kept."""

import errno
import os

import pytest

import editors
from harness import (item, read_all, refused, wait_until, write_all)

GOOD = b'{\n  "limit": 5\n}\n'
BAD = b'{\n  "limit": 5,\n}\n'


@pytest.fixture
def path(repo):
    repo.sh("printf '{\\n  \"limit\": 5\\n}\\n' > a.json")
    return repo.path("a.json")


def kept(repo, data=BAD, name="a.json"):
    """The item is untouched, the bytes and the reason are kept. (mv tries a
    rename twice, in two ways.)"""
    if repo.exists(name):
        assert repo.read(name) == GOOD
        assert len(repo.versions(name)) == 1
    assert set(repo.rejected()) == {data}
    lines = [r for r in repo.report() if r["outcome"] == "rejected"]
    assert {r["path"] for r in lines} == {name}
    assert "line" in lines[-1]["reason"] and "column" in lines[-1]["reason"]
    assert name in repo.errors()[-1]


TOLD = [  # by their exit status
    ("cp", "cp $SRC a.json"), ("cp -p", "cp -p $SRC a.json"),
    ("mv", "cp $SRC $SRC.m; mv $SRC.m a.json"),
    ("install", "install $SRC a.json"),
    ("rsync", "rsync -a $SRC a.json"),
    ("rsync --inplace", "rsync -a --inplace $SRC a.json"),
    ("dd", "dd if=$SRC of=a.json status=none"),
    ("tee", "tee a.json < $SRC"),
    ("cat", "cat $SRC > a.json"),
    ("bash echo", "echo \"$(cat $SRC)\" > a.json"),
    ("bash printf", "printf '%s\\n' \"$(cat $SRC)\" > a.json"),
    ("sh echo", "sh -c 'echo \"$(cat $SRC)\" > a.json'"),
    ("python", "python3 -c \"f = open('a.json', 'w'); "
     "f.write(open('$SRC').read()); f.close()\""),
    ("python rename", "python3 -c \"import os; open('t', 'w').write("
     "open('$SRC').read()); os.rename('t', 'a.json')\""),
    ("python fsync", "python3 -c \"import os; f = open('a.json', 'w'); "
     "f.write(open('$SRC').read()); f.flush(); os.fsync(f.fileno())\""),
    ("tar", "tar cf $SRC.tar -C / --transform s,.*,a.json, ${SRC#/}; "
     "tar xf $SRC.tar"),
    ("sed -i", "sed -i 's/5/5,/' a.json"),
    ("perl -i", "perl -pi -e 's/5/5,/' a.json"),
    ("shutil", "python3 -c \"import shutil; "
     "shutil.copyfile('$SRC', 'a.json')\""),
    ("jq and mv", "cat $SRC > tmp && mv tmp a.json"),
]


@pytest.mark.parametrize("name, script", TOLD, ids=[t[0] for t in TOLD])
def test_this_program_hears_of_it(repo, path, name, script):
    env = repo.env(SRC=repo.source("bad", BAD))
    done = repo.sh("set -e; " + script, env=env, check=False)
    assert done.returncode != 0
    kept(repo)
    assert repo.exists("a.json")
    left = set(repo.names()) - {"a.json"}
    assert left <= {"t", "tmp"}  # what the script itself left
    repo.remount()
    assert repo.read("a.json") == GOOD
    assert set(repo.rejected()) == {BAD}
    repo.umount()
    repo.check()


NEW = [t for t in TOLD if "$SRC" in t[1]]


@pytest.mark.parametrize("name, script", NEW, ids=[t[0] for t in NEW])
def test_a_new_item_of_this_program_is_refused(repo, name, script):
    env = repo.env(SRC=repo.source("bad", BAD))
    done = repo.sh("set -e; " + script, env=env, check=False)
    assert done.returncode != 0
    wait_until("the file to go", lambda: not repo.exists("a.json"), 3)
    kept(repo)
    assert set(repo.names()) <= {"t", "tmp"}


# ---- editors ----

def test_vim_hears_of_it_and_can_save_what_is_put_right(repo, path,
                                                       terminal):
    session = editors.BY_NAME["vim"].open(terminal, path, repo.home)
    session.press(("=:2s/5/5,/", "Enter", "=:w", "Enter"))
    session.tty.wait(["E512", "E667", "E514", "Invalid argument"])
    assert repo.read("a.json") == GOOD
    assert BAD in repo.rejected()
    session.press(("Enter",))
    session.press(("=:2s/5,/6/", "Enter", "=:w", "Enter"))
    session.text = GOOD.replace(b"5", b"6")
    session.wait_saved()
    session.leave()
    repo.wait_names("a.json")
    assert repo.versions("a.json") == [GOOD, session.text]


@pytest.mark.parametrize("name, told", [
    ("vim, backupcopy=yes", ["E512", "E667", "Invalid argument"]),
    ("nvim", ["E512", "E667", "invalid argument", "Invalid argument"]),
    ("nano", ["Error writing", "Invalid argument"]),
    ("micro", ["invalid argument"]),
    ("emacs", ["nvalid argument", "rror"]),
])
def test_this_editor_shows_it_and_keeps_the_text(repo, path, terminal, name,
                                                told):
    """... and the next save, of a valid text, is an edit."""
    editor = editors.BY_NAME[name]
    session = editor.open(terminal, path, repo.home)
    vi = "vim" in name
    session.press(("=:1s/^/,/", "Enter") if vi else ("=,",))
    session.press(editor.save)
    session.tty.wait(told)
    assert repo.read("a.json") == GOOD
    assert any(r and (b"," + GOOD).startswith(r) for r in repo.rejected())
    if vi:
        session.press(("Enter", "=:1s/^,/ /", "Enter"))
    else:
        if name == "nano":
            session.press(("C-c",))
        session.press(("BSpace", "Space"))
    session.text = b" " + GOOD
    session.press(editor.save)
    if name == "emacs":  # it asks, if it thinks that the file has changed
        session.tty.wait(["Wrote", "Save anyway", "yes or no", "y or n"])
        if "yes or no" in session.tty.screen():
            session.press(("=yes", "Enter"))
    session.wait_saved()
    session.leave()
    assert repo.versions("a.json") == [GOOD, b" " + GOOD]
    assert set(repo.names()) <= {"a.json", "a.json~"}


# ---- where and how ----

def errno_of(call):
    try:
        call()
    except OSError as e:
        return e.errno
    return None


def test_a_write_is_refused_when_nothing_can_follow(repo, path):
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    assert errno_of(lambda: os.write(fd, b"no json")) == errno.EINVAL
    errno_of(lambda: os.close(fd))
    assert repo.read("a.json") == GOOD


def test_a_beginning_waits_for_the_rest(repo, path):
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b'{"limit"')
    assert repo.read("a.json") == GOOD
    os.write(fd, b": 6}\n")
    os.close(fd)
    assert repo.rejected() == []
    assert repo.sh("cat *.json").stdout.count("6") == 1


def test_a_beginning_is_refused_at_the_close(repo, path, actor):
    one = actor()
    assert one.do("f = os.open('a.json', os.O_WRONLY | os.O_TRUNC); "
                  "os.write(f, b'{\"limit\"')") is None
    assert one.do("os.close(f)") == {"errno": errno.EINVAL}
    kept(repo, b'{"limit"')


def test_fsync_refuses_too(repo, path, actor):
    one = actor()
    one.do("f = os.open('a.json', os.O_WRONLY | os.O_TRUNC); "
           "os.write(f, b'{\"limit\"')")
    assert one.do("os.fsync(f)") == {"errno": errno.EINVAL}
    assert repo.read("a.json") == GOOD
    assert repo.rejected() == [b'{"limit"']


@pytest.mark.parametrize("text, line, column", [
    (b'{"a": 1,}', 1, 9), (b'{"a": 1, "a": 2}', 1, None),
    (b'{\n  "a": 1\n  "b": 2\n}', 3, 3), (b"[1, 2", 1, None),
    (b'"text"', 1, 1), (b"17", 1, 1), (b"{}}", 1, 3),
    (b'{"a": "\xff"}', 1, None), (b"\xef\xbb\xbf{}", 1, 1),
    (b"{'a': 1}", 1, 2), (b'{"a": nul}', 1, None),
    (b'{"\xc3\xa9\xc3\xa9": 1,}', 1, 10),
], ids=lambda v: repr(v) if isinstance(v, bytes) else "")
def test_the_reason_names_line_and_column(repo, text, line, column):
    assert errno_of(lambda: write_all(repo.path("b.json"), text)) == \
        errno.EINVAL
    reason = repo.report()[-1]["reason"]
    assert f"line {line}" in reason
    if column:
        assert f"column {column}:" in reason
    assert len(reason.split(": ", 1)[1]) > 5
    assert repo.rejected() == [text]


def test_the_reason_stands_in_errors_too(repo, path):
    repo.copy_in(BAD, "a.json")
    sentence = repo.errors()[-1]
    assert "a.json" in sentence and "line 3, column 1" in sentence


def test_rejected_files_are_named_after_the_item(repo):
    os.mkdir(repo.path("d"))
    for n in range(3):
        repo.copy_in(BAD + b" " * n, "d/No gaps.json")
    names = sorted(os.listdir(repo.control("rejected", "d")))
    assert len(names) == 3
    assert all(n.startswith("No gaps (") and n.endswith(").json")
               for n in names)
    assert repo.rejected("d") == [BAD, BAD + b" ", BAD + b"  "]
    assert os.listdir(repo.control("rejected")) == []
    path = os.path.join(repo.control("rejected", "d"), names[0])
    assert os.stat(path).st_size in (len(BAD), len(BAD) + 1, len(BAD) + 2)
    refused(write_all, path, b"x")
    refused(os.unlink, path)


def test_of_many_refused_texts_the_newest_are_kept(repo):
    for n in range(230):
        errno_of(lambda n=n: write_all(repo.path("b.json"), b"x%d" % n))
    found = repo.rejected()
    assert found[-1] == b"x229"
    assert 100 <= len(found) <= 230


def test_what_is_refused_after_a_remount_is_kept_beside_the_rest(repo, path):
    texts = [b"x%d" % n for n in range(20)]
    for text in texts:
        if text == texts[10]:
            repo.remount()
        assert errno_of(lambda t=text: write_all(path, t)) == errno.EINVAL
    assert repo.rejected() == texts
    assert repo.versions("a.json") == [GOOD]


def test_a_refused_new_file_is_gone_at_the_last_close(repo):
    assert repo.copy_in(BAD, "b.json").returncode != 0
    repo.wait_names()
    assert repo.rejected() == [BAD]


def test_a_refused_rename_leaves_the_source(repo, path):
    repo.write("t", BAD)
    refused(os.rename, repo.path("t"), path, code=errno.EINVAL)
    assert repo.read("t") == BAD
    kept(repo)


@pytest.mark.parametrize("name", ["b.bak", "b.json.part"])
def test_a_refused_file_that_was_set_aside_stays(repo, name):
    fd = os.open(repo.path("b.json"), os.O_WRONLY | os.O_CREAT)
    refused(os.write, fd, BAD, code=errno.EINVAL)
    refused(os.fsync, fd, code=errno.EINVAL)
    os.rename(repo.path("b.json"), repo.path(name))
    os.close(fd)
    repo.remount()  # the last close has been heard by then
    assert repo.read(name) == BAD


def test_what_a_revert_took_does_not_come_back_for_a_refusal(repo):
    """An item that a program took away a moment ago does, or it would be lost:
    unless a revert has decided since what has the name."""
    empty = repo.snapshot("nothing")
    repo.write("b.json", GOOD)
    os.rename(repo.path("b.json"), repo.path("b.bak"))
    repo.sh("echo '{}' > b.json")
    repo.revert(empty)
    repo.write("t", BAD)
    refused(os.rename, repo.path("t"), repo.path("b.json"),
            code=errno.EINVAL)
    assert repo.names() == ["b.bak", "t"]


def test_who_closes_hears_of_it_and_takes_nothing_away(repo, actor):
    """Two programs write one new file. The one whose bytes made it wrong is
    told, and when it clears up what it left, the other's item stays."""
    one, two = actor(), actor()
    assert one.do("f = os.open('b.json', os.O_WRONLY | os.O_CREAT); "
                  "os.write(f, b'{}')") is None
    assert two.do("f = os.open('b.json', os.O_WRONLY | os.O_APPEND); "
                  "os.write(f, b'}')") == {"errno": errno.EINVAL}
    assert two.do("os.close(f)") == {"errno": errno.EINVAL}
    assert one.do("os.truncate('b.json', 0); os.pwrite(f, b'[]', 0); "
                  "os.close(f)") is None
    assert two.do("os.unlink('b.json')") is None
    assert repo.read("b.json") == b"[]"


def test_too_deep_and_too_large_numbers_are_refused(repo):
    for text in (b"[" * 5000 + b"]" * 5000, b"[1e999]",
                 b"[12345678901234567890123]", b'["\\ud800"]', b'["\\u0000"]'):
        assert errno_of(lambda t=text: write_all(repo.path("b.json"), t)) \
            == errno.EINVAL
    repo.write("b.json", b"[" * 1000 + b"]" * 1000)


# ---- a fork closes its copies ----

def test_a_fork_in_the_middle_of_a_write_refuses_nothing(repo, path, actor):
    one = actor()
    assert one.do("""
f = open("a.json", "r+b", buffering=0)
f.read()
f.seek(0)
f.truncate(0)
f.write(b'{"limit"')
child = os.fork()
if child == 0:
    os.close(f.fileno())
    os._exit(0)
os.waitpid(child, 0)
os.system("true")
f.write(b": 6}")
f.close()
""") is None
    assert repo.rejected() == []
    assert repo.versions("a.json") == [GOOD, b'{"limit": 6}']


def test_a_handle_may_be_flushed_several_times(repo):
    """{ cat a; cat b; } > f: each exit flushes."""
    a, b = repo.source("a", b'{"a":'), repo.source("b", b" 1}\n")
    repo.sh(f"{{ cat {a}; cat {b}; }} > new.json")
    assert repo.tree() == {"new.json": b'{"a": 1}\n'}
    assert repo.rejected() == []
    assert len(repo.versions("new.json")) == 1


def test_a_loop_in_a_shell_writes_one_item(repo):
    repo.sh("{ echo '['; for n in 1 2 3; do echo $n,; done; echo 4; "
            "echo ']'; } > new.json")
    assert repo.read("new.json") == b"[\n1,\n2,\n3,\n4\n]\n"
    assert repo.rejected() == []


def test_a_valid_state_takes_back_a_refusal(repo, path, actor):
    one = actor()
    one.read("a.json")
    one.do("f = os.open('a.json', os.O_WRONLY | os.O_TRUNC)")
    one.do("os.write(f, b'{\"limit\"')")
    assert one.do("os.fsync(f)") == {"errno": errno.EINVAL}
    assert len(repo.rejected()) == 1
    assert one.do("os.write(f, b': 6}'); os.fsync(f); os.close(f)") is None
    assert repo.rejected() == []
    assert repo.versions("a.json") == [GOOD, b'{"limit": 6}']


def test_what_was_valid_is_committed_even_if_the_rest_is_not(repo, actor):
    """A flush of a fork commits what is valid; the end is refused."""
    one = actor()
    one.do("f = os.open('a.json', os.O_WRONLY | os.O_CREAT); "
           "os.write(f, b'{}'); os.fsync(f)")
    assert repo.read("a.json") == b"{}"
    one.do("os.write(f, b' ')")
    assert one.do("os.write(f, b'}')\nos.close(f)") == \
        {"errno": errno.EINVAL}
    one.do("os.close(f)")
    assert repo.read("a.json") in (b"{}", b"{} ")


# ---- nothing is lost, whatever the size ----

def test_a_large_refused_text_is_kept_whole(repo):
    text = b'{"m": "' + b"x" * 3000000 + b'",}'
    assert errno_of(lambda: write_all(repo.path("b.json"), text)) == \
        errno.EINVAL
    assert repo.rejected() == [text]
    assert os.stat(os.path.join(
        repo.control("rejected"),
        os.listdir(repo.control("rejected"))[0])).st_size == len(text)


def test_refusing_does_not_stop_a_copier_of_many(repo):
    for n in range(6):
        repo.source(f"in/{n}.json", item(n=n) if n % 2 else BAD)
    done = repo.run("cp", "-r", os.path.join(repo.base, "src/in"), ".",
                    check=False)
    assert done.returncode != 0
    repo.wait_names("1.json", "3.json", "5.json", folder="in")
    assert [r["outcome"] for r in repo.report()].count("rejected") == 3
    revision = repo.revisions()[-1]
    assert revision["kind"] == "restore"
    assert revision["counts"]["rejected"] == 3
    assert revision["counts"]["created"] == 3


def test_rejected_is_for_its_owner(shared_repo):
    repo = shared_repo
    os.chmod(repo.root, 0o777)
    repo.copy_in(BAD, "b.json")
    folder = repo.control("rejected")
    name = os.path.join(folder, os.listdir(folder)[0])
    assert os.stat(name).st_mode & 0o007 == 0
    assert read_all(name) == BAD
