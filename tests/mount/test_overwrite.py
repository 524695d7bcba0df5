"""Edit or restore: who may overwrite, and where the rest goes."""

import contextlib
import errno
import os
import shutil
import time

import pytest

from harness import (OLD, Actor, item, read_all, refused, run, seconds,
                     text_of, wait_until, write_all)

A, B, C = item(n="a"), item(n="b"), item(n="c")


def beside(repo, name="a.json", copy="a 2.json", old=A, new=B):
    """The item is what it was, and the copy stands beside it."""
    assert repo.read(name) == old
    assert repo.read(copy) == new
    assert len(repo.versions(name)) == 1
    assert repo.names() == sorted([name, copy])


def edited(repo, name="a.json", versions=(A, B)):
    """A new version, and nothing beside."""
    assert repo.read(name) == versions[-1]
    assert repo.versions(name) == list(versions)
    assert repo.names() == [name]


# ---- copies beside ----

def test_a_copy_over_an_item_goes_beside_it_three_times(repo):
    old = text_of(8192, "o")
    repo.write("X.json", old)
    keep = open(repo.path("X.json"), "rb")
    for n in (2, 3, 4):
        new = text_of(8192, str(n))
        source = repo.source("X.json", new)
        seen = repo.sh(f"cp '{source}' X.json; cat X.json")
        assert seen.stdout.encode() == old  # the same shell
        assert repo.read("X.json") == old  # another process
        assert repo.sh("cat X.json").stdout.encode() == old
        assert repo.read(f"X {n}.json") == new
        keep.seek(0)
        assert keep.read() == old
    keep.close()
    assert repo.names() == ["X 2.json", "X 3.json", "X 4.json", "X.json"]
    assert repo.versions("X.json") == [old]
    repo.remount()
    assert repo.read("X.json") == old
    assert repo.read("X 3.json") == text_of(8192, "3")


READER = """
import mmap, os, sys
kind, name, stop = sys.argv[1:4]
want = open(name, "rb").read()
size = len(want)
fd = os.open(name, os.O_RDONLY)
m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
rounds = 0
while True:
    done = os.path.exists(stop)
    if kind == "open":
        f = os.open(name, os.O_RDONLY)
        got = os.read(f, size + 1)
        os.close(f)
    elif kind == "fd":
        got = os.pread(fd, size + 1, 0)
    elif kind == "map":
        got = m[:]
    elif kind == "newmap":
        f = os.open(name, os.O_RDONLY)
        with mmap.mmap(f, 0, prot=mmap.PROT_READ) as n:
            got = n[:]
        os.close(f)
    else:
        got = want if os.stat(name).st_size == size else b"size"
    if got != want:
        where = [i for i in range(min(len(got), size)) if got[i] != want[i]]
        sys.exit("%s: %d bytes, differs at %s" % (kind, len(got), where[:1]))
    rounds += 1
    if done:
        break
print(rounds)
"""


class Readers:
    """Programs that look at an item all the time, each in its own way."""

    KINDS = ("open", "fd", "map", "newmap", "stat")

    def __init__(self, repo, name, kinds=KINDS):
        self.stop = os.path.join(repo.base, "stop")
        self.children = [repo_start(repo, "-c", READER, kind, name,
                                    self.stop) for kind in kinds]

    def check(self):
        write_all(self.stop, "")
        for child in self.children:
            out, err = child.communicate(timeout=seconds(20))
            assert child.returncode == 0, err.decode()
            assert int(out) > 0


