"""repofs check finds what is broken, and nothing where nothing is."""

import errno
import os
import random
import shutil
import sqlite3
import subprocess

import pytest

import harness
from harness import BIN, ENV, item, read_all, refused, run, text_of

MAX = 9223372036854775807


@pytest.fixture
def past(make_repo):
    """A repository with something of everything, not mounted."""
    repo = make_repo().mount()
    for folder in ("a", "a/b", "a/b/c", "other"):
        os.mkdir(repo.path(folder))
    for i in range(20):
        repo.write(f"a/b/{i}.json", text_of(1000 + 97 * i, chr(97 + i)))
    repo.write("a/Big.json", text_of(200000))
    os.mkdir(repo.snap("one"))
    for i in range(10):
        repo.write(f"a/b/{i}.json", text_of(1100 + 97 * i, chr(98 + i)))
    os.rename(repo.path("a/b/c"), repo.path("other/c"))
    os.unlink(repo.path("a/b/19.json"))
    repo.copy_in(item(n=1), "a/Big.json")
    repo.write("a/notes.txt", b"a scratch file\n")
    repo.copy_in(b"{ not valid", "a/Bad.json")
    repo.revert("one", "other")
    repo.umount()
    return repo


def check(file, **kw):
    return run([BIN, "check", file], check=False, **kw)


def break_it(repo, *statements):
    """Change rows behind the program's back."""
    with sqlite3.connect(repo.file) as db:
        for sql in statements:
            assert db.execute(sql).rowcount != 0, sql
    db.close()


def sentences(repo, word):
    """What the check finds: lines, each a sentence; one has the word."""
    done = check(repo.file)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines and any(word in line for line in lines), lines
    return lines


def test_a_sound_one_passes_and_stays_as_it_is(past):
    before = read_all(past.file)
    for _ in range(2):
        done = check(past.file)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert read_all(past.file) == before


def test_a_mounted_one_is_checked_in_use(past):
    past.mount()
    with subprocess.Popen(
            ["bash", "-c", "for i in $(seq 500); do "
             "echo \"{\\\"n\\\": $i}\" > new$i.json; done"],
            cwd=past.root, env=ENV) as writer:
        for place in (past.root, past.file, past.path("a/b")):
            done = check(place)
            assert (done.returncode, done.stdout) == (0, ""), done
        assert writer.wait(harness.seconds(60)) == 0
    assert check(past.root).returncode == 0


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_flipped_bytes_in_a_content_are_found_and_never_served(past, where):
    with sqlite3.connect(past.file) as db:
        [(number, data)] = db.execute(
            "SELECT id, bytes FROM content WHERE size = 200000").fetchall()
        at = {"first": 0, "middle": len(data) // 2,
              "last": len(data) - 1}[where]
        data = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]
        db.execute("UPDATE content SET bytes = ? WHERE id = ?",
                   (data, number))
    db.close()
    lines = sentences(past, f"content {number}: ")
    assert len(lines) == 1
    past.mount()
    refused(past.read, "a/Big.json")
    assert past.errors()  # and says why
    assert past.read("a/Big 2.json") == item(n=1)
    assert past.read("a/b/12.json") == text_of(1000 + 97 * 12, "m")


def test_every_content_is_looked_at(past):
    """Also that of versions that were overwritten or deleted."""
    with sqlite3.connect(past.file) as db:
        numbers = [n for n, in db.execute("SELECT id FROM content")]
        db.execute("UPDATE content SET bytes = zeroblob(length(bytes))")
    db.close()
    told = "\n".join(sentences(past, "content"))
    assert all(f"content {n}: " in told for n in numbers)


def test_a_deleted_row_of_change_is_found(past):
    break_it(past, "DELETE FROM change WHERE moment = 10")
    sentences(past, "not recorded")


def test_a_cycle_of_folders_is_found_and_harms_nobody(past):
    with sqlite3.connect(past.file) as db:
        [(b,)] = db.execute("SELECT item FROM place WHERE name = 'b'")
    db.close()
    break_it(past, f"UPDATE place SET parent = {b} WHERE name = 'a'")
    told = sentences(past, "inside itself")
    assert any("not below the root" in line for line in told)
    past.mount()
    assert past.names() == ["other"]
    for args in (["find", "."], ["ls", "-lR"], ["cat", ".control/manifest"],
                 ["cat", ".control/report"], ["cat", ".control/history"]):
        past.run(*args, check=False, limit=20)
    past.cli("diff", "one", past.root, check=False, limit=20)
    past.cli("revert", "one", past.root, check=False, limit=20)
    assert past.names()


@pytest.mark.parametrize("sql, word", [
    ("DELETE FROM content WHERE id = 3", "is not there"),
    ("DELETE FROM moment WHERE id = 7", "does not exist"),
    ("UPDATE moment SET time = 0 WHERE id = 9", "earlier"),
    ("UPDATE place SET name = 'x/y' WHERE name = '3.json'", "item"),
    ("UPDATE place SET name = 'x.txt' WHERE name = '3.json'", "scratch"),
    ("UPDATE place SET name = '4.json' WHERE name = '3.json'", "both"),
    ("UPDATE state SET size = 1 WHERE size = 200000", "size"),
    (f"UPDATE place SET died = 3 WHERE name = 'a' AND died = {MAX}",
     "stays in folder"),
    ("UPDATE revision SET status = 'undone' WHERE id = 1", "undone"),
    ("UPDATE revision SET before = 4000 WHERE id = 1", "moment 4000"),
    ("DELETE FROM item WHERE id = 5", "does not exist"),
    ("UPDATE scratch SET parent = 4000", "scratch file"),
], ids=str)
def test_this_fault_is_found(past, sql, word):
    break_it(past, sql)
    sentences(past, word)


