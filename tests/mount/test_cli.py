"""The command line, on a mounted folder and on a file that is not."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness import (BIN, ENV, Repo, item, mount_device, read_all, run,
                     seconds, wait_until, write_all)

A, B = item(n="a"), item(n="b")
COMMANDS = ("init mount umount snapshot revisions show diff revert history "
            "check status report problems references kinds forget backup "
            "restore pull log").split()


@pytest.fixture(params=["mounted", "not mounted"])
def place(request, repo):
    """A repository with two snapshots, and how its folder d is named."""
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    repo.snapshot("first")
    repo.write("d/a.json", B)
    repo.write("d/b.json", B)
    os.mkdir(repo.snap("named"))
    repo.copy_in(A, "d/b.json")
    if request.param == "mounted":
        repo.args = lambda folder="": [repo.path(folder).rstrip("/")]
    else:
        repo.umount()
        repo.args = lambda folder="": [repo.file] + \
            (["--in", folder] if folder else [])
    return repo


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def tree_of(repo):
    """In either case: what is in the live tree now."""
    was = repo.proc
    if not was:
        repo.mount()
    tree = repo.tree()
    if not was:
        repo.umount()
    return tree


# ---- lists ----

def test_revisions_are_filtered(place):
    def ids(*args):
        done = place.cli("revisions", "--json", *args, *place.args())
        return [r["id"] for r in lines(done)]

    everything = ids()
    snapshots = ids("--kind", "snapshot")
    assert len(snapshots) == 2 and set(snapshots) < set(everything)
    assert ids("--user", "root") == everything
    assert set(snapshots) <= set(ids("--status", "completed"))
    assert ids("--user", "nobody-of-this-name") == []
    assert ids("--since", "2020-01-01") == everything
    assert ids("--since", "2200-01-01T00:00:00Z") == []
    assert ids("--kind", "snapshot", "--since", "2020-01-01") == snapshots
    done = place.cli("revisions", "--since", "soon", *place.args(),
                     check=False)
    assert done.returncode == 1 and "'soon' is no time" in done.stderr


# ---- help and usage ----

def test_help_is_there_for_all_and_for_each(tmp_path):
    everything = run([BIN, "--help"]).stdout
    for command in COMMANDS:
        assert command in everything
        done = run([BIN, command, "--help"])
        assert f"repofs {command}" in done.stdout
        assert done.stderr == ""
        assert max(len(s) for s in done.stdout.splitlines()) <= 80
        assert "\n  repofs " + command in done.stdout  # an example
    assert run([BIN, "--version"]).stdout.startswith("repofs ")


@pytest.mark.parametrize("args", [
    [], ["nonsense"], ["init"], ["init", "a", "b"], ["mount"],
    ["mount", "a"], ["mount", "-o", "nonsense", "a", "b"],
    ["mount", "-o", "overwrite=perhaps", "a", "b"], ["revert"], ["diff"],
    ["diff", "--nonsense", "1"], ["umount"], ["snapshot", "-m"],
    ["check"], ["check", "a", "b"], ["show"]],
    ids=" ".join)
def test_asked_wrongly_is_exit_2_and_one_sentence(args, tmp_path):
    done = run([BIN, *args], cwd=tmp_path, check=False)
    assert done.returncode == 2
    if args:
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("repofs: ")


@pytest.mark.parametrize("args", [
    ["status", "nowhere"], ["check", "nowhere"], ["revert", "1", "nowhere"],
    ["history", "nowhere/x.json"], ["mount", "nowhere", "."],
    ["snapshot", "nowhere"], ["umount", "nowhere"], ["status", "."],
    ["revisions", "text"], ["mount", "text", "d"], ["check", "text"],
    ["init", "text"], ["init", "no/where/x"], ["umount", "d"]],
    ids=" ".join)
def test_what_cannot_be_done_is_one_sentence(args, tmp_path):
    write_all(tmp_path / "text", "no repository\n")
    os.mkdir(tmp_path / "d")
    done = run([BIN, *args], cwd=tmp_path, check=False)
    assert done.returncode == (2 if args[0] == "check" else 1)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("repofs: ")
    assert len(done.stderr.split()) >= 4


# ---- each command ----

def test_init_makes_a_file_that_sqlite_opens(tmp_path):
    path = tmp_path / "a.repo"
    done = run([BIN, "init", path])
    assert done.stdout == done.stderr == ""
    assert run(["sqlite3", path, "PRAGMA integrity_check"]).stdout == "ok\n"
    assert run(["sqlite3", path, "PRAGMA application_id"]).stdout != "0\n"
    again = run([BIN, "init", path], check=False)
    assert again.returncode == 1 and "a.repo" in again.stderr
    run([BIN, "check", path])


def test_snapshot(place):
    done = place.cli("snapshot", "-m", "from outside", *place.args("d"))
    assert re.fullmatch(r"snapshot \d+\n", done.stdout)
    number = int(done.stdout.split()[1])
    done = place.cli("snapshot", "--name", "called", *place.args())
    found = lines(place.cli("revisions", "--json", *place.args()))
    assert found[-2]["id"] == number
    assert found[-2]["description"] == "from outside"
    assert found[-2]["scope"] == "/d"
    assert found[-1]["name"] == "called"
    done = place.cli("snapshot", "--name", "called", *place.args(),
                     check=False)
    assert done.returncode == 1 and "called" in done.stderr
    done = place.cli("snapshot", "--json", *place.args())
    assert json.loads(done.stdout)["snapshot"] > number


def test_revisions_and_show(place):
    found = lines(place.cli("revisions", "--json", *place.args()))
    assert [r["kind"] for r in found] == ["snapshot", "snapshot", "restore"]
    table = place.cli("revisions", *place.args()).stdout.splitlines()
    assert len(table) == len(found)
    assert all("\t" in row for row in table)
    shown = place.cli("show", str(found[-1]["id"]), *place.args()).stdout
    assert "restore" in shown and "+ d/b 2.json" in shown
    named = lines(place.cli("show", "--json", "named", *place.args()))
    assert named[0]["kind"] == "snapshot" and named[0]["name"] == "named"
    assert named[0]["covers"]["items"] == 2
    assert {"change": "created", "path": "d/b 2.json"} in named[1:]
    assert place.cli("show", "99", *place.args(),
                     check=False).returncode == 1


def test_diff(place):
    done = place.cli("diff", "1", *place.args("d"), check=False)
    assert done.returncode == 1
    names = ["+ b 2.json", "+ b.json", "M a.json"]
    assert sorted(row for row in done.stdout.splitlines()
                  if not row.startswith("  ")) == names
    assert "M a.json\n  /n: " in done.stdout
    done = place.cli("diff", "--json", "1", *place.args("d"), check=False)
    [edited] = [c for c in lines(done) if c["path"] == "a.json"]
    assert edited["change"] == "edited"
    assert [m["pointer"] for m in edited["members"]] == ["/n"]
    done = place.cli("diff", "--names-only", "1", *place.args("d"),
                     check=False)
    assert sorted(done.stdout.splitlines()) == names
    done = place.cli("diff", "--names-only", "--json", "1",
                     *place.args("d"), check=False)
    assert {"change": "edited", "path": "a.json"} in lines(done)
    number = place.cli("snapshot", *place.args()).stdout.split()[1]
    done = place.cli("diff", number, *place.args())
    assert done.stdout == ""
    done = place.cli("diff", "99", *place.args(), check=False)
    assert done.returncode == 2 and "99" in done.stderr


def test_revert(place):
    before = tree_of(place)
    done = place.cli("revert", "--dry-run", "1", *place.args())
    assert "M d/a.json" in done.stdout
    assert tree_of(place) == before
    place.cli("revert", "1", *place.args("d"))
    assert tree_of(place) == {"d/": None, "d/a.json": A}
    last = lines(place.cli("revisions", "--json", *place.args()))[-1]
    assert last["kind"] == "revert"
    place.cli("revert", "undo", str(last["id"]), *place.args())
    assert tree_of(place) == before
    place.cli("revert", f"after {last['id']}", *place.args())
    assert tree_of(place) == {"d/": None, "d/a.json": A}
    done = place.cli("revert", "99", *place.args(), check=False)
    assert done.returncode == 1 and "99" in done.stderr
    done = place.cli("revert", "--json", "named", *place.args())
    assert {"change": "created", "path": "d/b.json"} in lines(done)


def test_revert_of_one_item(place):
    before = tree_of(place)
    if place.proc:
        place.cli("revert", "1", place.path("d/a.json"))
    else:
        place.cli("revert", "1", place.file, "--in", "d/a.json")
    assert tree_of(place) == {**before, "d/a.json": A}


def test_revert_of_a_deleted_item_by_its_path(repo):
    repo.write("a b.json", A)
    repo.snapshot()
    os.unlink(repo.path("a b.json"))
    repo.cli("revert", "1", repo.path("a b.json"))
    assert repo.tree() == {"a b.json": A}


def test_history(place):
    where = [place.path("d/a.json")] if place.proc else \
        [place.file, "--in", "d/a.json"]
    found = lines(place.cli("history", "--json", *where))
    assert [h["change"] for h in found] == ["created", "edited"]
    assert {h["item"] for h in found} == {"a.json"}
    assert len(place.cli("history", *where).stdout.splitlines()) == 2
    found = lines(place.cli("history", "--json", *place.args("d")))
    assert {h["item"] for h in found} == {"a.json", "b.json", "b 2.json"}


def test_status(place):
    found = json.loads(place.cli("status", "--json", *place.args()).stdout)
    assert found["snapshots"] == 2
    assert found["moment"] >= 4
    text = place.cli("status", *place.args("d")).stdout
    assert "folder /d\n" in text


def test_report(place):
    done = place.cli("report", "--json", *place.args("d"))
    assert [r["outcome"] for r in lines(done)] == \
        ["created", "edited", "created", "renamed"]


def test_check(place):
    done = place.cli("check", place.root if place.proc else place.file)
    assert done.returncode == 0
    assert done.stdout == ""


def test_commands_default_to_the_current_folder(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", A)
    run([BIN, "snapshot", "-m", "here"], cwd=repo.path("d"))
    assert "folder /d" in run([BIN, "status"], cwd=repo.path("d")).stdout
    assert repo.revisions()[-1]["scope"] == "/d"
    repo.write("d/a.json", B)
    run([BIN, "revert", "1"], cwd=repo.path("d"))
    assert repo.read("d/a.json") == A


def test_the_file_of_a_mounted_repository_may_be_named_too(repo):
    repo.write("a.json", A)
    repo.cli("snapshot", "-m", "by the file", repo.file)
    assert repo.revisions()[-1]["description"] == "by the file"
    assert "moment" in repo.cli("status", repo.file).stdout
    repo.check()


# ---- check finds damage ----

def test_check_finds_a_damaged_content(repo):
    for n in range(20):
        repo.write(f"{n}.json", item(n=n, pad="x" * 300))
    repo.umount()
    assert repo.cli("check", repo.file).returncode == 0
    # one byte of one content, found by its form in the schema
    tables = run(["sqlite3", repo.file, ".tables"]).stdout.split()
    assert "content" in tables
    columns = run(["sqlite3", repo.file,
                   "SELECT name, type FROM pragma_table_info('content') "
                   "WHERE type LIKE 'BLOB'"]).stdout.split()
    column = [c.split("|")[0] for c in columns][-1]
    run(["sqlite3", repo.file,
         f"UPDATE content SET {column} = "
         f"CAST(substr({column}, 1, length({column}) - 4) || "
         f"x'00000000' AS BLOB) WHERE rowid = (SELECT rowid FROM content "
         f"WHERE length({column}) > 8 LIMIT 1)"])
    done = repo.cli("check", repo.file, check=False)
    assert done.returncode == 1
    assert done.stdout != ""


# ---- mounting ----

@pytest.fixture
def bare(make_repo):
    """A repository that is not mounted."""
    repo = make_repo()
    yield repo
    if mount_device(repo.root):
        run(["fusermount3", "-uz", repo.root], check=False)


def test_mount_returns_when_the_folder_can_be_used(bare):
    done = bare.cli("mount", bare.file, bare.root)
    assert done.stdout == done.stderr == ""
    assert os.path.ismount(bare.root)
    write_all(bare.path("a.json"), A)
    bare.cli("umount", bare.root)
    assert not os.path.ismount(bare.root)
    assert bare.names() == []
    bare.check()  # the file is closed, and whole
    assert not os.path.exists(bare.file + "-wal") or \
        os.path.getsize(bare.file + "-wal") == 0
    bare.mount()
    assert bare.read("a.json") == A


def test_umount_by_the_file(bare):
    bare.cli("mount", bare.file, bare.root)
    bare.cli("umount", bare.file)
    assert not os.path.ismount(bare.root)
    done = bare.cli("umount", bare.file, check=False)
    assert done.returncode == 1 and "not mounted" in done.stderr


def test_umount_of_a_busy_mount_says_so(bare):
    bare.cli("mount", bare.file, bare.root)
    holder = subprocess.Popen(["sleep", "60"], cwd=bare.root)
    try:
        done = bare.cli("umount", bare.root, check=False)
        assert done.returncode == 1 and "in use" in done.stderr
        assert os.path.ismount(bare.root)
        bare.cli("umount", "--lazy", bare.root)
        assert not os.path.ismount(bare.root)
    finally:
        holder.kill()
        holder.wait()


def test_a_second_mount_is_told_who_holds_it(repo, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    done = repo.cli("mount", repo.file, other, check=False)
    assert done.returncode == 1
    assert repo.root in done.stderr
    assert str(repo.proc.pid) in done.stderr or "mounted on" in done.stderr
    assert not os.path.ismount(other)
    repo.write("a.json", A)


def test_a_repository_that_a_command_holds_cannot_be_mounted_twice(bare):
    bare.cli("mount", bare.file, bare.root)
    link = os.path.join(bare.base, "link")
    os.symlink(bare.file, link)
    other = os.path.join(bare.base, "other")
    os.mkdir(other)
    done = bare.cli("mount", link, other, check=False)
    assert done.returncode == 1 and bare.root in done.stderr
    bare.cli("umount", bare.root)


def test_a_mount_over_its_own_folder_is_refused(bare):
    for folder in (bare.base, os.path.dirname(bare.base), "/"):
        done = bare.cli("mount", bare.file, folder, check=False)
        assert done.returncode == 1
        assert folder in done.stderr
        assert mount_device(bare.base) is None


@pytest.mark.parametrize("where", ["missing", "a file"])
def test_a_bad_mount_point_is_named(bare, where):
    point = os.path.join(bare.base, "point")
    if where == "a file":
        write_all(point, "x")
    for flags in ([], ["-f"]):
        done = bare.cli("mount", *flags, bare.file, point, check=False)
        assert done.returncode == 1
        assert point in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_options_of_fstab_are_understood(bare):
    options = ("defaults,noauto,nofail,_netdev,x-systemd.automount,user,"
               "noatime,nosuid,nodev,rw,max_item=1M")
    bare.cli("mount", "-o", options, bare.file, bare.root)
    assert bare.status()["max_item"] == str(1 << 20)
    bare.cli("umount", bare.root)


def test_a_dead_mount_is_cleared_away_at_the_next(repo):
    repo.write("a.json", A)
    repo.proc.kill()
    repo.proc.wait()
    with pytest.raises(OSError):
        os.listdir(repo.root)
    repo.watchdog.stop()
    repo.proc = None
    repo.cli("mount", repo.file, repo.root)
    assert repo.read("a.json") == A
    repo.cli("umount", repo.root)
    assert not os.path.ismount(repo.root)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGHUP])
def test_a_signal_ends_the_daemon_in_order(repo, number):
    repo.write("a.json", A)
    repo.write("notes", b"n")
    repo.proc.send_signal(number)
    assert repo.proc.wait(seconds(10)) == 0
    wait_until("the mount to go", lambda: not mount_device(repo.root))
    repo.watchdog.stop()
    repo.proc = repo.watchdog = None
    repo.check()
    repo.mount()
    assert repo.tree() == {"a.json": A, "notes": b"n"}


def with_program(tmp_path, **more):
    """A PATH on which the program is called repofs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    os.symlink(BIN, folder / "repofs")
    return dict(ENV, PATH=f"{folder}:{ENV['PATH']}", **more)


