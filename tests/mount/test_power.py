"""What fsync() acknowledged survives loss of power, and a disk that fails or
is full spoils nothing.

The disk is ext4 on a loop device on nbdfuse on nbdkit (faultdev.sh), which
forgets what was not flushed when it is cut off.
"""

import errno
import os
import subprocess
import sys
import time

import pytest

from harness import ENV, TOP, Repo, mount_device, run, seconds, text_of, wait_until

FAULTDEV = os.path.join(TOP, "tests/mount/faultdev.sh")

SAVER = """
import os, sys
root, count, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def save(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
for n in range(count):
    try:
        save(os.path.join(root, f"{name}{n}.json"), b'{"n": %d}' % n)
        print("kept", n, flush=True)
    except OSError as e:
        print("refused", n, e, flush=True)
"""


class Disk:
    def __init__(self, base):
        self.dir = str(base)
        self.mnt = os.path.join(self.dir, "m")
        self.repo = None
        self.run("up")

    def run(self, verb, **kw):
        # It leaves servers behind that must not keep our pipes open.
        done = subprocess.run([FAULTDEV, verb, self.dir, "64M"],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=ENV,
                              timeout=seconds(30), **kw)
        return done.returncode

    def cut_and_remount(self):
        self.run("cut")
        self.run("down")
        assert self.run("remount") == 0


@pytest.fixture
def disk(tmp_path):
    base = tmp_path / "disk"
    base.mkdir()
    one = Disk(base)
    assert os.path.ismount(one.mnt), "the disk did not come up"
    yield one
    if one.repo and mount_device(one.repo.root):
        one.repo.kill()  # the test failed half way
    if os.path.ismount(one.mnt):
        run(["umount", "-l", one.mnt], check=False)
    one.run("cut")
    one.run("down")


def repo_on(disk):
    repo = Repo(disk.dir)
    repo.file = os.path.join(disk.mnt, "demo.repo")
    disk.repo = repo
    return repo.init()


def save(repo, count, name):
    done = run([sys.executable, "-c", SAVER, repo.root, count, name],
               limit=60)
    kept = [int(line.split()[1]) for line in done.stdout.splitlines()
            if line.startswith("kept")]
    return kept


def kept_items(repo, name):
    return {n for n in repo.names() if n.startswith(name)}


def power_cut(repo, disk):
    """The machine stops: the daemon with it."""
    disk.run("cut")
    repo.kill()
    disk.run("down")
    assert disk.run("remount") == 0


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(4))
def test_a_power_cut_loses_nothing_that_fsync_acknowledged(disk, round_):
    repo = repo_on(disk)
    expected = set()
    for cut in range(5):
        repo.mount()
        name = f"r{cut}-"
        kept = save(repo, 3 + 5 * round_ + cut, name)
        assert kept, "nothing was saved"
        expected |= {f"{name}{n}.json" for n in kept}
        power_cut(repo, disk)
        repo.check()
    repo.mount()
    assert expected <= set(repo.names())
    repo.umount()


@pytest.mark.slow
def test_after_a_failed_sync_nothing_is_acknowledged_that_could_be_lost(disk):
    repo = repo_on(disk)
    repo.mount()
    before = save(repo, 5, "before")
    assert len(before) == 5
    disk.run("eio")
    during = save(repo, 5, "during")
    disk.run("ok")
    after = save(repo, 5, "after")
    power_cut(repo, disk)
    repo.check()
    repo.mount()
    names = set(repo.names())
    for name, kept in (("before", before), ("during", during),
                       ("after", after)):
        lost = [n for n in kept if f"{name}{n}.json" not in names]
        assert not lost, f"{name}: acknowledged and lost: {lost}"
    repo.umount()


def fill(repo):
    """Save until the disk is full; the number of items saved."""
    count = 0
    while True:
        # Text that does not compress.
        data = b'{"x": "%s"}' % os.urandom(30000).hex().encode()
        try:
            fd = os.open(repo.path(f"fill{count}.json"),
                         os.O_WRONLY | os.O_CREAT)
            try:
                os.write(fd, data)
            finally:
                os.close(fd)
        except OSError as e:
            assert e.errno == errno.ENOSPC, e
            return count
        count += 1
        assert count < 1000, "the disk never fills"


def test_a_full_disk_is_enospc_and_deleting_works_and_saving_again(
        tmp_path, small_disk):
    repo = Repo(tmp_path)
    repo.file = str(small_disk / "demo.repo")
    repo.init().mount()
    try:
        repo.write("first.json", b'{"a": 1}')
        count = fill(repo)
        assert count > 5
        assert repo.read("first.json") == b'{"a": 1}'
        # Removing takes a little room, and there is some for it; it gives
        # none back, since what was deleted stays in history.
        for n in range(5):
            os.unlink(repo.path(f"fill{n}.json"))
            assert not repo.exists(f"fill{n}.json")
        run(["mount", "-o", "remount,size=12m", small_disk])
        time.sleep(0.1)
        repo.write("again.json", text_of(5000))
        assert repo.read("again.json") == text_of(5000)
    finally:
        repo.close()
    repo.check()


def leave_free(folder, size):
    st = os.statvfs(folder)
    with open(folder / "other", "wb") as f:
        os.posix_fallocate(f.fileno(), 0, st.f_bavail * st.f_frsize - size)


def test_a_disk_that_gets_full_has_what_the_log_does_not_need(
        tmp_path, small_disk):
    """The file of the log is longer than the log, while there is room."""
    run(["mount", "-o", "remount,size=256m", small_disk])
    repo = Repo(tmp_path)
    repo.file = str(small_disk / "demo.repo")
    log = repo.file + "-wal"
    repo.init().mount()
    try:
        for n in range(12):  # a short log: it would be left alone
            repo.write(f"item{n}.json", text_of(5000))
            repo.read(f"item{n}.json")
        wait_until("the log is long", lambda: os.path.getsize(log) > 4 << 20)
        leave_free(small_disk, 3 << 20)
        os.unlink(repo.path("item0.json"))
        wait_until("it is short", lambda: os.path.getsize(log) < 1 << 20)
        # Nor does it become so again.
        for n in range(1, 12):
            os.unlink(repo.path(f"item{n}.json"))
        time.sleep(0.3)
        assert os.path.getsize(log) < 2 << 20
    finally:
        repo.close()
    repo.check()
