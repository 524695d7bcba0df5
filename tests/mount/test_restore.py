"""Archives that real programs make, copied onto .control/restore and
.control/repository.tar, and the commands restore and report."""

import io
import json
import os
import random
import re
import tarfile
import time
import zipfile

import pytest

import harness
from harness import OLD, item, read_all, run, write_all
from test_references import action_map, check_two_copies

SRC = {
    "rules/A.json": item(n=2),
    "rules/sub/B.json": item(n=3),
    "action_maps/M.json": action_map("/rules/A"),
}


def sources(repo, files=None):
    """A folder outside the mount that holds these."""
    for name, data in (files or SRC).items():
        repo.source(name, data)
    return os.path.join(repo.base, "src")


def gnu_tar(repo, *options, files=None):
    path = os.path.join(repo.base, "a.tar")
    run(["tar", "-C", sources(repo, files), *options, "-cf", path, "."])
    return path


def info_zip(repo):
    path = os.path.join(repo.base, "a.zip")
    run(["zip", "-qr", path, "."], cwd=sources(repo))
    return path


def python_tar(repo, members, name="p.tar"):
    """[(name, bytes or None: a folder)]"""
    path = os.path.join(repo.base, name)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member, data in members:
            info = tarfile.TarInfo(member)
            info.mtime = OLD
            if data is None:
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return path


def restore(repo, archive, folder="", name="restore", **kw):
    """cp onto the control file."""
    return repo.run("cp", archive, repo.control(name, folder), **kw)


def result(repo, folder=""):
    return read_all(repo.control("restore", folder)).decode().splitlines()


def content(repo):
    """What a failed restore must leave: the tree, the record, the report."""
    return (repo.tree(), repo.revisions(),
            [line["path"] for line in repo.report()])


def fill(repo):
    os.makedirs(repo.path("rules"))
    os.makedirs(repo.path("action_maps"))
    repo.write("rules/A.json", item(n=1))
    repo.write("action_maps/Own.json", action_map("/rules/A"))


# ---- archives of all sorts ----

def makers():
    return {
        "tar": gnu_tar,
        "ustar": lambda r: gnu_tar(r, "--format=ustar"),
        "pax": lambda r: gnu_tar(r, "--format=posix"),
        "gzip": lambda r: gnu_tar(r, "-z"),
        "zstd": lambda r: gnu_tar(r, "--zstd"),
        "xz": lambda r: gnu_tar(r, "-J"),
        "bzip2": lambda r: gnu_tar(r, "-j"),
        "zip": info_zip,
    }


@pytest.mark.parametrize("how", list(makers()))
def test_an_archive_comes_with_its_folders(repo, how):
    archive = makers()[how](repo)
    fill(repo)
    restore(repo, archive)
    assert repo.read("rules/A.json") == item(n=1)
    assert repo.read("rules/A 2.json") == item(n=2)
    assert repo.read("rules/sub/B.json") == item(n=3)
    assert repo.read("action_maps/M.json") == action_map("/rules/A 2")
    assert repo.read("action_maps/Own.json") == action_map("/rules/A")
    st = os.stat(repo.path("rules/A 2.json"))
    assert (st.st_mode & 0o777, int(st.st_mtime)) == (0o644, OLD)
    last = repo.revisions()[-1]
    assert (last["kind"], last["status"]) == ("restore", "completed")
    assert (last["counts"]["created"], last["counts"]["renamed"]) == (2, 1)
    assert result(repo)[-1].startswith("restore: 2 created, 1 renamed")
    repo.revert(f"before {last['id']}")
    assert sorted(repo.tree()) == ["action_maps/", "action_maps/Own.json",
                                   "rules/", "rules/A.json"]
    repo.check()


def test_python_makes_archives_too(repo):
    path = python_tar(repo, [("x/A.json", item(n=1)), ("x", None)])
    restore(repo, path)
    zipped = os.path.join(repo.base, "p.zip")
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x/A.json", item(n=2))
        z.writestr("\u00fcber/B.json", item(n=3))
    restore(repo, zipped)
    assert repo.read("x/A 2.json") == item(n=2)
    assert repo.read("\u00fcber/B.json") == item(n=3)
    repo.check()


