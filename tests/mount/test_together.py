"""Revisions of one folder happen one at a time, and who must wait is told who
is at work; those of other folders go on."""

import errno
import io
import os
import re
import subprocess
import tarfile

import pytest

from harness import item, read_all, refused, wait_until

OLD, NEW = item(n=1), item(n=2)


def tar_of(**items):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in items.items():
            member = tarfile.TarInfo(name + ".json")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return out.getvalue()


class Slow:
    """An archive that arrives slowly: the first half, and some time later
    the rest."""

    def __init__(self, repo, folder, archive, name="restore", before=b""):
        self.rest = archive[len(archive) // 2:]
        self.child = subprocess.Popen(
            ["dd", "of=" + repo.control(name, folder), "bs=512",
             "status=none"], stdin=subprocess.PIPE)
        self.child.stdin.write(before + archive[:len(archive) // 2])
        self.child.stdin.flush()

    def end(self):
        self.child.stdin.write(self.rest)
        self.child.stdin.close()
        assert self.child.wait(20) == 0


@pytest.fixture
def two(repo):
    """Folders a and b, changed since snapshot "first"."""
    for folder in ("a", "b"):
        os.makedirs(repo.path(folder, "sub"))
        repo.write(f"{folder}/x.json", OLD)
    os.mkdir(repo.snap("first"))
    for folder in ("a", "b"):
        repo.read(f"{folder}/x.json")
        repo.write(f"{folder}/x.json", NEW)
    return repo


def working(repo, folder=""):
    return repo.status(folder).get("working", "")


def wait_working(repo):
    wait_until("somebody at work", lambda: working(repo), 5)


SENTENCE = (r"a restore of an archive is under way since "
            r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, by \S+ \(dd, process (\d+)\), "
            r"in /a$")


@pytest.mark.parametrize("folder", ["", "a", "a/sub"])
def test_a_revert_where_an_archive_arrives_is_refused(two, folder):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    refused(two.revert, "first", folder, code=errno.EBUSY)
    told = re.search(SENTENCE, two.errors(folder)[-1])
    assert told and int(told[1]) == slow.child.pid
    assert two.read("a/x.json") == NEW
    slow.end()
    assert two.read("a/y.json") == NEW
    two.revert("first")
    assert two.read("a/x.json") == OLD and not two.exists("a/y.json")


def test_a_revert_elsewhere_goes_on_meanwhile(two):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    two.revert("first", "b")
    assert two.read("b/x.json") == OLD
    assert two.read("a/x.json") == NEW
    slow.end()
    assert two.names("a") == ["sub", "x.json", "y.json"]
    kinds = [(r["kind"], r["scope"]) for r in two.revisions()][-2:]
    assert kinds == [("revert", "/b"), ("restore", "/a")]


def test_the_status_shows_who_is_at_work_where(two):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    for folder in ("", "a", "a/sub"):
        assert re.search(SENTENCE, working(two, folder))
    assert working(two, "b") == ""
    slow.end()
    assert working(two) == ""


def test_an_archive_is_refused_at_its_first_bytes(two):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    for name, folder in (("restore", "a"), ("restore", ""),
                         ("repository.tar", "")):
        done = two.run("cp", two.source("z.tar", tar_of(z=NEW)),
                       two.control(name, folder), check=False)
        assert done.returncode == 1 and "busy" in done.stderr
        assert "a restore of an archive is under way" in two.errors(folder)[-1]
    slow.end()
    assert not two.exists("a/z.json")


def test_a_preview_holds_nothing_and_is_never_refused(two):
    slow = Slow(two, "a", tar_of(y=NEW), before=b"dry-run\n")
    two.revert("dry-run first", "a")
    two.revert("first", "a")
    slow.end()
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    two.revert("dry-run first", "a")
    done = two.sh(f"(echo dry-run; cat '{two.source('z.tar', tar_of(z=NEW))}')"
                  " > a/.control/restore")
    assert done.returncode == 0
    assert b"would restore: 1 created" in read_all(two.control("restore", "a"))
    slow.end()


def test_snapshots_and_copies_do_not_wait(two):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    two.snapshot("meanwhile", "a")
    two.copy_in(NEW, "a/z.json")
    two.write("b/x.json", OLD)
    slow.end()
    assert two.names("a") == ["sub", "x.json", "y.json", "z.json"]


def test_who_dies_while_he_sends_lets_go(two):
    slow = Slow(two, "a", tar_of(y=NEW))
    wait_working(two)
    slow.child.kill()
    slow.child.wait()
    wait_until("nobody at work", lambda: not working(two), 5)
    two.revert("first", "a")
    assert two.names("a") == ["sub", "x.json"]
