"""Files that are acknowledged at once and filed a moment later, in groups."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

from harness import ENV, item, read_all, seconds, wait_until

# Makes new items as fast as it can; says of each that it was acknowledged.
MAKER = """
import os, sys
folder = sys.argv[1]
for n in range(100000):
    data = b'{"n": %d, "pad": "%s"}' % (n, b"x" * (n * 37 % 5000))
    try:
        fd = os.open(f"{folder}/i{n}.json", os.O_WRONLY | os.O_CREAT |
                     os.O_EXCL, 0o644)
        os.write(fd, data)
        os.close(fd)
    except OSError:
        sys.exit(0)
    os.write(1, b"%d\\n" % n)
"""


def moments(repo):
    return int(re.search(r"^moment (\d+)$",
                         read_all(repo.control("status")).decode(),
                         re.M).group(1))


def make_sources(repo, count, folder="new"):
    for n in range(count):
        repo.source(f"{folder}/{n}.json", item(n=n, pad="y" * (n * 91 % 9000)))


def test_a_copy_of_many_is_filed_in_groups(repo):
    make_sources(repo, 300)
    repo.sh("cp -r ../src/new .")
    assert len(repo.names("new")) == 300
    assert moments(repo) < 150
    assert repo.revisions()[-1]["counts"]["created"] == 300
    assert not os.path.exists(repo.file + ".inbox") or \
        os.stat(repo.file + ".inbox").st_size < 8 << 20
    repo.umount()
    assert not os.path.exists(repo.file + ".inbox")
    repo.check()


@pytest.mark.parametrize("round_", range(3))
def test_what_waits_to_be_filed_survives_the_daemon(make_repo, round_):
    repo = make_repo().mount()
    os.mkdir(repo.path("in"))
    said = os.path.join(repo.base, "said")
    with open(said, "wb") as out:
        maker = subprocess.Popen([sys.executable, "-c", MAKER,
                                  repo.path("in")], stdout=out, env=ENV)
        wait_until("the first", lambda: os.stat(said).st_size > 0)
        time.sleep(0.1 + 0.13 * round_)
        repo.kill()
        maker.wait(seconds(10))
    acknowledged = [int(n) for n in read_all(said).split(b"\n")[:-1]]
    repo.check()
    repo.mount()
    for n in acknowledged:
        assert json.loads(repo.read(f"in/i{n}.json"))["n"] == n
    # One more may have been acknowledged that nobody heard of.
    assert 0 <= len(repo.names("in")) - len(acknowledged) <= 1
    repo.check()


def test_what_waits_is_filed_by_who_opens_the_file_next(make_repo):
    repo = make_repo().mount()
    make_sources(repo, 40)
    # The last of a copy wait for others to come along.
    repo.sh("cp ../src/new/*.json .")
    repo.kill()
    repo.cli("snapshot", repo.file)
    assert not os.path.exists(repo.file + ".inbox")
    repo.mount()
    assert repo.names() == sorted(f"{n}.json" for n in range(40))
    assert repo.names(".snapshots/latest") == repo.names()


def test_nobody_can_tell_that_it_waits(repo):
    """Each of these is the first to ask after a copy."""
    make_sources(repo, 30)
    asked = {
        "ls $d | wc -l": "30\n",
        "stat -c %s $d/29.json": f"{len(item(n=29, pad='y' * 2639))}\n",
        "cmp $d/29.json ../src/new/29.json && echo same": "same\n",
        "mv $d/29.json $d/x.json && ls $d | grep -c x.json": "1\n",
        "rm $d/29.json && ls $d | wc -l": "29\n",
        "rm $d/*.json && rmdir $d && echo gone": "gone\n",
        "chmod 600 $d/29.json && stat -c %a $d/29.json": "600\n",
        "touch -d @5 $d/29.json && stat -c %Y $d/29.json": "5\n",
        "wc -l < $d/.control/manifest": "30\n",
        "grep -c $d/ .control/report": "30\n",
        "echo 1 > $d/.control/snapshot; ls $d/.snapshots/latest | wc -l":
            "30\n",
        "cp ../src/new/29.json $d; ls $d | grep -c '29 2.json'": "1\n",
        "find $d -newermt @1 -name '*.json' | wc -l": "30\n",
        "mkdir $d/29.d && ls $d | wc -l": "31\n",
    }
    for number, (command, answer) in enumerate(asked.items()):
        folder = f"c{number}"
        script = (f"d={folder}; mkdir $d; cp ../src/new/*.json $d; {command}")
        assert repo.sh(script).stdout == answer, command
    repo.check()


def test_the_time_of_a_folder_is_that_of_what_waits(repo):
    os.mkdir(repo.path("f"))
    make_sources(repo, 1)
    before = os.stat(repo.path("f")).st_mtime_ns
    time.sleep(0.05)
    repo.sh("cp ../src/new/0.json f")
    waiting = os.stat(repo.path("f")).st_mtime_ns
    time.sleep(0.2)
    filed = os.stat(repo.path("f")).st_mtime_ns
    assert before < waiting == filed


def test_who_came_first_stays_first(repo):
    """A batch that begins while somebody else's file waits is undone without
    that. (The shell must not become cp.)"""
    make_sources(repo, 5)
    for n in range(20):
        repo.sh(f"echo '{{}}' > mine{n}.json; cp -r ../src/new theirs{n}; :")
        last = repo.revisions()[-1]["id"]
        repo.revert(f"before {last}")
        assert f"mine{n}.json" in repo.names()
        assert f"theirs{n}" not in repo.names()


def test_a_secret_never_waits(repo):
    """What holds one is filed at once, sealed."""
    secret = "a-secret-that-nobody-reads"
    os.makedirs(repo.path("datastores"))
    for n in range(30):
        repo.write(f"datastores/{n}.json", item(name=n))
        repo.write(f"datastores/s{n}.json", item(
            name=n, importCredentials={"Password": secret}))
        repo.write(f"datastores/t{n}.json", item(name=n))
        assert secret.encode() not in read_all(repo.file + ".inbox")
    assert len(repo.names("datastores")) == 90