@pytest.mark.parametrize("name", ["restore", "repository.tar"])
def test_a_restore_is_undone_without_what_came_later(repo, name):
    fill(repo)
    before = repo.tree()
    restore(repo, gnu_tar(repo), name=name)
    number = repo.revisions()[-1]["id"]
    repo.write("later.json", item(n=9))
    repo.revert(f"undo {number}")
    assert repo.tree() == {**before, "later.json": item(n=9)}
    repo.check()


def test_it_comes_into_the_folder_whose_control_file_it_is(repo):
    archive = python_tar(repo, [("A.json", item(n=2))])
    fill(repo)
    restore(repo, archive, "rules")
    assert repo.names("rules") == ["A 2.json", "A.json"]
    assert repo.revisions("rules")[-1]["scope"] == "/rules"


@pytest.mark.parametrize("how", [
    "cat '{}' > .control/restore",
    "dd if='{}' of=.control/restore bs=700 status=none",
    "dd if='{}' of=.control/restore conv=fsync,notrunc status=none",
    "cp -p '{}' .control/restore",
    "cp --sparse=always '{}' '{}.sparse' && cp '{}.sparse' .control/restore",
    "( cat '{}' ) > .control/restore",
    "{ cat '{}'; } > .control/restore",
    "cat '{}' >> .control/restore; "
    "(echo dry-run; cat '{}') >> .control/restore",
    "exec 3<> .control/restore; cat '{}' >&3; exec 3>&-",
])
def test_programs_that_copy(repo, how):
    archive = gnu_tar(repo)
    fill(repo)
    repo.sh(how.replace("{}", archive))
    assert repo.exists("rules/sub/B.json")
    assert not repo.exists("rules/sub/B 2.json")
    if "dry-run" in how:
        assert result(repo)[-1].startswith("would restore: 0 created, 3 ren")
    else:
        assert result(repo)[-1].startswith("restore: 2 created, 1 renamed")


def test_tar_writes_there_itself(repo):
    src = sources(repo)
    fill(repo)
    repo.run("tar", "-C", src, "-cf", repo.control("restore"), ".")
    assert repo.exists("rules/A 2.json")
    done = repo.run("tar", "-C", src, "-cf", repo.control("restore", "rules"),
                    "rules/A.json", "nix", check=False)
    assert done.returncode == 2  # of its own: what is there is an archive
    assert repo.exists("rules/rules/A.json")


def test_the_kernel_hears_of_it_before_the_close_returns(repo, actor):
    archive = gnu_tar(repo)
    fill(repo)
    other = actor()
    assert other.do("answer = sorted(os.listdir('rules'))") == ["A.json"]
    for n in range(2, 30):
        restore(repo, archive)
        names = other.do("answer = sorted(os.listdir('rules'))")
        assert f"A {n}.json" in names
        assert other.read(f"rules/A {n}.json") == item(n=2)


def test_a_preview_changes_nothing_and_is_right(repo):
    archive = gnu_tar(repo)
    fill(repo)
    before = content(repo)
    repo.sh(f"(echo dry-run; cat '{archive}') > .control/restore")
    told = result(repo)
    assert "rules/A.json -> rules/A 2.json" in told
    assert 'action_maps/M.json: pairs[0].rule: "/rules/A" -> "/rules/A 2"' \
        in told
    assert content(repo) == before
    restore(repo, archive)
    assert told[:-1] == result(repo)[:-1]


# ---- what is refused ----

def refuses(repo, archive, why, folder="", name="restore"):
    before = content(repo)
    done = restore(repo, archive, folder, name, check=False)
    assert done.returncode != 0 and "nvalid argument" in done.stderr, \
        done.stderr
    assert re.search(why, repo.errors()[-1]), repo.errors()[-1]
    assert result(repo, folder)[-1].startswith("error: ")
    assert content(repo) == before


def test_one_bad_item_refuses_all(repo):
    fill(repo)
    archive = python_tar(repo, [("rules/X.json", item(n=1)),
                                ("rules/Y.json", b'{\n "a": nul }'),
                                ("rules/Z.json", item(n=1))])
    for name in ("restore", "repository.tar"):
        refuses(repo, archive, r"rules/Y\.json, line 2, column \d+", name=name)
    repo.check()


@pytest.mark.parametrize("what", [b"hello\n" * 300, b"\0" * 4096,
                                  random.Random(4).randbytes(5000)])
