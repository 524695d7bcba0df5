"""Files that are acknowledged at once and filed a moment later, in groups."""

import contextlib
import json
import mmap
import os
import re
import sqlite3
import subprocess
import sys
import threading
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


# ---- edits ----

# Saves the items named on its standard input, each of which it reads first;
# says of each that it was acknowledged.
SAVER = """
import json, os, sys
round_, names = int(sys.argv[1]), sys.argv[2:]
def load(name):
    with open(name, "rb") as f:
        return json.load(f)
def save(name, value):
    fd = os.open(name, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, json.dumps(value).encode())
    os.close(fd)
"""
ONE_BY_ONE = SAVER + """
while True:
    for name in names:
        value = load(name)
        value["round"] = round_
        try:
            save(name, value)
        except OSError:
            sys.exit(0)
        os.write(1, b"%s %d\\n" % (name.encode(), round_))
    if not os.environ.get("FOREVER"):
        break
    round_ += 1
"""
ALL_AT_ONCE = SAVER + """
values = [load(name) for name in names]
for name, value in zip(names, values):
    save(name, value | {"round": round_})
"""


def make_items(repo, count):
    """By another process than the one that saves them."""
    for n in range(count):
        repo.source(f"new/{n}.json", item(n=n, pad="y" * (n * 91 % 3000)))
    repo.sh("cp ../src/new/*.json .")
    return [f"{n}.json" for n in range(count)]


def save_by(repo, script, names, round_=1):
    repo.run(sys.executable, "-c", script, str(round_), *names, limit=60)


@pytest.mark.parametrize("script", [ONE_BY_ONE, ALL_AT_ONCE],
                         ids=["one by one", "all at once"])
def test_saves_of_many_are_filed_in_groups(repo, script):
    names = make_items(repo, 600)
    before = moments(repo)
    save_by(repo, script, names)
    assert repo.names() == sorted(names)  # no numbered copies
    assert moments(repo) - before < 300
    for n, name in enumerate(names):
        assert json.loads(repo.read(name)) == {
            "n": n, "pad": "y" * (n * 91 % 3000), "round": 1}
    assert len(repo.names(".snapshots/versions/7.json")) == 2
    repo.umount()
    assert not os.path.exists(repo.file + ".inbox")
    repo.check()


@pytest.mark.parametrize("round_", range(3))
def test_saves_that_wait_survive_the_daemon(make_repo, round_):
    repo = make_repo().mount()
    names = make_items(repo, 80)
    said = os.path.join(repo.base, "said")
    with open(said, "wb") as out:
        saver = subprocess.Popen(
            [sys.executable, "-c", ONE_BY_ONE, "1", *names], stdout=out,
            env=ENV | {"FOREVER": "1"}, cwd=repo.root)
        wait_until("the first", lambda: os.stat(said).st_size > 0)
        time.sleep(0.1 + 0.13 * round_)
        repo.kill()
        saver.wait(seconds(10))
    acknowledged = {}
    for line in read_all(said).split(b"\n")[:-1]:
        name, number = line.split()
        acknowledged[name.decode()] = int(number)
    repo.check()
    repo.mount()
    assert repo.names() == sorted(names)  # what was left are edits
    more = 0  # one may have been acknowledged that nobody heard of
    for name in names:
        found = json.loads(repo.read(name)).get("round", 0)
        more += found - acknowledged.get(name, 0)
    assert 0 <= more <= 1
    repo.check()


def test_nobody_can_tell_that_a_save_waits(repo):
    """Each of these is the first to ask after a row of saves."""
    script = os.path.join(repo.base, "saver")
    with open(script, "w", encoding="ascii") as f:
        f.write(ONE_BY_ONE)
    text = json.dumps({"n": 9, "pad": "y" * 819, "round": 1})
    asked = {
        "stat -c %s 9.json": f"{len(text)}\n",
        "cat 9.json": text,
        "find . -newermt @$t -name '*.json' | wc -l": "10\n",
        "ls -l --time-style=+ 9.json | cut -d' ' -f5": f"{len(text)}\n",
        "ls .snapshots/versions/9.json | wc -l": "2\n",
        "echo 1 > .control/snapshot; cat .snapshots/latest/9.json": text,
        "wc -l < .control/manifest": "10\n",
        "sha256sum --quiet -c .control/manifest && echo same": "same\n",
        "mv 9.json x.json && cat x.json": text,
        "rm 9.json; ls | wc -l": "9\n",
        "cp ../src/new/9.json .; cat 9.json": text,
        "cp ../src/new/9.json .; ls | grep -c '9 2.json'": "1\n",
        "chmod 600 9.json && stat -c '%a %s' 9.json": f"600 {len(text)}\n",
        "touch -d @5 9.json && stat -c '%Y %s' 9.json": f"5 {len(text)}\n",
        "truncate -s 100000 9.json || stat -c %s 9.json": f"{len(text)}\n",
        "grep -l round *.json | wc -l": "10\n",
        "ln -s 9.json l; cat l": text,
        "tail -n 1 .control/report | grep -c edited": "1\n",
        f"{sys.executable} {script} 2 9.json > ../o; "
        "ls .snapshots/versions/9.json | wc -l": "3\n",
    }
    for command, answer in asked.items():
        repo.sh("rm -f *.json l; cp ../src/new/*.json .") \
            if os.path.isdir(os.path.join(repo.base, "src/new")) \
            else make_items(repo, 10)
        time.sleep(0.01)
        done = repo.sh(f"t=$(date +%s.%N); {sys.executable} {script} 1 "
                       f"[0-9].json > ../said; {command}", check=False)
        assert done.stdout == answer, (command, done.stderr)
    repo.check()