def test_mount_type_fuse_repofs(bare, tmp_path):
    """mount(8) looks in the usual places alone: a name space of our own
    has the program there."""
    with_program(tmp_path)
    script = f"""
        set -e
        mount --bind {tmp_path}/bin /usr/local/bin
        mount -t fuse.repofs -o max_item=2M,allow_other {bare.file} \
            {bare.root}
        grep {bare.root} /proc/self/mounts
        grep max_item {bare.root}/.control/status
        echo '{{}}' > {bare.root}/a.json
        umount {bare.root}
        mount -t fuse.repofs -r {bare.file} {bare.root}
        ls {bare.root}
        umount {bare.root}"""
    done = run(["unshare", "-m", "bash", "-c", script])
    line, option, name = done.stdout.splitlines()
    assert bare.file in line
    assert "fuse.repofs" in line and "allow_other" in line
    assert option == f"max_item {2 << 20}"
    assert name == "a.json"
    wait_until("the end", lambda: bare.cli("check", bare.file,
                                           check=False).returncode == 0)


def test_an_ordinary_user_mounts_and_unmounts(tmp_path, request):
    base = tempfile.mkdtemp(prefix="repofs-user-")
    os.chown(base, 65534, 65534)
    shutil.copy(BIN, base + "/repofs")
    os.chmod(base + "/repofs", 0o755)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    script = """
        set -e
        ./repofs init r.repo; mkdir mnt; ./repofs mount r.repo mnt
        echo '{"a": 1}' > mnt/a.json; cp mnt/a.json x; cp x mnt/a.json
        ls mnt; stat -c '%u %a' mnt/a.json; ./repofs snapshot mnt
        ./repofs umount mnt; ./repofs check r.repo; echo ok"""
    try:
        done = run(user + ["sh", "-c", script], cwd=base,
                   env=dict(ENV, HOME=base), check=False)
    finally:
        run(["umount", "-l", base + "/mnt"], check=False)
        shutil.rmtree(base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ("a 2.json\na.json\n65534 644\nsnapshot 2\nok\n")


def test_sqlite3_reads_while_it_is_mounted(repo):
    repo.write("a.json", A)
    done = run(["sqlite3", "-readonly", repo.file,
                "PRAGMA quick_check; SELECT count(*) > 0 FROM sqlite_master"])
    assert done.stdout == "ok\n1\n"
    repo.write("b.json", B)


def test_a_read_only_mount_beside_a_writable_one(repo, make_repo, tmp_path):
    """ro: others may write to the file meanwhile. What was closed before is
    there, if it is not filed yet, too."""
    names = ["a.json", *(f"{n}.json" for n in range(40))]
    for name in names:
        repo.write(name, A)
    other = Repo(tmp_path, "ro")
    other.file = repo.file
    other.root = str(tmp_path / "ro")
    os.mkdir(other.root)
    other.mount()
    try:
        assert other.tree() == dict.fromkeys(names, A)
    finally:
        other.umount()
    assert repo.read("a.json") == A


def test_output_to_a_closed_pipe_is_no_crash(repo):
    for n in range(50):
        repo.write(f"{n}.json", item(n=n))
    done = repo.sh(f"{BIN} history --json . | head -1")
    assert json.loads(done.stdout)["change"] == "created"
    done = repo.sh(f"{BIN} history --json . > /dev/full", check=False)
    assert done.returncode == 1 and done.stderr


def test_names_that_could_cheat_a_terminal_are_shown_harmless(repo,
                                                             terminal):
    repo.write("a\x1b[31mred.json", A)
    tty = terminal([BIN, "history", repo.root], cwd=repo.base,
                   env=repo.env())
    tty.wait_end()
    tty.close()
    done = repo.cli("history", "--json", repo.root)
    assert "\x1b" not in done.stdout
    assert lines(done)[0]["item"] == "a\x1b[31mred.json"


def test_the_tour_of_the_readme_can_be_pasted(tmp_path):
    readme = os.path.join(os.path.dirname(__file__), "../../README.md")
    text = read_all(readme).decode()
    tour = re.search(r"```sh\n(make.*?)```", text, re.S).group(1)
    tour = re.sub(r"^make .*\n", "", tour)
    (tmp_path / "t").mkdir()
    done = run(["bash", "-c", f"cd {tmp_path}/t\n{tour}"],
               env=with_program(tmp_path), check=False)
    left = mount_device(str(tmp_path / "t/demo"))
    if left:
        run(["fusermount3", "-uz", tmp_path / "t/demo"], check=False)
    assert not left
    assert done.returncode == 0, done.stdout + done.stderr
    assert "M rules/Gaps.json" in done.stdout
    assert "Gaps 2.json" in done.stdout