def test_what_is_no_archive_is_refused(repo, what):
    fill(repo)
    path = os.path.join(repo.base, "no")
    write_all(path, what)
    for name in ("restore", "repository.tar"):
        refuses(repo, path, "archive", name=name)


@pytest.mark.parametrize("member", ["../X.json", "/X.json", "a/../../X.json"])
def test_nothing_is_written_outside(repo, member):
    fill(repo)
    archive = python_tar(repo, [("rules/X.json", item(n=1)),
                                (member, item(n=1))])
    refuses(repo, archive, re.escape(member.strip("/")), "rules")
    refuses(repo, archive, re.escape(member.strip("/")),
            name="repository.tar")


def test_a_name_twice_is_refused(repo):
    fill(repo)
    archive = python_tar(repo, [("rules/X.json", item(n=1)),
                                ("rules/X.json", item(n=2))])
    refuses(repo, archive, "rules/X.json")


@pytest.mark.parametrize("how", ["tar", "zstd", "zip"])
def test_an_archive_that_is_cut_is_refused(repo, how):
    archive = makers()[how](repo)
    fill(repo)
    data = read_all(archive)
    before = content(repo)
    cut = os.path.join(repo.base, "cut")
    # The zeros at the end of a tar are its end, and more than it needs.
    end = len(data.rstrip(b"\0")) if how == "tar" else len(data)
    step = max(1, end // 40)
    for size in [*range(1, end, step), end - 1]:
        write_all(cut, data[:size])
        for name in ("restore", "repository.tar"):
            done = restore(repo, cut, name=name, check=False)
            assert done.returncode != 0, (name, size)
    assert content(repo) == before
    restore(repo, archive)
    repo.check()


def test_what_is_no_item_is_said(repo):
    archive = python_tar(repo, [("rules/X.json", item(n=1)),
                                ("rules/notes.txt", b"hello"),
                                (".git/config", b"hello")])
    restore(repo, archive)
    assert sorted(repo.tree()) == ["rules/", "rules/X.json"]
    assert repo.outcomes() == [("rules/X.json", "created", "rules/X.json"),
                               ("rules/notes.txt", "skipped", None),
                               (".git/config", "skipped", None)]
    assert repo.revisions()[-1]["counts"]["skipped"] == 2


def test_the_report_says_what_was_rewritten(repo):
    archive = gnu_tar(repo)
    fill(repo)
    restore(repo, archive)
    lines = {line["path"]: line for line in repo.report()}
    revision = repo.revisions()[-1]["id"]
    assert lines["action_maps/M.json"]["references"] == [
        {"at": "pairs[0].rule", "sent": "/rules/A", "now": "/rules/A 2"}]
    assert lines["action_maps/M.json"]["revision"] == revision
    assert lines["rules/A.json"]["references"] == []
    # What is copied file by file tells it, too.
    repo.sh(f"cp -r '{os.path.join(repo.base, 'src')}'/* .")
    lines = {line["went"]: line for line in repo.report()}
    assert lines["action_maps/M 2.json"]["references"] == [
        {"at": "pairs[0].rule", "sent": "/rules/A", "now": "/rules/A 3"}]
    assert lines["action_maps/M 2.json"]["revision"] == \
        repo.revisions()[-1]["id"] == revision + 1


# ---- in full ----

def test_the_repository_becomes_what_the_archive_is(repo):
    archive = gnu_tar(repo)
    fill(repo)
    repo.write("rules/gone.json", item(n=9))
    repo.write("rules/note.txt", "stays\n")
    before = repo.tree()
    history = len(repo.history("rules/A.json"))
    with open(repo.path("rules/gone.json"), "rb") as held:
        restore(repo, archive, name="repository.tar")
        assert held.read() == item(n=9)
    src = os.path.join(repo.base, "src")
    assert repo.tree() == {**harness.files_below(src),
                           "rules/note.txt": b"stays\n"}
    os.remove(repo.path("rules/note.txt"))
    harness.same_tree(src, repo.root, 0)
    repo.write("rules/note.txt", "stays\n")
    assert len(repo.history("rules/A.json")) == history + 1
    revisions = repo.revisions()
    assert [r["kind"] for r in revisions[-2:]] == ["snapshot", "restore"]
    count = len(revisions)
    restore(repo, archive, name="repository.tar")  # nothing to do
    assert len(repo.revisions()) == count
    repo.revert(f"before {revisions[-1]['id']}")
    assert repo.tree() == before
    repo.check()


def test_who_stands_in_a_folder_or_reads_an_item_sees_the_new(repo, actor):
    fill(repo)
    archive = gnu_tar(repo)
    other = actor()
    assert other.read("rules/A.json") == item(n=1)
    assert other.do("os.chdir('rules'); answer = os.listdir('.')") == \
        ["A.json"]
    restore(repo, archive, name="repository.tar")
    assert other.read("A.json") == item(n=2)
    assert other.do("answer = sorted(os.listdir('.'))") == ["A.json", "sub"]
    assert other.do("answer = os.path.exists('../action_maps/Own.json')") \
        is False


@pytest.mark.parametrize("name", ["restore", "repository.tar"])
def test_a_file_that_is_being_written_is_not_lost(repo, name):
    fill(repo)
    archive = python_tar(repo, [("rules/X.json", item(n=2))])
    fd = os.open(repo.path("rules/X.json"), os.O_CREAT | os.O_WRONLY)
    try:
        restore(repo, archive, name=name)
        os.write(fd, item(own=1))
    finally:
        os.close(fd)
    if name == "restore":
        assert repo.read("rules/X.json") == item(own=1)
        assert repo.read("rules/X 2.json") == item(n=2)
    else:
        assert repo.read("rules/X.json") == item(n=2)
        assert repo.read("rules/X.json.scratch") == item(own=1)
    repo.check()


def test_what_was_read_before_a_full_restore_is_no_edit(repo, actor):
    """Somebody else's version is not overwritten unseen."""
    fill(repo)
    other = actor()
    assert other.read("rules/A.json") == item(n=1)
    restore(repo, python_tar(repo, [("rules/A.json", item(n=2))]),
            name="repository.tar")
    other.write("rules/A.json", item(mine=1))
    assert repo.read("rules/A.json") == item(n=2)
    assert repo.read("rules/A 2.json") == item(mine=1)
    # What is restored as it was is still what was seen.
    assert other.read("rules/A.json") == item(n=2)
    restore(repo, python_tar(repo, [("rules/A.json", item(n=2))]),
            name="repository.tar")
    other.write("rules/A.json", item(mine=2))
    assert repo.read("rules/A.json") == item(mine=2)


def test_only_the_owner_restores_in_full(shared_repo):
    repo = shared_repo
    archive = python_tar(repo, [("X.json", item(n=1))])
    os.chmod(archive, 0o644)
    repo.write("A.json", item(n=1))
    os.makedirs(repo.path("open"))
    os.chmod(repo.path("open"), 0o777)

    def as_nobody(*args):
        return run(["setpriv", "--reuid=65534", "--regid=65534",
                    "--clear-groups", repo.bin, *args], cwd=repo.base,
                   check=False)

    def try_to_copy(name, folder=""):
        return run(["setpriv", "--reuid=65534", "--regid=65534",
                    "--clear-groups", "cp", archive,
                    repo.control(name, folder)], check=False)

    for done in (try_to_copy("repository.tar"), try_to_copy("restore"),
                 as_nobody("restore", "--full", archive, repo.root),
                 as_nobody("restore", archive, repo.root)):
        assert done.returncode != 0
        assert re.search("ermission denied|may not write", done.stderr), \
            done.stderr
    assert sorted(repo.tree()) == ["A.json", "open/"]
    assert not os.path.exists(repo.control("repository.tar", "open"))
    # The group may write it if it may write the root.
    os.chmod(repo.root, 0o775)
    assert os.stat(repo.control("repository.tar")).st_mode & 0o777 == 0o660
    os.chmod(repo.root, 0o755)
    assert os.stat(repo.control("repository.tar")).st_mode & 0o777 == 0o640
    # Where he may write he may restore, and what comes is his.
    assert try_to_copy("restore", "open").returncode == 0
    assert os.stat(repo.path("open/X.json")).st_uid == 65534
    repo.check()


def test_killed_at_any_instant_it_is_the_old_or_the_new(make_repo):
    repo = make_repo(hang=400).mount()
    old = [(f"d{n % 20}/old {n}.json", item(n=n, old=True))
           for n in range(1500)]
    both = [(f"d{n % 20}/both {n}.json", item(n=n, old=True))
            for n in range(1500)]
    new = [(f"d{n % 23}/new {n}.json", item(n=n)) for n in range(1500)]
    new += [(name, item(new=True)) for name, _ in both]
    first = python_tar(repo, old + both, "old.tar")
    second = python_tar(repo, new, "new.tar")
    rng = random.Random(harness.SEED or 7)
    restore(repo, first, name="repository.tar")
    trees = []
    took = 0.0
    for archive in (second, first):
        begin = time.monotonic()
        restore(repo, archive, name="repository.tar")
        took = max(took, time.monotonic() - begin)
        trees.insert(0, repo.tree())
    ends = {0: 0, 1: 0}
    for turn in range(10):
        repo.sh("true")
        child = harness.subprocess.Popen(
            ["cp", second, repo.control("repository.tar")],
            stderr=harness.subprocess.DEVNULL)
        time.sleep(rng.uniform(0.1, 1.1) * took)
        repo.kill()
        child.wait()
        repo.mount()
        tree = repo.tree()
        assert tree in trees, f"turn {turn}: neither the old nor the new"
        ends[trees.index(tree)] += 1
        repo.check()
        restore(repo, first, name="repository.tar")
        assert repo.tree() == trees[0]
    assert ends[0] > 0, "no kill came before the end"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["restore", "repository.tar"])
