"""What is opened is given to the kernel at once, and is never stale."""

import re
import subprocess

from harness import seconds, text_of

COUNT = 40


def questions(repo, what, since=0):
    """How often the kernel asked @what, by the daemon's debug log."""
    log = repo.log_text()[since:]
    return len(re.findall(rf"opcode: {what} \(", log))


def fill(repo, size=3000):
    for n in range(COUNT):
        repo.write(f"{n}.json", text_of(size, str(n % 10)))


def read_all_but_slowly(repo, folder="."):
    repo.sh(f"cd {folder} && for n in $(seq 0 {COUNT - 1}); do "
            "cat $n.json > /dev/null; done")


def test_a_file_that_is_opened_is_not_asked_for(repo):
    fill(repo)
    number = repo.snapshot("all")
    repo.remount("debug")
    for folder in (".", f".snapshots/{number}"):
        since = len(repo.log_text())
        read_all_but_slowly(repo, folder)
        assert questions(repo, "OPEN", since) >= COUNT
        assert questions(repo, "READ", since) < COUNT // 4
    assert repo.read("7.json") == text_of(3000, "7")
    assert repo.read(f".snapshots/{number}/7.json") == text_of(3000, "7")


def test_a_large_file_is_asked_for_in_pieces(repo):
    text = text_of(700_000, "l")
    repo.write("large.json", text)
    repo.remount("debug")
    assert repo.read("large.json") == text
    assert questions(repo, "READ") > 1


def test_many_who_open_one_file_at_once_do_not_hang(repo):
    """One who puts pages in place waits for reads; those need a worker."""
    text = text_of(100_000, "m")
    for n in range(6):
        repo.write(f"{n}.json", text)
    for _ in range(4):
        repo.remount()
        script = "".join("for i in $(seq 24); do cat %d.json | cmp - 0.json "
                         "& done; " % n for n in range(6))
        done = repo.sh(script + "wait", limit=60)
        assert done.stdout == done.stderr == ""


WRITER = """
import os, sys
name, size, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for n in range(1, rounds + 1):
    with open(name) as f:
        text = f.read()
    text = '{"x": "%08d%s"}' % (n, text[15:-2])
    assert len(text) == size
    with open(name, "w") as f:
        f.write(text)
    print(n, flush=True)
    assert sys.stdin.readline()
"""


def test_what_was_saved_is_read_by_whoever_opens_it_next(repo):
    """... though others open and read it all the time."""
    size, rounds = 8192, 150
    first = b'{"x": "%s"}' % (b"0" * (size - 9))
    repo.write("a.json", first)
    stop = repo.path("stop")
    readers = [subprocess.Popen(
        ["bash", "-c", f"while [ ! -e '{stop}' ]; do cat a.json; done"],
        cwd=repo.root, stdout=subprocess.DEVNULL) for _ in range(3)]
    writer = subprocess.Popen(
        ["/usr/bin/python3", "-c", WRITER, "a.json", str(size), str(rounds)],
        cwd=repo.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    try:
        for n in range(1, rounds + 1):
            assert writer.stdout.readline() == f"{n}\n"
            assert repo.read("a.json")[7:15] == b"%08d" % n
            writer.stdin.write("\n")
            writer.stdin.flush()
        assert writer.wait(seconds(10)) == 0
    finally:
        repo.write("stop", b"")
        writer.kill()
        for child in [*readers, writer]:
            child.wait(seconds(10))
        writer.stdin.close()
        writer.stdout.close()
    assert repo.names() == ["a.json", "stop"]
