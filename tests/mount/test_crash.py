"""What close() acknowledged survives kill -9 of the daemon."""

import os
import random
import subprocess
import sys
import time

import pytest

from harness import ENV, SEED, read_all, seconds, text_of, wait_until

# Saves numbered items for ever; says on its standard output what the mount
# has acknowledged, before it goes on.
WRITER = """
import os, sys
root, who = sys.argv[1:]
n = 0
while True:
    n += 1
    path = os.path.join(root, who, f"i{n % 7}.json")
    data = b'{"n": %d, "pad": "%s"}\\n' % (n, b"x" * (n * 37 % 3000))
    try:
        with open(path, "rb") as f:
            f.read()
    except FileNotFoundError:
        pass
    except OSError:
        sys.exit(0)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(fd, data)
        os.close(fd)
    except OSError:
        sys.exit(0)
    print(n % 7, n, flush=True)
"""


def start_writers(repo, count):
    writers = []
    for k in range(count):
        os.mkdir(repo.path(f"w{k}"))
        out = open(os.path.join(repo.base, f"w{k}.out"), "wb")
        writers.append((subprocess.Popen(
            [sys.executable, "-c", WRITER, repo.root, f"w{k}"], stdout=out,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env=ENV), out))
    return writers


def acknowledged(repo, k):
    """{item: number of the newest save that was acknowledged}."""
    newest = {}
    text = read_all(os.path.join(repo.base, f"w{k}.out")).decode()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and line + "\n" in text:
            newest[words[0]] = int(words[1])
    return newest


def number_in(text):
    return int(text.split(b'"n": ')[1].split(b",")[0])


@pytest.mark.parametrize("round_", range(4))
def test_a_killed_daemon_loses_nothing_that_was_acknowledged(make_repo,
                                                             round_):
    seed = int(SEED or time.time_ns()) + round_
    print(f"SEED={seed}")
    rng = random.Random(seed)
    repo = make_repo().mount()
    writers = start_writers(repo, 3)
    for k in range(len(writers)):
        wait_until("a first save", lambda k=k: acknowledged(repo, k))
    time.sleep(rng.uniform(0, 0.6))
    repo.kill()
    for writer, out in writers:
        writer.wait(seconds(10))
        out.close()
    repo.check()
    repo.mount()
    saved = 0
    for k in range(len(writers)):
        for i, n in acknowledged(repo, k).items():
            # A save that was under way may have arrived, too.
            assert number_in(repo.read(f"w{k}/i{i}.json")) >= n
            saved += 1
        assert not [name for name in repo.names(f"w{k}") if " " in name]
    assert saved, "the writers saved nothing: the round proves nothing"


def test_a_batch_cut_short_is_failed_and_can_be_taken_back(repo):
    for n in range(60):
        repo.source(f"new/{n}.json", text_of(500 + n))
    repo.write("old.json", b'{"old": 1}')
    copier = subprocess.Popen(
        ["sh", "-c", "cp -r src/new mnt/ && sleep 60"], cwd=repo.base,
        env=ENV, start_new_session=True)
    end = time.monotonic() + seconds(20)
    while len(repo.names("new") if repo.exists("new") else ()) < 60:
        assert time.monotonic() < end
        time.sleep(0.01)
    repo.kill()
    os.killpg(copier.pid, 9)
    copier.wait()
    repo.check()
    repo.mount()
    last = repo.revisions()[-1]
    assert (last["kind"], last["status"]) == ("restore", "failed")
    repo.revert(f"before {last['id']}")
    assert repo.names() == ["old.json"]


def test_scratch_files_that_were_closed_survive_too(repo):
    repo.write("notes.txt", b"what to do\n")
    repo.kill()
    repo.mount()
    assert repo.read("notes.txt") == b"what to do\n"