def test_who_has_it_open_sees_a_save_at_once(repo):
    """Pages and attributes that the kernel has are those of the former text."""
    name, text = make_items(repo, 1)[0], item(n=2)
    for n in range(50):
        new = item(n=n, pad="z" * 3000)
        with open(repo.path(name), "rb") as reader:
            data = reader.read()
            with mmap.mmap(reader.fileno(), 0, prot=mmap.PROT_READ) as seen:
                assert seen[:] == data
                fd = os.open(repo.path(name), os.O_WRONLY | os.O_TRUNC)
                os.write(fd, new)
                os.close(fd)
                assert seen[:] == new[:len(data)]
            assert os.pread(reader.fileno(), 9999, 0) == new
        # Asked for while it is being written.
        fd = os.open(repo.path(name), os.O_WRONLY | os.O_TRUNC)
        os.write(fd, text)
        assert os.stat(repo.path(name)).st_size == len(new)
        os.close(fd)
        assert os.stat(repo.path(name)).st_size == len(text)
        assert repo.read(name) == text
    assert repo.names() == [name]


def test_a_save_of_what_another_has_saved_goes_beside(repo, actor):
    """While the first still waits, too."""
    one, two = actor(), actor()
    names = make_items(repo, 40)
    for name in names:
        one.read(name)
        two.read(name)
    for name in names:
        one.write(name, b'{"by": "one"}')
        two.write(name, b'{"by": "two"}')
    for name in names:
        assert repo.read(name) == b'{"by": "one"}'
        assert repo.read(name.replace(".", " 2.")) == b'{"by": "two"}'


def test_a_handle_that_goes_on_after_a_save(repo):
    """Bytes that wait are not changed under way."""
    name = make_items(repo, 1)[0]
    repo.read(name)
    fd = os.open(repo.path(name), os.O_WRONLY | os.O_TRUNC)
    os.write(fd, b'{"x": 10}')
    os.close(os.dup(fd))
    with pytest.raises(OSError):
        os.pwrite(fd, b"X", 0)
    assert repo.read(name) == b'{"x": 10}'
    for n in range(30):
        os.pwrite(fd, b'{"n": %d}' % (10 + n), 0)
        os.close(os.dup(fd))  # a close, to the file system
        if n % 3 == 0:
            assert repo.read(name) == b'{"n": %d}' % (10 + n)
    os.ftruncate(fd, 0)
    os.pwrite(fd, b"[]", 0)
    os.close(fd)
    assert repo.read(name) == b"[]"
    assert len(repo.names(f".snapshots/versions/{name}")) == 33


LOOKER = """
import os, sys
while os.getppid() == int(sys.argv[2]):
    os.stat(sys.argv[1])
    with open(sys.argv[1], "rb") as f:
        f.read()
    list(os.scandir("."))
"""


def test_who_looks_while_it_is_saved_makes_nothing_old_stay(repo):
    """What the kernel has of it when the save returns is new, whoever asked for
    it in that very moment."""
    names = make_items(repo, 4)
    lookers = [subprocess.Popen([sys.executable, "-c", LOOKER, name,
                                 str(os.getpid())], cwd=repo.root, env=ENV)
               for name in names[:2]]
    try:
        for n in range(600):
            name = names[n % 4]
            text = item(n=n, pad="x" * (n * 37 % 9000))
            repo.read(name)
            fd = os.open(repo.path(name), os.O_WRONLY | os.O_TRUNC)
            os.write(fd, text)
            os.close(fd)
            if n % 3:
                assert os.stat(repo.path(name)).st_size == len(text)
            if n % 2:
                assert repo.read(name) == text
        assert repo.names() == sorted(names)
    finally:
        for one in lookers:
            one.kill()
            one.wait()