def test_memory_does_not_grow_with_items(make_repo, name):
    repo = make_repo(hang=400).mount()
    count = 20000
    archive = python_tar(repo, [
        (f"action_maps/{n % 50}/Map {n}.json",
         action_map(f"/rules/{n % 50}/Rule {n}")) for n in range(count // 2)
    ] + [
        (f"rules/{n % 50}/Rule {n}.json", item(n=n, text="x" * 300))
        for n in range(count // 2)])
    rounds = 2
    for _ in range(rounds):
        restore(repo, archive, name=name, limit=120)
    assert re.search(r"\b20000 (created|renamed|unchanged)",
                     result(repo)[-1])
    status = read_all(f"/proc/{repo.proc.pid}/status").decode()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
    print(f"peak {peak} KiB")
    assert peak < 64 * 1024
    if name == "restore":
        assert repo.read("action_maps/7/Map 7 2.json") == \
            action_map("/rules/7/Rule 7 2")


@pytest.mark.parametrize("name", ["restore", "repository.tar"])
def test_a_full_disk_changes_nothing(tmp_path, small_disk, name):
    repo = harness.Repo(tmp_path)
    repo.file = str(small_disk / "demo.repo")
    repo.init().mount()
    try:
        fill(repo)
        before = content(repo)
        # Text that does not compress.
        large = python_tar(repo, [
            (f"rules/{n}.json", item(text=os.urandom(30000).hex()))
            for n in range(400)], "large.tar")
        small = python_tar(repo, [("rules/A.json", item(n=2))], "small.tar")
        done = restore(repo, large, name=name, check=False)
        assert done.returncode != 0 and "No space left" in done.stderr
        assert result(repo)[-1].startswith("error: ")
        assert content(repo) == before
        restore(repo, small, name=name)
        assert item(n=2) in repo.tree().values()
    finally:
        repo.close()
    repo.check()


# ---- a real repository ----

@pytest.fixture
def corpus(tmp_path):
    if not os.path.isdir(os.path.join(harness.CORPUS, "1integrate")):
        pytest.skip("the corpus is not at hand")
    return harness.corpus(tmp_path)


@pytest.mark.parametrize("how", ["cp", "command", "file"])
def test_a_real_repository_is_restored_over_itself(repo, corpus, how):
    archive = os.path.join(repo.base, "all.tar")
    run(["tar", "-C", corpus, "-cf", archive, "."])
    if how == "file":
        repo.umount()

    def put():
        if how == "cp":
            restore(repo, archive)
        else:
            repo.cli("restore", archive,
                     repo.root if how == "command" else repo.file)

    put()
    if how == "file":
        repo.mount()
    assert run(["diff", "-r", corpus, repo.root]).stdout == ""
    if how == "file":
        repo.umount()
    put()
    if how == "file":
        repo.mount()
    check_two_copies(repo, corpus)
    last = repo.revisions()[-1]
    assert last["counts"]["renamed"] == 607
    told = sum(len(line["references"]) for line in repo.report()
               if line["revision"] == last["id"])
    assert told == 1383
    repo.revert(f"before {last['id']}")
    assert run(["diff", "-r", corpus, repo.root]).stdout == ""
    # In full only times of folders are put right, and then nothing.
    restore(repo, archive, name="repository.tar")
    assert "0 created, 607 unchanged" in result(repo)[-1]
    count = len(repo.revisions())
    restore(repo, archive, name="repository.tar")
    assert len(repo.revisions()) == count
    repo.check()


# ---- the command line ----

def test_the_command_previews_restores_and_reports(repo):
    archive = gnu_tar(repo)
    fill(repo)
    before = content(repo)
    told = repo.cli("restore", "--dry-run", archive, repo.root).stdout
    assert "rules/A.json -> rules/A 2.json\n" in told
    assert content(repo) == before
    lines = [json.loads(line) for line in
             repo.cli("restore", "--json", archive, repo.root)
             .stdout.splitlines()]
    assert {"path": "rules/A.json", "outcome": "renamed",
            "went": "rules/A 2.json"} in lines
    assert lines[-1]["renamed"] == 1 and lines[-1]["references"] == 1
    revision = str(lines[-1]["revision"])
    for words in (["--last"], ["--revision", revision]):
        told = repo.cli("report", *words, repo.root).stdout.splitlines()
        assert len(told) == 3
        row = [line.split("\t") for line in told
               if "action_maps/M.json" in line][0]
        assert row[3] == "created"
        assert row[7] == "pairs[0].rule: /rules/A -> /rules/A 2"
    told = repo.cli("report", "--json", "--last", repo.root).stdout
    assert all(json.loads(line)["revision"] == int(revision)
               for line in told.splitlines())
    # A second time nothing is new.
    told = repo.cli("restore", "--once", archive, repo.root).stdout
    assert "skipped (revision %d)\n" % (int(revision) + 1) in told


def test_the_command_reads_its_standard_input(repo):
    archive = gnu_tar(repo)
    fill(repo)
    repo.sh(f"cat '{archive}' | '{repo.bin}' restore - .")
    assert repo.exists("rules/A 2.json")
    repo.sh(f"zstd -qc '{archive}' | '{repo.bin}' restore --full --yes - .")
    assert repo.names("rules") == ["A.json", "sub"]
    repo.umount()
    run(["bash", "-c", f"cat '{archive}' | '{repo.bin}' restore --in rules "
         f"- '{repo.file}'"])
    repo.mount()
    assert repo.names("rules/rules") == ["A.json", "sub"]
    repo.check()


def test_the_command_says_why_not(repo):
    fill(repo)
    cut = os.path.join(repo.base, "cut")
    write_all(cut, read_all(gnu_tar(repo))[:2000])
    for words, why in (
            ([cut, repo.root], "the archive is cut"),
            (["/nix.tar", repo.root], "No such file"),
            ([cut, repo.path("nix")], "no folder"),
            (["--full", cut, repo.path("rules")], "whole repository")):
        done = repo.cli("restore", *words, check=False)
        assert done.returncode == 1, words
        assert re.search(why, done.stderr), done.stderr
    assert repo.cli("restore", check=False).returncode == 2
    assert repo.cli("restore", "--full", cut, check=False).returncode == 2


def test_a_full_restore_asks_on_a_terminal(repo, terminal):
    archive = gnu_tar(repo)
    fill(repo)
    before = repo.tree()
    ask = [repo.bin, "restore", "--full", archive, repo.root]
    for answer, after in (("n", before), ("y", None)):
        one = terminal(ask)
        one.wait("Go on?")
        one.type(answer + "\n")
        one.wait_end()
        if after is not None:
            assert repo.tree() == after
    assert repo.tree() == harness.files_below(os.path.join(repo.base, "src"))


def test_a_mount_for_reading_takes_nothing(repo):
    archive = gnu_tar(repo)
    fill(repo)
    repo.remount("ro")
    assert restore(repo, archive, check=False).returncode != 0
    assert repo.exists("rules/A.json") and not repo.exists("rules/A 2.json")




# ---- with the backups of .control ----

@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_backup_comes_back(repo, corpus, kind):
    """All of it is deleted, and is again as it was."""
    repo.sh(f"cp -a '{corpus}'/* .")
    backup = os.path.join(repo.base, "backup." + kind)
    run(["cp", repo.control("backup." + kind), backup])
    repo.sh("rm -r *")
    assert repo.tree() == {}
    restore(repo, backup)
    grain = 1 if kind == "tar" else 1000000000
    harness.same_tree(corpus, repo.root, grain)
    restore(repo, backup, name="repository.tar")
    assert result(repo)[-1] == \
        "restore in full: 0 created, 607 unchanged"
    repo.check()


def test_the_full_backup_is_restored_in_full(repo, corpus):
    repo.sh(f"cp -a '{corpus}'/* .")
    backup = os.path.join(repo.base, "all.tar")
    run(["cp", repo.control("repository.tar"), backup])
    restore(repo, backup, name="repository.tar")
    assert result(repo)[-1] == "restore in full: 0 created, 607 unchanged"
    repo.sh("rm -r rules; mv sessions elsewhere; echo '{}' > new.json; "
            "mkdir -p empty/er; for f in action_maps/*/*/*.json; do "
            "echo '{\"pairs\": []}' > \"$f.x\"; cat \"$f\" > /dev/null; "
            "done")
    before = repo.tree()
    restore(repo, backup, name="repository.tar")
    number = repo.revisions()[-1]["id"]
    scratch = {n for n in repo.tree() if n.endswith(".x")}
    assert scratch
    for name in scratch:
        os.remove(repo.path(name))
    harness.same_tree(corpus, repo.root)
    repo.revert(f"before {number}")
    assert {n: t for n, t in repo.tree().items()} == \
        {n: t for n, t in before.items() if n not in scratch}
    repo.check()


def test_from_one_control_file_into_another(repo):
    """No file in between: what is read is as it was when it was opened."""
    fill(repo)
    os.makedirs(repo.path("beside"))
    repo.sh("cat .control/backup.tar > beside/.control/restore")
    assert repo.tree(repo.path("beside")) == {
        "action_maps/": None, "rules/": None, "beside/": None,
        "rules/A.json": item(n=1),
        "action_maps/Own.json": action_map("/rules/A")}
    repo.sh("cp .control/backup.zip .control/restore")
    assert repo.exists("beside/rules/A 2.json")


# ---- passwords ----

def store_item(password, files=()):
    credentials = {"Password": password, "Source Files": list(files)}
    return item(importCredentials=credentials)


def secret_of(repo, name):
    text = read_all(repo.path(".secrets", name))
    return json.loads(text)["importCredentials"]["Password"]


def test_passwords_in_an_archive_are_kept_apart(repo):
    name = "datastores/DB.json"
    archive = python_tar(repo, [(name, store_item("hunter2"))])
    restore(repo, archive)
    assert json.loads(repo.read(name)) == json.loads(store_item(None))
    assert secret_of(repo, name) == "hunter2"
    # A copy without a value has none, and says so.
    bare = python_tar(repo, [(name, store_item(None))], "bare.tar")
    restore(repo, bare)
    line = repo.report()[-1]
    assert line["went"] == "datastores/DB 2.json"
    assert line["detail"]["secrets"] == ["importCredentials.Password"]
    told = repo.cli("report", "--last", repo.root).stdout.rstrip("\n")
    assert told.split("\t")[8].startswith(
        "passwords: importCredentials.Password")
    # In full the value that is there stays, and one that comes replaces it.
    restore(repo, bare, name="repository.tar")
    assert secret_of(repo, name) == "hunter2"
    other = python_tar(repo, [(name, store_item("other"))], "other.tar")
    restore(repo, other, name="repository.tar")
    assert secret_of(repo, name) == "other"
    count = len(repo.revisions())
    restore(repo, other, name="repository.tar")
    assert len(repo.revisions()) == count
    repo.check()


@pytest.mark.mount("identical=skip")
def test_what_was_sent_with_a_password_is_known_again(repo):
    archive = python_tar(repo, [("datastores/DB.json", store_item("x1"))])
    restore(repo, archive)
    restore(repo, archive)
    assert repo.names("datastores") == ["DB.json"]
    assert repo.report()[-1]["outcome"] == "skipped"