def test_an_index_that_says_something_else_is_found(past):
    with sqlite3.connect(past.file) as db:
        db.execute("PRAGMA writable_schema = 1")
        db.execute("UPDATE sqlite_schema SET sql = replace(sql, "
                   "'place (parent, name, born, died)', "
                   "'place (parent, name, died, born)') "
                   "WHERE name = 'place_name'")
    db.close()
    sentences(past, "database: ")


SEED = int(harness.SEED or random.randrange(10**6))


def served(repo):
    """{path: bytes} of all there is, live and in the snapshot; what cannot
    be read is left out."""
    found = {}
    for top in (repo.root, repo.snap("one")):
        for here, _, files in os.walk(top):
            for name in files:
                path = os.path.join(here, name)
                try:
                    found[os.path.relpath(path, repo.root)] = read_all(path)
                except OSError:
                    pass
    return found


def test_a_damaged_file_is_found_or_not_damaged(past, make_repo):
    """Any byte of the file: the program never dies of it, and what the check
    does not find has changed nothing."""
    print("SEED =", SEED)
    chance = random.Random(SEED)
    past.mount()
    good = served(past)
    past.umount()
    whole = read_all(past.file)
    other = make_repo()
    unseen = 0
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 8))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        harness.write_all(other.file, bytes(data))
        done = check(other.file, limit=20)
        assert done.returncode in (0, 1, 2), done
        assert (done.returncode == 0) == (done.stdout + done.stderr == "")
        for name in ("-wal", "-shm"):
            if os.path.exists(other.file + name):
                os.unlink(other.file + name)
        if done.returncode == 0 and unseen < 5:
            unseen += 1
            other.mount()
            assert served(other) == good
            other.umount()


def rows_of(repo, table):
    """Where the numbers of the rows of a table stand in the file: offsets."""
    with sqlite3.connect(repo.file) as db:
        (root,), = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        (size,), = db.execute("PRAGMA page_size")
    db.close()
    data = read_all(repo.file)

    def number(at, bytes_):
        return int.from_bytes(data[at:at + bytes_], "big")

    def walk(page):
        at = (page - 1) * size
        cells = [at + number(at + {5: 12, 13: 8}[data[at]] + 2 * i, 2)
                 for i in range(number(at + 3, 2))]
        if data[at] == 5:  # a page of pages
            for child in [*(number(c, 4) for c in cells), number(at + 8, 4)]:
                yield from walk(child)
            return
        for cell in cells:
            while data[cell] & 128:  # the size of the row comes first
                cell += 1
            yield cell + 1

    return data, list(walk(root))


def test_rows_in_a_circle_are_found(past, make_repo):
    """A row whose number became a lower one: going from each to the next one
    would never end."""
    data, rows = rows_of(past, "content")
    assert len(rows) > 20
    other = make_repo()
    for at in rows[1:]:
        assert data[at] < 128
        harness.write_all(other.file, data[:at] + b"\1" + data[at + 1:])
        done = check(other.file, limit=20)
        assert done.returncode in (1, 2) and done.stdout, (at, done)


def test_a_damaged_file_never_kills_the_daemon(past, make_repo):
    print("SEED =", SEED)
    chance = random.Random(SEED)
    whole = read_all(past.file)
    past.mount()
    good = served(past)
    past.umount()
    for _ in range(6):
        data = bytearray(whole)
        for _ in range(40):  # but not in what says that it is a repository
            data[chance.randrange(200, len(data))] ^= \
                1 << chance.randrange(8)
        other = make_repo()
        harness.write_all(other.file, bytes(data))
        done = run([BIN, "mount", other.file, other.root], check=False)
        if done.returncode != 0:
            assert done.returncode == 1 and done.stderr
            continue
        for path, text in served(other).items():
            assert path not in good or text == good[path], path
        for words in (["status"], ["revisions"], ["history"], ["report"],
                      ["diff", "one"], ["revert", "one"], ["snapshot"]):
            done = run([BIN, *words, other.root], check=False, limit=20)
            assert done.returncode in (0, 1, 2)
        try:
            other.write("new.json", item(new=1))
        except OSError:
            pass
        assert harness.mount_device(other.root)
        try:  # it still answers, be it that it cannot read
            os.stat(other.root)
            other.status()
        except OSError as e:
            assert e.errno in (errno.EIO, errno.EBADMSG), e


def test_a_copy_of_a_file_in_use_is_checked_like_any(past):
    """cp of a mounted file without its log may lack the newest commits."""
    past.mount()
    past.write("late.json", item(late=1))
    copy = os.path.join(past.base, "copy.repo")
    shutil.copy(past.file, copy)
    assert check(copy).returncode in (0, 1)
    for name in ("", "-wal"):
        shutil.copy(past.file + name, copy + name)
    assert check(copy).returncode == 0