MAKES_IN_A_FOLDER = """
import os, sys, time
end, me = time.time() + float(sys.argv[1]), os.getpid()
n = 0
while time.time() < end:
    try:
        os.makedirs("f/g", exist_ok=True)
        for n in range(n + 1, n + 40):
            with open(f"f/g/{me}-{n}.json", "xb", buffering=0) as f:
                f.write(b"{}")
            print(f"{me}-{n}.json")
    except FileNotFoundError:
        pass
"""


def test_a_revert_of_the_folder_loses_nothing_that_was_acknowledged(repo):
    """Whoever makes an item there has it in the history, or is told."""
    number = repo.snapshot("empty")
    busy = [subprocess.Popen([sys.executable, "-c", MAKES_IN_A_FOLDER,
                              str(seconds(3))], cwd=repo.root, env=ENV,
                             stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    outputs = []
    reader = threading.Thread(
        target=lambda: outputs.extend(one.communicate()[0] for one in busy))
    reader.start()
    while reader.is_alive():
        repo.revert(number)
    reader.join()
    said = {name for text in outputs for name in text.split()}
    repo.umount()
    assert not os.path.exists(repo.file + ".inbox")
    with contextlib.closing(sqlite3.connect(repo.file)) as db:
        there = {name for name, in db.execute("SELECT name FROM place")}
    assert len(said) > 100 and said <= there
    repo.check()


# ---- items that have ids of themselves ----

ID = re.compile(r"[0-9a-f]{24}")
SHOP = "integrations/Shop"


def shop(repo, count):
    """Exports, and a flow for each; some of them came with one id."""
    def add(path, members):
        repo.source(f"{SHOP}/{path}", json.dumps(members).encode())

    for n in range(count):
        ident = f"{n // 2 * 2 if n % 40 == 1 else n:024x}"
        add(f"exports/{n:03}.json", {"_id": ident, "name": f"export {n}"})
        add(f"flows/{n:03}.json", {
            "_id": f"{n + 4096:024x}", "name": f"flow {n}",
            "pageGenerators": [{"_exportId": f"{(n * 7) % count:024x}"}]})


COPY = """
import os, sys
for base, folders, names in os.walk("../src/integrations"):
    here = os.path.relpath(base, "../src")
    os.makedirs(here, exist_ok=True)
    folders.sort()
    for name in sorted(names):
        with open(os.path.join(base, name), "rb") as f:
            data = f.read()
        with open(os.path.join(here, name), "xb", buffering=0) as f:
            f.write(data)
            if sys.argv[1:]:
                os.fsync(f.fileno())
"""


def by_owner(repo):
    """{path: text}, in which an id is the path of who has it."""
    texts = {path: data.decode() for path, data in repo.tree().items()
             if data is not None}
    owners = {json.loads(text)["_id"]: path for path, text in texts.items()}
    assert len(owners) == len(texts)
    return {path: ID.sub(lambda m: owners.get(m.group(), m.group()), text)
            for path, text in texts.items()}


def test_items_with_ids_are_filed_in_groups_too(make_repo):
    """With the ids and references that each would have got by itself."""
    grouped, alone = make_repo().mount(), make_repo().mount()
    for repo in (grouped, alone):
        os.makedirs(repo.path(f"{SHOP}/exports"))
        repo.write(f"{SHOP}/exports/Old.json",
                   json.dumps({"_id": f"{14:024x}"}).encode())
        shop(repo, 120)
    grouped.python(COPY)
    alone.python(COPY, "each by itself")
    assert by_owner(grouped) == by_owner(alone)
    assert moments(grouped) < 150 < moments(alone)
    before = by_owner(grouped)
    grouped.python("""
import os
for base, folders, names in os.walk("integrations"):
    for name in names:
        path = os.path.join(base, name)
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data.replace(b'"name": ', b'"name":  '))
""")
    assert by_owner(grouped) == {
        path: text.replace('"name": ', '"name":  ')
        for path, text in before.items()}
    for repo in (grouped, alone):
        repo.check()


def test_items_with_ids_that_wait_survive_the_daemon(make_repo):
    repo = make_repo().mount()
    shop(repo, 60)
    repo.python(COPY)
    repo.kill()
    repo.check()
    repo.mount()
    assert len(by_owner(repo)) == 120
    repo.check()