def repo_start(repo, *args):
    import subprocess
    return subprocess.Popen(["/usr/bin/python3", *args], cwd=repo.root,
                            env=repo.env(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.tsan
@pytest.mark.parametrize("program", [
    "cp '{source}' X.json", "cp -p '{source}' X.json",
    "cat '{source}' > X.json", "rsync '{source}' X.json",
    "dd if='{source}' of=X.json bs=1000 conv=notrunc status=none",
], ids=lambda p: " ".join(p.replace("'{source}'", "").split()[:3]))
def test_at_no_instant_does_a_copy_show_through(repo, program):
    """Items of the same size and of more than a page: what a writer has
    not committed must not come out of the page cache."""
    repo.write("X.json", text_of(8192, "o"))
    readers = Readers(repo, "X.json")
    script = program.format(source=repo.source("X.json", b""))
    for n in range(25):
        repo.source("X.json", text_of(8192, chr(65 + n)))
        repo.sh(f"{script} && grep -q oooo X.json")
    readers.check()
    assert repo.read("X.json") == text_of(8192, "o")
    assert len(repo.versions("X.json")) == 1
    assert len(repo.names()) == 26


@pytest.mark.parametrize("size", [60, 4096, 8192, 200000])
def test_a_half_written_copy_is_nobodys_to_see(repo, actor, size):
    old, new = text_of(size, "o"), text_of(size, "n")
    repo.write("X.json", old)
    keep = os.open(repo.path("X.json"), os.O_RDONLY)
    writer = actor()
    writer.do("f = os.open('X.json', os.O_WRONLY | os.O_TRUNC)")

    def unchanged():
        assert os.stat(repo.path("X.json")).st_size == size
        assert repo.read("X.json") == old
        assert os.pread(keep, size + 1, 0) == old
        assert repo.sh("cat X.json").stdout.encode() == old
    unchanged()
    half = size // 2
    writer.do(f"os.write(f, {new[:half]!r})")
    unchanged()
    writer.do(f"os.write(f, {new[half:]!r})")
    unchanged()
    assert writer.do("os.close(f)") is None
    unchanged()
    assert repo.read("X 2.json") == new
    os.close(keep)


@pytest.mark.tsan
def test_many_copiers_and_creators_do_not_hang_or_mislead(repo):
    """16 copiers over one item and 4 creators, in one folder."""
    old = text_of(8192, "o")
    repo.write("X.json", old)
    readers = Readers(repo, "X.json", ("open", "fd"))
    for n in range(16):
        repo.source(f"{n}/X.json", text_of(8192, chr(97 + n)))
    source = os.path.join(repo.base, "src")
    old_file = repo.source("old", old)
    repo.sh(f"""
        failed={repo.base}/failed
        copy() {{
            for i in 1 2 3 4 5 6; do
                cp {source}/$1/X.json X.json || echo cp >> $failed
                cmp -s X.json {old_file} || echo stale $1 $i >> $failed
            done
        }}
        create() {{
            for i in $(seq 12); do
                cp {source}/$1/X.json new-$1-$i.json || echo cp >> $failed
                cmp -s {source}/$1/X.json new-$1-$i.json ||
                    echo new $1 $i >> $failed
            done
        }}
        for n in $(seq 0 15); do copy $n & done
        for n in $(seq 0 3); do create $n & done
        wait
    """, limit=60)
    failed = os.path.join(repo.base, "failed")
    assert not os.path.exists(failed), read_all(failed)
    readers.check()
    assert repo.read("X.json") == old
    names = repo.names()
    assert names == sorted(
        ["X.json"] + [f"X {n}.json" for n in range(2, 98)] +
        [f"new-{n}-{i}.json" for n in range(4) for i in range(1, 13)])
    copies = sorted(repo.read(f"X {n}.json")[7:8] for n in range(2, 98))
    assert copies == sorted(chr(97 + n).encode() for n in range(16)
                            for _ in range(6))
    repo.umount()
    repo.check()


# ---- numbers ----

LONG = "x" * 250
ACCENTS = "é" * 125


@pytest.mark.parametrize("there, target, wanted", [
    (["Rule"], "Rule", "Rule 2"),
    (["Rule", "Rule 2"], "Rule", "Rule 3"),
    (["Rule", "Rule 2"], "Rule 2", "Rule 3"),
    (["Rule", "Rule 2", "Rule 3"], "Rule 2", "Rule 4"),
    (["Rule 2"], "Rule 2", "Rule 2 2"),
    (["Year Record 5"], "Year Record 5", "Year Record 5 2"),
    (["Rule", "Rule 3"], "Rule", "Rule 2"),
    (["Rule", "Rule 3"], "Rule 3", "Rule 2"),
    (["Rule", "Rule 02"], "Rule 02", "Rule 02 2"),
    (["Rule", "Rule 10"], "Rule 10", "Rule 2"),
    (["Rule2"], "Rule2", "Rule2 2"),
    (["2"], "2", "2 2"),
    (["Rule", "rule"], "rule", "rule 2"),
    (["No gaps "], "No gaps ", "No gaps  2"),
    (["a.json"], "a.json", "a.json 2"),
    (["日本"], "日本", "日本 2"),
    ([LONG], LONG, LONG[:248] + " 2"),
    ([ACCENTS], ACCENTS, ACCENTS[:124] + " 2"),
    ([LONG, LONG[:248] + " 2"], LONG, LONG[:248] + " 3"),
], ids=lambda v: v[:24] if isinstance(v, str) else str(len(v)))
def test_a_copy_gets_the_lowest_free_number_of_its_series(repo, there,
                                                         target, wanted):
    for name in there:
        repo.write(f"{name}.json", item(name=name[:5]))
    assert repo.copy_in(B, f"{target}.json").returncode == 0
    assert repo.names() == sorted(f"{n}.json" for n in there + [wanted])
    assert repo.read(f"{wanted}.json") == B
    assert repo.report()[-1]["outcome"] == "renamed"
    assert repo.report()[-1]["went"] == f"{wanted}.json"


def test_a_number_that_was_freed_is_given_again(repo):
    repo.write("a.json", A)
    for n in range(4):
        repo.copy_in(item(n=n), "a.json")
    os.unlink(repo.path("a 3.json"))
    os.rename(repo.path("a 2.json"), repo.path("b.json"))
    repo.copy_in(item(n=10), "a.json")
    repo.copy_in(item(n=11), "a.json")
    repo.copy_in(item(n=12), "a.json")
    assert repo.read("a 2.json") == item(n=10)
    assert repo.read("a 3.json") == item(n=11)
    assert repo.read("a 6.json") == item(n=12)


def test_others_who_do_much_make_nobody_forget_its_copy(repo):
    """What a program does to a name concerns its own copy for some seconds,
    and who copies thousands meanwhile does not change that."""
    repo.write("a.json", A)
    one = Actor(repo.root)
    repo.actors.append(one)
    one.write("a.json", B)
    for n in range(2500):
        repo.source(f"many/{n}.json", C)
    repo.sh("cp -r ../src/many .")
    assert one.do("os.unlink('a.json')") is None
    assert repo.names() == ["a.json", "many"]
    assert repo.read("a.json") == A


@pytest.mark.parametrize("draft", [True, False])
def test_a_number_that_a_scratch_file_had_is_given_again(repo, draft):
    """It takes one while it is there: a draft, or what is refused."""
    repo.write("a.json", A)
    repo.copy_in(item(n=1), "a.json")
    fd = os.open(repo.path("a 3.json"), os.O_WRONLY | os.O_CREAT)
    if not draft:
        refused(os.write, fd, b"{}}", code=errno.EINVAL)
    repo.copy_in(item(n=2), "a.json")
    assert repo.exists("a 4.json")
    if draft:
        os.rename(repo.path("a 3.json"), repo.path("b"))
    with contextlib.suppress(OSError):
        os.close(fd)
    wait_until("its end", lambda: not repo.exists("a 3.json"))
    repo.copy_in(item(n=3), "a.json")
    assert repo.read("a 3.json") == item(n=3)


def test_scratch_files_and_folders_take_numbers_too(repo):
    repo.write("a.json", A)
    os.mkdir(repo.path("a 2.json"))
    repo.run("touch", "a 3.json")
    repo.copy_in(B, "a.json")
    assert repo.read("a 4.json") == B


@pytest.mark.mount("overwrite=restore")
def test_the_thousandth_copy_is_as_quick_as_the_first(repo):
    repo.write("a.json", A)
    times = []
    for part in range(4):
        begin = time.monotonic()
        for n in range(500):
            repo.write("a.json", item(n=part * 500 + n))
        times.append(time.monotonic() - begin)
    assert len(repo.names()) == 2001
    assert repo.read("a 2001.json") == item(n=1999)
    assert min(times[1:]) < 2.5 * times[0]


# ---- identical copies ----

def test_an_identical_copy_is_numbered_too(repo):
    repo.write("a.json", A)
    repo.copy_in(A, "a.json")
    repo.copy_in(A, "a.json")
    assert repo.names() == ["a 2.json", "a 3.json", "a.json"]
    assert [o[1] for o in repo.outcomes()] == \
        ["created", "renamed", "renamed"]


def test_a_synchronizer_that_repeats_itself_finds_its_copy(repo):
    repo.write("a.json", A)
    source = repo.source("a.json", B)
    for _ in range(3):
        repo.run("rsync", "-a", source, "a.json")
    beside(repo)
    assert [o[1:] for o in repo.outcomes()] == [
        ("created", "a.json"), ("renamed", "a 2.json"),
        ("skipped", "a 2.json"), ("skipped", "a 2.json")]
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD


def test_a_synchronizer_finds_the_item_itself(repo):
    """Same bytes, another time: rsync sends it, and nothing comes of it."""
    repo.write("a.json", A)
    source = repo.source("a.json", A)
    repo.run("rsync", "-a", source, "a.json")
    assert repo.names() == ["a.json"]
    assert repo.last_outcome("a.json") == "skipped"


@pytest.mark.mount("identical=skip")
def test_identical_skip_makes_no_second_copy(repo):
    repo.write("a.json", A)
    repo.copy_in(A, "a.json")
    assert repo.names() == ["a.json"]
    repo.copy_in(B, "a.json")
    repo.copy_in(B, "a.json")
    beside(repo)
    assert [o[1] for o in repo.outcomes()] == \
        ["created", "skipped", "renamed", "skipped"]


@pytest.mark.mount("identical=number")
def test_identical_number_never_skips(repo):
    repo.write("a.json", A)
    source = repo.source("a.json", B)
    for _ in range(3):
        repo.run("rsync", "-a", source, "a.json")
    assert repo.names() == ["a 2.json", "a 3.json", "a 4.json", "a.json"]


# ---- the mount's option ----

@pytest.mark.mount("overwrite=edit")
def test_overwrite_edit_edits_whatever_comes(repo):
    repo.write("a.json", A)
    source = repo.source("a.json", B)
    repo.run("cp", "-p", source, "a.json")
    edited(repo)
    repo.source("a.json", C)
    repo.run("rsync", "-a", "--ignore-times", source, "a.json")
    edited(repo, versions=(A, B, C))
    repo.sh("rm a.json; printf '%s' '{\"n\": 1}' > a.json")
    assert repo.names() == ["a.json"]


@pytest.mark.mount("overwrite=edit")
def test_a_mirror_settles_with_overwrite_edit(repo):
    source = os.path.join(repo.base, "src")
    for n in range(5):
        repo.source(f"{n}.json", item(n=n))
    mirror = ["rsync", "-ai", "--delete", source + "/", repo.root + "/"]
    repo.run(*mirror)
    repo.source("1.json", item(n="other"), OLD + 100)
    repo.source("3.json", item(n=3), OLD + 100)  # nothing but its time
    os.unlink(os.path.join(source, "2.json"))
    assert repo.run(*mirror).stdout != ""
    assert repo.run(*mirror).stdout == ""
    assert repo.tree() == {f"{n}.json": read_all(f"{source}/{n}.json")
                           for n in (0, 1, 3, 4)}


@pytest.mark.mount("overwrite=restore")
@pytest.mark.parametrize("script", [
    "sed -i s/a/b/ a.json",
    "python3 -c \"t = open('a.json').read(); "
    "open('a.json', 'w').write(t.replace('a', 'b'))\"",
    "jq -c .n=\\\"b\\\" a.json > t && mv t a.json"])
def test_overwrite_restore_edits_nothing(repo, script):
    repo.write("a.json", A)
    repo.sh(script)
    assert repo.read("a.json") == A
    assert "a 2.json" in repo.names()
    assert len(repo.names()) == 2


# ---- seen and still current ----

def test_what_a_process_has_read_it_may_save(repo, actor):
    repo.write("a.json", A)
    one = actor()
    assert one.read("a.json") == A
    one.write("a.json", B)
    edited(repo)
    one.write("a.json", C)  # what it wrote itself it has seen
    edited(repo, versions=(A, B, C))


def test_what_a_process_has_not_read_it_may_not(repo, actor):
    repo.write("a.json", A)
    assert actor().write("a.json", B) is None
    beside(repo)


def test_a_stat_or_a_listing_is_no_reading(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("os.stat('a.json'); os.listdir('.')")
    one.write("a.json", B)
    beside(repo)


def test_the_same_bytes_make_no_version(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    assert one.write("a.json", A) is None
    edited(repo, versions=(A,))
    assert repo.last_outcome("a.json") == "unchanged"


def test_a_version_read_before_the_present_one_is_not_enough(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    repo.write("a.json", B)
    assert one.write("a.json", C) is None
    assert repo.read("a.json") == B
    assert repo.read("a 2.json") == C
    assert repo.versions("a.json") == [A, B]


def test_threads_of_a_process_are_one(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("""
def call(f):
    t = threading.Thread(target=f)
    t.start()
    t.join()
call(lambda: open("a.json").read())
call(lambda: open("a.json", "w").write(%r))
""" % B.decode())
    edited(repo)


def test_a_child_has_not_seen_what_its_parent_has(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("""
child = os.fork()
if child == 0:
    with open("a.json", "w") as f:
        f.write(%r)
    os._exit(0)
os.waitpid(child, 0)
""" % B.decode())
    beside(repo)


def test_a_handle_is_its_openers(repo, actor):
    """The program that writes to a handle is not asked."""
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("import subprocess; f = open('a.json', 'w'); "
           "subprocess.run(['printf', '%%s', %r], stdout=f); f.close()"
           % B.decode())
    edited(repo)


def test_a_search_through_everything_does_not_make_an_editor_forget(
        repo, actor):
    os.mkdir(repo.path("d"))
    for n in range(600):
        repo.write(f"d/{n}.json", item(n=n))
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    for _ in range(3):
        repo.sh("grep -r nothing . || true")
        repo.sh("for f in d/*.json; do read x < $f; done")
    one.write("a.json", B)
    assert repo.versions("a.json") == [A, B]


def test_a_mapping_that_was_read_counts_as_read(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("import mmap; f = open('a.json', 'rb'); "
           "m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); "
           "x = m[:]; m.close(); f.close()")
    one.write("a.json", B)
    edited(repo)


def test_a_partial_write_is_an_edit_by_anyone(repo):
    repo.write("a.json", b'{"n": 1}\n')
    repo.sh("printf 7 | dd of=a.json bs=1 seek=6 conv=notrunc status=none")
    edited(repo, versions=(b'{"n": 1}\n', b'{"n": 7}\n'))


# ---- copiers' marks ----

@pytest.mark.parametrize("when", ["before the close", "after the close"])
def test_a_time_in_the_past_marks_a_copier(repo, actor, when):
    repo.write("a.json", A)
    before = os.stat(repo.path("a.json"))
    one = actor()
    one.read("a.json")
    utime = f"os.utime('a.json', ({OLD}, {OLD}))"
    close = "f.close()"
    steps = [utime, close] if when == "before the close" else \
        [close, utime]
    one.do("f = open('a.json', 'w'); f.write(%r); f.flush()\n%s"
           % (B.decode(), "\n".join(steps)))
    beside(repo)
    after = os.stat(repo.path("a.json"))
    assert after.st_mtime_ns == before.st_mtime_ns
    assert after.st_size == before.st_size
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD
    assert repo.history("a.json")[-1]["change"] == "created"


def test_the_time_now_marks_nobody(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write("a.json", B)
    one.do("os.utime('a.json')")
    edited(repo)


def test_a_time_set_much_later_is_just_a_time(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write("a.json", B)
    time.sleep(3.3)
    one.do(f"os.utime('a.json', ({OLD}, {OLD}))")
    edited(repo)
    assert os.stat(repo.path("a.json")).st_mtime == OLD


def test_a_time_set_by_somebody_else_is_just_a_time(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write("a.json", B)
    repo.run("touch", "-d", "@1500000000", "a.json")
    edited(repo)
    assert os.stat(repo.path("a.json")).st_mtime == OLD


def test_refiling_takes_back_an_edit_that_others_have_read(repo, actor):
    """The item gets its former version back, for open files too."""
    old, new = text_of(8192, "o"), text_of(8192, "n")
    repo.write("a.json", old)
    one = actor()
    one.read("a.json")
    one.write("a.json", new)
    assert repo.read("a.json") == new
    keep = open(repo.path("a.json"), "rb")
    one.do(f"os.utime('a.json', ({OLD}, {OLD}))")
    assert repo.read("a.json") == old
    assert repo.sh("cat a.json").stdout.encode() == old
    keep.close()
    beside(repo, old=old, new=new)


@pytest.mark.parametrize("temp", [
    ".a.json.Ab12Cd", ".~tmp~/a.json", ".rsync-partial/a.json",
    "a.json.part", ".a.json.part"])
def test_a_copiers_temporary_name_means_restore(repo, actor, temp):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    if "/" in temp:
        os.mkdir(repo.path(os.path.dirname(temp)))
    one.write(temp, B)
    assert one.do(f"os.rename({temp!r}, 'a.json')") is None
    if "/" in temp:
        os.rmdir(repo.path(os.path.dirname(temp)))
    beside(repo)


@pytest.mark.parametrize("temp", ["tmpAb12Cd34", "sedAb12Cd", ".goutput",
                                  "a.json.tmp", ".a.json.swp"])
def test_an_editors_temporary_name_means_nothing(repo, actor, temp):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write(temp, B)
    one.do(f"os.rename({temp!r}, 'a.json')")
    edited(repo)


def test_a_temporary_file_with_a_time_in_the_past_is_a_copiers(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write("temp", B)
    one.do(f"os.utime('temp', ({OLD}, {OLD})); "
           "os.rename('temp', 'a.json')")
    beside(repo)
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD


def test_a_copy_out_of_a_snapshot_is_a_restore(repo, actor):
    repo.write("a.json", A)
    repo.write("a.json", B)
    number = repo.snapshot()
    repo.write("a.json", C)
    repo.sh(f"cp .snapshots/{number}/a.json a.json")
    assert repo.read("a.json") == C
    assert repo.read("a 2.json") == B
    one = actor()
    one.read("a.json")
    one.do(f"""
f = open(".snapshots/{number}/a.json", "rb")
t = open("a.json", "r+b")
t.truncate(0)
left = os.fstat(f.fileno()).st_size
while left:
    left -= os.copy_file_range(f.fileno(), t.fileno(), left)
f.close()
t.close()
""")
    assert repo.read("a.json") == C
    assert repo.read("a 3.json") == B


# ---- limbo ----

def test_unlink_and_create_by_a_stranger_is_a_restore(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("os.unlink('a.json')")
    assert not repo.exists("a.json")
    one.write("a.json", B)
    beside(repo)


def test_unlink_and_create_by_a_reader_is_an_edit(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("os.unlink('a.json')")
    one.write("a.json", B)
    edited(repo)
    assert [h["change"] for h in repo.history("a.json")] == \
        ["created", "edited"]


def test_rename_away_and_create_by_a_reader_is_an_edit(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("os.rename('a.json', 'a.json~')")
    one.write("a.json", B)
    one.do("os.unlink('a.json~')")
    edited(repo)


def test_rename_away_and_create_by_a_stranger_is_a_restore(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("os.rename('a.json', 'a.json~')")
    one.write("a.json", B)
    one.do("os.unlink('a.json~')")
    beside(repo)


def test_unlink_and_rename_in_by_a_stranger_is_a_restore(repo, actor):
    """As KIO does, and install by way of a temporary file."""
    repo.write("a.json", A)
    one = actor()
    one.write("a.json.part", B)
    one.do("os.unlink('a.json'); os.rename('a.json.part', 'a.json')")
    beside(repo)


def test_an_item_in_limbo_comes_back_when_the_new_one_is_refused(repo,
                                                                actor):
    repo.write("a.json", A)
    one = actor()
    one.do("os.unlink('a.json')")
    assert one.write("a.json", b"no json") == {"errno": errno.EINVAL}
    repo.wait_names("a.json")
    edited(repo, versions=(A,))


def test_an_item_in_limbo_comes_back_when_the_rename_is_refused(repo,
                                                               actor):
    repo.write("a.json", A)
    one = actor()
    one.write("a.json.part", b"no json")
    assert one.do("os.unlink('a.json'); "
                  "os.rename('a.json.part', 'a.json')") == \
        {"errno": errno.EINVAL}
    assert repo.read("a.json") == A
    assert len(repo.versions("a.json")) == 1


def test_a_failed_save_is_undone_by_the_editor_itself(repo, actor):
    """vim: rename away, create, refused, unlink, rename back."""
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("os.rename('a.json', 'a.json~')")
    assert one.write("a.json", b"no json") == {"errno": errno.EINVAL}
    one.do("os.path.lexists('a.json') and os.unlink('a.json')\n"
           "os.path.lexists('a.json~') and "
           "os.rename('a.json~', 'a.json')")
    repo.wait_names("a.json")
    edited(repo, versions=(A,))
    one.write("a.json", B)
    edited(repo)


def test_what_is_unlinked_stays_away(repo, actor):
    repo.write("a.json", A)
    actor().do("os.unlink('a.json')")
    actor().write("a.json", B)  # somebody else, a new item
    assert repo.names() == ["a.json"]
    assert repo.read("a.json") == B
    repo.remount()
    assert repo.names() == ["a.json"]
    assert repo.read("a.json") == B


def test_rm_then_create_in_a_shell_is_a_new_item(repo):
    repo.write("a.json", A)
    repo.sh("rm a.json; echo '{\"b\": 1}' > a.json")
    assert repo.names() == ["a.json"]
    assert repo.read("a.json") == b'{"b": 1}\n'
    assert repo.history("a.json")[-1]["change"] == "created"


def test_trash_and_back_keeps_the_history(repo, actor):
    repo.write("a.json", A)
    repo.write("a.json", B)
    os.makedirs(repo.path(".Trash-0/files"))
    actor().do("os.rename('a.json', '.Trash-0/files/a.json')")
    assert repo.names() == [".Trash-0"]
    actor().do("os.rename('.Trash-0/files/a.json', 'a.json')")
    assert repo.read("a.json") == B
    assert repo.versions("a.json") == [A, B]


# ---- renames over an item ----

def test_an_item_over_one_that_was_not_read_is_refused(repo):
    repo.write("a.json", A)
    repo.copy_in(B, "b.json")
    done = repo.run("mv", "b.json", "a.json", check=False)
    assert done.returncode != 0 and "File exists" in done.stderr
    assert repo.read("a.json") == A and repo.read("b.json") == B
    assert repo.sh("cat a.json b.json").stdout.encode() == A + B
    assert repo.names() == ["a.json", "b.json"]


def test_an_item_over_one_that_was_read_edits_it(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.write("b.json", B)
    assert one.do("os.rename('b.json', 'a.json')") is None
    edited(repo)
    assert repo.sh("cat a.json").stdout.encode() == B


def test_a_rename_counts_as_by_everyone_who_wrote_the_file(repo):
    for temp in ("tmp", "tmp.json"):
        name = f"{temp[-1]}.json"
        repo.write(name, A)
        repo.sh(f"jq -c '.n = \"b\"' {name} > {temp} && mv {temp} {name}")
        assert repo.versions(name) == [A, b'{"n":"b"}\n']
    assert repo.names() == ["n.json", "p.json"]


@pytest.mark.parametrize("keeps_open", [False, True])
def test_a_file_set_aside_is_of_who_wrote_it_last(repo, actor, keeps_open):
    """An editor has b.json open, and has once written what is called a.json.
    Somebody else has saved that since: moved over b.json, it is by nobody
    who has read b.json."""
    repo.write("b.json", B)
    editor, other = actor(), actor()
    editor.do("f = open('new', 'wb'); f.write(b'[1]'); f.flush(); "
              "os.fsync(f.fileno())")
    if not keeps_open:
        editor.do("f.close()")
    editor.do("os.rename('new', 'a.json')")
    editor.read("b.json")
    other.read("a.json")
    other.write("a.json", A)
    repo.sh("mv a.json a.old; mv a.old b.json")
    assert repo.names() == ["b 2.json", "b.json"]
    assert repo.read("b.json") == B and repo.read("b 2.json") == A


def test_a_file_set_aside_is_still_of_who_wrote_it(repo, actor):
    """With other names in between a rename means what it means at once."""
    one = actor()
    for name, way in (("a.json", "mv b.json a.json"),
                      ("c.json", "mv b.json old; mv old c.json")):
        repo.write(name, A)
        one.read(name)
        one.write("b.json", B)
        repo.sh(way)
        assert repo.versions(name) == [A, B]
    assert repo.names() == ["a.json", "c.json"]


def test_a_backup_put_back_where_nothing_has_changed_is_no_copy(repo, actor):
    """A script sets an item aside, and what it writes instead is refused: the
    item is there again before the script puts it back."""
    actor().write("a.json", A)
    script = actor()
    script.do("os.rename('a.json', 'a.old')")
    assert script.write("a.json", b"no json") == {"errno": errno.EINVAL}
    repo.wait_names("a.json", "a.old")
    script.do("os.rename('a.old', 'a.json')")
    edited(repo, versions=(A,))


def test_a_diverted_rename_shows_the_old_item_at_once(repo, actor):
    """The kernel moves the name by itself; it must be told otherwise."""
    old, new = text_of(8192, "o"), text_of(9000, "n")
    repo.write("a.json", old)
    one = actor()  # which may not read it, else it edits
    for n in range(50):
        one.write("temp", new)
        seen = one.do("os.rename('temp', 'a.json'); "
                      "answer = os.stat('a.json').st_size")
        assert repo.read("a.json") == old
        assert seen == len(old)
        assert repo.read(f"a {n + 2}.json") == new
    assert len(repo.names()) == 51


# ---- what a diverted process does next ----

def test_what_a_copy_gets_late_is_seen_by_who_has_looked_at_it(repo, actor):
    """A file manager that watches the folder does that at once."""
    repo.write("a.json", A)
    one = actor()
    one.write("a.json", B)
    before = os.stat(repo.path("a 2.json"))
    assert before.st_mtime != OLD
    one.do(f"os.utime('a.json', ({OLD}, {OLD}))")
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD
    one.do("os.chmod('a.json', 0o600)")
    assert os.stat(repo.path("a 2.json")).st_mode & 0o777 == 0o600
    assert os.stat(repo.path("a.json")).st_mode & 0o777 != 0o600


def test_attributes_after_a_diverted_copy_are_the_copys(repo):
    repo.write("a.json", A)
    os.chmod(repo.path("a.json"), 0o640)
    os.utime(repo.path("a.json"), (OLD + 7, OLD + 7))
    source = repo.source("a.json", B, mode=0o604)
    os.chown(source, 1234, 2345)
    for n, program in enumerate((["cp", "-a"], ["rsync", "-a", "--inplace"],
                                 ["install", "-p", "-m", "604", "-o", "1234",
                                  "-g", "2345"])):
        repo.source("a.json", item(n=n), mode=0o604)
        repo.run(*program, source, "a.json")
        copy = os.stat(repo.path(f"a {n + 2}.json"))
        assert (oct(copy.st_mode), copy.st_uid, copy.st_gid,
                copy.st_mtime) == ("0o100604", 1234, 2345, OLD)
        st = os.stat(repo.path("a.json"))
        assert (oct(st.st_mode), st.st_uid, st.st_gid, st.st_mtime) == \
            ("0o100640", 0, 0, OLD + 7)
    assert repo.read("a.json") == A


def test_an_unlink_before_the_close_of_what_is_refused_removes_nothing(
        repo, actor):
    """A program that hears of it from write() cleans up at once."""
    repo.write("a.json", A)
    one = actor()
    one.read("a.json")
    one.do("fd = os.open('a.json', os.O_WRONLY | os.O_TRUNC)")
    assert one.do("os.write(fd, b'no json')") == {"errno": errno.EINVAL}
    one.do("os.unlink('a.json'); os.close(fd)")
    assert repo.read("a.json") == A
    assert repo.names() == ["a.json"]
    # What it saves after that, of what it has seen, is an edit.
    one.do("fd = os.open('a.json', os.O_WRONLY | os.O_TRUNC)")
    one.do("os.write(fd, b'no json')")
    one.do("os.ftruncate(fd, 0); os.pwrite(fd, b'{}', 0); os.close(fd)")
    assert repo.read("a.json") == b"{}"
    one.do("os.unlink('a.json')")
    assert repo.names() == []


@pytest.mark.parametrize("data", [B, b"no json"], ids=["diverted",
                                                       "refused"])
def test_an_unlink_after_that_removes_nothing_of_the_original(
        repo, actor, data):
    """rclone and node unlink what they could not copy."""
    repo.write("a.json", A)
    one = actor()
    one.write("a.json", data)
    one.do("os.unlink('a.json')")
    repo.wait_names("a.json")
    edited(repo, versions=(A,))
    assert actor().do("os.unlink('a.json')") is None
    assert repo.names() == []


def test_others_mean_the_original_all_the_while(repo, actor):
    repo.write("a.json", A)
    actor().write("a.json", B)
    repo.run("chmod", "600", "a.json")
    assert oct(os.stat(repo.path("a.json")).st_mode) == "0o100600"
    assert oct(os.stat(repo.path("a 2.json")).st_mode) == "0o100644"
    repo.run("rm", "a.json")
    assert repo.names() == ["a 2.json"]


def test_a_second_save_of_the_same_handle_goes_where_the_first_went(
        repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.do("f = open('a.json', 'w'); f.write(%r); f.flush(); "
           "os.fsync(f.fileno())" % B.decode())
    assert repo.read("a.json") == A and repo.read("a 2.json") == B
    one.do("f.write(' '); f.flush(); os.fsync(f.fileno()); f.close()")
    beside(repo, new=B + b" ")


# ---- what shells do ----

@pytest.mark.parametrize("script", [
    "echo '{}' > a.json", "sh -c \"echo '{}' > a.json\"",
    "printf '%s\\n' '{}' > a.json",
    "cat a.json > /dev/null; cat > a.json <<E\n{}\nE",
    "jq -c '{}' a.json | tee a.json > /dev/null",
    "x=$(jq -c '{}' a.json); echo \"$x\" > a.json",
    "jq -c '{}' a.json > $HOME/t && cp $HOME/t a.json",
    "jq -c '{}' a.json > $HOME/t && mv $HOME/t a.json",
    "python3 -c \"open('a.json', 'w').write('{}\\n')\"",
    "cp a.json $HOME/t; echo '{}' > $HOME/t; cp $HOME/t a.json"])
def test_a_program_that_has_not_read_the_item_makes_a_copy(repo, script):
    repo.write("a.json", A)
    repo.sh(script)
    beside(repo, new=b"{}\n")


# ---- batches and the report ----

def test_every_outcome_is_reported(repo, actor):
    repo.write("a.json", A)
    repo.copy_in(B, "a.json")
    repo.write("a.json", C)
    repo.write("a.json", C)
    repo.copy_in(b"{", "a.json")
    source = repo.source("s.json", B)
    os.mkdir(repo.path("d"))
    repo.run("rsync", "-a", source, "d/a.json")
    repo.run("rsync", "-a", "--ignore-times", source, "d/a.json")
    assert repo.outcomes() == [
        ("a.json", "created", "a.json"), ("a.json", "renamed", "a 2.json"),
        ("a.json", "edited", "a.json"), ("a.json", "unchanged", "a.json"),
        ("a.json", "rejected", None), ("d/a.json", "created", "d/a.json"),
        ("d/a.json", "skipped", "d/a.json")]
    assert repo.outcomes("d") == [("a.json", "created", "a.json"),
                                  ("a.json", "skipped", "a.json")]
    assert "column" in repo.report()[4]["reason"]
    assert {r["program"] for r in repo.report()} > {"cp", "rsync"}
    assert {r["user"] for r in repo.report()} == {"root"}


def batches(repo):
    return [(r["status"], r["counts"]) for r in repo.revisions()
            if r["kind"] == "restore"]


def test_what_one_process_copies_is_one_batch(repo):
    for n in range(5):
        repo.source(f"in/d/{n}.json", item(n=n))
    source = os.path.join(repo.base, "src/in/d")
    repo.run("cp", "-r", source, ".")
    repo.run("cp", "-r", source, ".")
    repo.snapshot()
    found = batches(repo)
    assert [status for status, _ in found] == ["completed", "completed"]
    assert found[0][1]["created"] == 5
    assert found[1][1]["renamed"] == 5
    assert len(repo.names("d")) == 10


def test_a_batch_is_undone_in_one_line(repo):
    repo.write("a.json", A)
    before = repo.tree()
    for n in range(5):
        repo.source(f"in/d/e/{n}.json", item(n=n))
    repo.source("in/a.json", B)
    repo.run("cp", "-r", os.path.join(repo.base, "src/in") + "/.", ".")
    batch = repo.revisions()[-1]
    assert batch["kind"] == "restore"
    after = repo.tree()
    assert len(after) == 9
    repo.revert(f"undo {batch['id']}")
    assert repo.tree() == before
    repo.revert(f"after {batch['id']}")
    assert repo.tree() == after
    repo.revert(f"before {batch['id']}")
    assert repo.tree() == before


def test_one_new_item_is_no_revision(repo):
    repo.copy_in(A, "a.json")
    repo.snapshot()
    assert batches(repo) == []
    repo.copy_in(B, "a.json")
    assert len(batches(repo)) == 1
    repo.copy_in(b"{", "b.json")
    assert len(batches(repo)) == 2


def test_an_edit_is_in_no_batch(repo):
    repo.write("a.json", A)
    repo.snapshot()
    for n in range(5):
        repo.write("a.json", item(n=n))
    repo.sh("sed -i s/4/9/ a.json")
    repo.snapshot()
    assert batches(repo) == []


def test_a_batch_is_in_progress_until_it_ends(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.write("a.json", B)
    assert [s for s, _ in batches(repo)] == ["in progress"]
    one.write("a.json", C)
    repo.remount()
    assert [s for s, _ in batches(repo)] == ["completed"]
    assert batches(repo)[0][1]["renamed"] == 2


def test_a_batch_cut_short_is_failed(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.write("a.json", B)
    one.write("a.json", C)
    one.end()
    repo.kill()
    repo.mount()
    assert [s for s, _ in batches(repo)] == ["failed"]
    repo.revert(f"before {repo.revisions()[-1]['id']}")
    assert repo.names() == ["a.json"]


@pytest.mark.slow
def test_a_pause_of_ten_seconds_ends_a_batch(repo, actor):
    repo.write("a.json", A)
    one = actor()
    one.write("a.json", B)
    time.sleep(12.5)
    assert [s for s, _ in batches(repo)] == ["completed"]
    one.write("a.json", C)
    assert [s for s, _ in batches(repo)] == ["completed", "in progress"]
