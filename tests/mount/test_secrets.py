"""Secrets: in no text, in no past, and nowhere in the repository's file."""

import errno
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import time

import pytest

import editors
from harness import ENV, read_all, refused, run

SECRET = "hunter2-&\u00e4#Zq"
OTHER = "correct\\horse/\"battery"
AT = "importCredentials.Password"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def store(password, **more):
    """A data store, as a person writes it."""
    credentials = {"Password": password, "user": "joe"}
    return (json.dumps(dict(more, importCredentials=credentials),
                       indent=2, ensure_ascii=False) + "\n").encode()


def forms(text):
    """How it may stand in a file: as it is, and as JSON has it."""
    found = {text.encode(), json.dumps(text)[1:-1].encode(),
             json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    return sorted(found)


SECRETS = forms(SECRET) + forms(OTHER)


def holds_one(data):
    return [s for s in SECRETS if s in data]


def unpacked(frame, base, tmp):
    """What a stored content says."""
    args = ["zstd", "-q", "-d", "-c"]
    if base is not None:
        with open(tmp, "wb") as f:
            f.write(base)
        args.append(f"--patch-from={tmp}")
    done = subprocess.run(args, input=frame, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done.stdout if done.returncode == 0 else None


def leaks_in_file(repo):
    """Where in the repository's files a secret stands."""
    found = []
    names = [n for n in os.listdir(repo.base)
             if n.startswith(os.path.basename(repo.file)) and
             not n.endswith(".key")]
    for name in names:
        path = os.path.join(repo.base, name)
        if os.path.isfile(path) and holds_one(read_all(path)):
            found.append(name)
    return found + leaks_in_rows(repo)


def leaks_in_rows(repo):
    """The same, but what is compressed is looked into."""
    found = []
    tmp = os.path.join(repo.base, "patch-from")
    db = sqlite3.connect(f"file:{repo.file}?mode=ro", uri=True)
    db.text_factory = bytes
    tables = [t.decode() for t, in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        for row in db.execute(f"SELECT * FROM {table}"):
            for value in row:
                if not isinstance(value, bytes):
                    continue
                plain = unpacked(value, None, tmp) or b""
                if holds_one(value) or holds_one(plain):
                    found.append((table, row[0]))
    whole = {}
    for number, base, frame in db.execute(
            "SELECT id, base, bytes FROM content ORDER BY base NOT NULL"):
        text = unpacked(frame, whole.get(base), tmp)
        assert text is not None, f"content {number} cannot be read"
        whole[number] = text
        if holds_one(text):
            found.append(("content", number))
    db.close()
    return found


def leaks_in_mount(repo):
    """... of what can be read: items, the past, control files. What was
    refused is its owner's to read."""
    roots = [repo.root, repo.path(".control"), repo.path(".snapshots"),
             repo.path("datastores/.control"),
             repo.path("datastores/.snapshots")]
    found = []
    for root in roots:
        for here, folders, files in os.walk(root):
            if "rejected" in folders:
                folders.remove("rejected")
            for name in files:
                path = os.path.join(here, name)
                if not os.path.islink(path) and holds_one(read_all(path)):
                    found.append(path)
    return found


def no_leak(repo):
    assert leaks_in_mount(repo) == []
    assert leaks_in_file(repo) == []


@pytest.fixture
def stores(repo):
    os.mkdir(repo.path("datastores"))
    return repo


def secret(repo, name="datastores/A.json"):
    return json.loads(repo.read(".secrets/" + name))


def password(repo, name="datastores/A.json"):
    return secret(repo, name)["importCredentials"]["Password"]


# ---- ways of saving ----

def by_python(repo, name, data):
    repo.write(name, data)


def by_shell(repo, name, data):
    repo.run("bash", "-c", 'cat > "$0"', repo.path(name), stdin=data)


def by_cp(repo, name, data):
    repo.run("cp", repo.source("in.json", data), repo.path(name))


def by_cp_p(repo, name, data):
    repo.run("cp", "-p", repo.source("in.json", data), repo.path(name))


def by_mv(repo, name, data):
    """A temporary file beside it, renamed."""
    repo.write(name + ".tmp", data)
    os.rename(repo.path(name + ".tmp"), repo.path(name))


def by_mv_stored(repo, name, data):
    """... which stands there for a while."""
    repo.write(name + ".tmp", data)
    repo.remount()
    assert repo.read(name + ".tmp") == data
    assert leaks_in_file(repo) == []
    repo.sh(f"mv '{name}.tmp' '{name}'")


def by_mv_from_the_root(repo, name, data):
    """... of which nobody knows what it is."""
    repo.write("x.tmp", data)
    repo.remount()
    assert leaks_in_file(repo) == []
    repo.sh(f"mv x.tmp '{name}'")


def by_mv_of_an_item(repo, name, data):
    """An item of no kind becomes one: what it says is secret only then."""
    repo.sh(f"mkdir datastores/sub && cat > datastores/sub/x.json && "
            f"mv datastores/sub/x.json '{name}'", stdin=data)


def by_rsync(repo, name, data):
    repo.run("rsync", "-a", repo.source("in.json", data), repo.path(name))


def by_fsync(repo, name, data):
    with open(repo.path(name), "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
        assert not holds_one(repo.read(name))


WAYS = [by_python, by_shell, by_cp, by_cp_p, by_mv, by_mv_stored,
        by_mv_from_the_root, by_mv_of_an_item, by_rsync, by_fsync]


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_a_new_item_does_not_say_its_secrets(stores, way):
    repo = stores
    way(repo, "datastores/A.json", store(SECRET))
    wanted = store(None)
    assert not holds_one(wanted) and holds_one(store(SECRET))
    assert repo.read("datastores/A.json") == wanted
    assert os.stat(repo.path("datastores/A.json")).st_size == len(wanted)
    assert repo.read(".secrets/datastores/A.json") == store(SECRET)
    repo.snapshot("one")
    no_leak(repo)
    repo.remount()
    assert repo.read("datastores/A.json") == wanted
    assert password(repo) == SECRET
    no_leak(repo)
    repo.umount()
    repo.check()
    assert leaks_in_file(repo) == []


def test_the_search_finds_what_is_there(stores):
    """The planted fault: secrets where nothing is secret."""
    repo = stores
    os.mkdir(repo.path("rules"))
    repo.write("rules/A.json", store(SECRET))
    repo.write("rules/A.json", store(SECRET, more=1))
    repo.write("note", OTHER)
    assert len(leaks_in_mount(repo)) >= 2
    found = leaks_in_file(repo)
    assert any(f[0] == "scratch_chunk" for f in found)
    assert sum(f[0] == "content" for f in found) >= 2


def test_sed_edits_and_the_secret_stays(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.sh("sed -i 's/joe/jim/' datastores/A.json")
    assert json.loads(repo.read("datastores/A.json")) == \
        {"importCredentials": {"Password": None, "user": "jim"}}
    assert password(repo) == SECRET
    repo.sh("sed -i 's/null/\"\\0\\0\"/' datastores/A.json")
    assert password(repo) == "nullnull"
    assert len(repo.versions("datastores/A.json")) == 2
    assert repo.names("datastores") == ["A.json"]
    no_leak(repo)


@pytest.mark.parametrize("way", [by_python, by_mv, by_fsync],
                         ids=lambda w: w.__name__)
def test_an_edit_changes_leaves_or_removes_it(stores, way):
    repo = stores
    name = "datastores/A.json"
    way(repo, name, store(SECRET))
    way(repo, name, store(None, n=1))
    assert password(repo) == SECRET
    way(repo, name, store(OTHER, n=1))
    assert password(repo) == OTHER
    assert repo.read(name) == store(None, n=1)
    # The text is the same, but not the time.
    assert repo.last_outcome(name) == "edited"
    count = len(repo.versions(name))
    assert count == 2
    way(repo, name, store(OTHER, n=1))
    assert repo.last_outcome(name) == "unchanged"
    way(repo, name, store("", n=1))
    assert repo.read(name) == store("", n=1)
    refused(repo.read, ".secrets/" + name, code=errno.ENOENT)
    way(repo, name, store(None, n=1))
    refused(repo.read, ".secrets/" + name, code=errno.ENOENT)
    assert repo.names("datastores") == ["A.json"]
    no_leak(repo)
    repo.umount()
    repo.check()


@pytest.mark.parametrize("name", ["vim", "vim, backupcopy=no",
                                  "vim, undofile", "nano", "emacs"])
def test_an_editor_goes_on_with_the_secret_in_its_buffer(stores, terminal,
                                                         name):
    repo = stores
    repo.sh("cat > datastores/a.json", stdin=store(None, limit=5))
    editor = editors.BY_NAME[name]
    session = editor.open(terminal, repo.path("datastores/a.json"),
                          repo.home)
    if "vi" in name:
        session.press(("=:%s/null/\"hunter2-\\&\u00e4#Zq\"/", "Enter"))
        session.save()
        session.change()
        session.save()
    else:
        session.change()
        session.save()
    session.leave()
    assert repo.read("datastores/a.json") == session.text
    if "vi" in name:
        assert password(repo, "datastores/a.json") == SECRET
    repo.wait_names("a.json", *[k for k in editor.keeps],
                    folder="datastores")
    no_leak(repo)
    repo.remount()
    no_leak(repo)


def test_whoever_has_the_item_open_sees_no_secret(stores, actor):
    repo = stores
    path = repo.path("datastores/A.json")
    repo.write("datastores/A.json", store(None))
    other = actor()
    other.do(f"f = open({path!r}, 'rb'); f.read()")
    fd = os.open(path, os.O_RDWR)
    os.read(fd, 1 << 16)
    os.pwrite(fd, store(SECRET), 0)
    os.fsync(fd)
    assert os.pread(fd, 1 << 16, 0) == store(None)
    assert other.do("f.seek(0); answer = f.read().decode()") == \
        store(None).decode()
    os.close(fd)
    assert repo.read("datastores/A.json") == store(None)
    other.do("f.close()")
    no_leak(repo)


def test_a_file_set_aside_while_open_shows_no_secret(stores):
    repo = stores
    with open(repo.path("datastores/A.json"), "wb") as f:
        f.write(store(SECRET))
        f.flush()
        os.fsync(f.fileno())
        os.rename(repo.path("datastores/A.json"),
                  repo.path("datastores/A.json~"))
        assert repo.read("datastores/A.json~") == store(None)
    repo.sh("mv datastores/A.json~ datastores/A.json")
    assert password(repo) == SECRET


# ---- copies, moves, the past ----

def test_a_copy_has_none_and_the_report_says_so(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.sh("cp datastores/A.json datastores/B.json; "
            "cp datastores/B.json datastores/A.json")
    assert repo.names("datastores") == ["A 2.json", "A.json", "B.json"]
    assert password(repo) == SECRET
    for name in ("B.json", "A 2.json"):
        refused(repo.read, ".secrets/datastores/" + name,
                code=errno.ENOENT)
    told = {r["went"]: r["detail"] for r in repo.report()}
    assert told["datastores/B.json"] == {"secrets": [AT]}
    assert told["datastores/A 2.json"] == {"secrets": [AT]}
    assert told["datastores/A.json"] == {}


def test_moves_keep_it_and_removal_and_revert_too(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    number = repo.snapshot("with the first")
    repo.sh("mkdir datastores/x; mv datastores/A.json datastores/x/B.json")
    assert password(repo, "datastores/x/B.json") == SECRET
    repo.write("datastores/x/B.json", store(OTHER, n=2))
    repo.sh("rm datastores/x/B.json")
    assert os.listdir(repo.path(".secrets")) == []
    repo.revert(number)
    assert repo.read("datastores/A.json") == store(None)
    # Passwords stay as they are now.
    assert password(repo) == OTHER
    no_leak(repo)


def test_cp_p_over_what_was_read_gives_the_item_its_secret_back(stores):
    """The time that is set afterwards says that it was a copy."""
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.python("import os, sys\n"
                "open('datastores/A.json').read()\n"
                "f = open('datastores/A.json', 'wb')\n"
                "f.write(sys.stdin.buffer.read())\n"
                "f.close()\n"
                "os.utime('datastores/A.json', (1e9, 1e9))",
                stdin=store(OTHER, n=2))
    assert repo.names("datastores") == ["A 2.json", "A.json"]
    assert password(repo) == SECRET
    assert secret(repo, "datastores/A 2.json") == \
        json.loads(store(OTHER, n=2))
    assert repo.read("datastores/A 2.json") == store(None, n=2)
    no_leak(repo)


def test_a_synchronizer_finds_its_copy_again(stores):
    repo = stores
    os.makedirs(os.path.join(repo.base, "src/datastores"))
    repo.source("datastores/A.json", store(SECRET))
    repo.source("datastores/B.json", store(None))
    rsync = ["rsync", "-a", repo.base + "/src/datastores", repo.root]
    repo.run(*rsync)
    for _ in range(2):
        repo.run(*rsync)
        assert repo.names("datastores") == ["A.json", "B.json"]
    assert password(repo) == SECRET
    # Another secret is another text.
    repo.source("datastores/A.json", store(OTHER))
    for _ in range(3):
        repo.run(*rsync)
        assert repo.names("datastores") == ["A 2.json", "A.json", "B.json"]
    assert password(repo) == SECRET
    assert password(repo, "datastores/A 2.json") == OTHER
    no_leak(repo)


def test_an_item_over_an_item_takes_its_secrets_along(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.write("datastores/new.json", store(OTHER, n=2))
    os.rename(repo.path("datastores/new.json"),
              repo.path("datastores/A.json"))
    assert repo.read("datastores/A.json") == store(None, n=2)
    assert password(repo) == OTHER
    assert len(repo.versions("datastores/A.json")) == 2
    no_leak(repo)


def test_a_folder_becomes_one_of_data_stores(repo):
    os.makedirs(repo.path("x/y"))
    repo.write("x/y/A.json", store("not yet secret"))
    repo.sh("mv x datastores")
    assert repo.read("datastores/y/A.json") == store(None)
    assert password(repo, "datastores/y/A.json") == "not yet secret"
    repo.check()


def test_refused_bytes_are_kept_sealed(stores):
    repo = stores
    bad = store(SECRET)[:-3] + b"oops\n"
    assert repo.copy_in(bad, "datastores/A.json").returncode != 0
    assert repo.rejected("datastores") == [bad]
    [name] = os.listdir(repo.control("rejected", "datastores"))
    path = os.path.join(repo.control("rejected", "datastores"), name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    no_leak(repo)
    repo.remount()
    assert repo.rejected("datastores") == [bad]
    no_leak(repo)


# ---- .secrets ----

def test_secrets_are_the_owners_alone(shared_repo):
    repo = shared_repo
    os.mkdir(repo.path("datastores"))
    os.chmod(repo.root, 0o777)
    os.chmod(repo.path("datastores"), 0o777)
    repo.write("datastores/A.json", store(SECRET))
    root = repo.path(".secrets")
    path = os.path.join(root, "datastores/A.json")
    st = os.stat(root)
    assert stat.S_IMODE(st.st_mode) == 0o700 and st.st_uid == os.getuid()
    st = os.stat(path)
    assert stat.S_IMODE(st.st_mode) == 0o600 and st.st_uid == os.getuid()
    assert st.st_size == len(store(SECRET))
    for what in (f"cat '{path}'", f"ls '{root}'", f"ls '{root}/datastores'",
                 f"stat '{path}'"):
        done = run([*NOBODY, "bash", "-c", what], check=False)
        assert done.returncode != 0 and "denied" in done.stderr, what
        assert SECRET not in done.stdout
    # The root folder's owner is who may.
    os.chown(repo.root, 65534, 65534)
    time.sleep(1.1)
    done = run([*NOBODY, "cat", path])
    assert done.stdout.encode() == store(SECRET)


def test_secrets_are_listed_as_items_are(stores):
    repo = stores
    for name in ("x/deep/A", "x/B", "C"):
        os.makedirs(os.path.dirname(repo.path("datastores", name)),
                    exist_ok=True)
        repo.write(f"datastores/{name}.json", store(SECRET, name=name))
    repo.write("datastores/none.json", store(None))
    os.makedirs(repo.path("rules/empty"))
    found = repo.tree(repo.path(".secrets"))
    assert sorted(found) == [
        "datastores/", "datastores/C.json", "datastores/x/",
        "datastores/x/B.json", "datastores/x/deep/",
        "datastores/x/deep/A.json"]
    assert found["datastores/x/B.json"] == store(SECRET, name="x/B")
    repo.sh("mv datastores/x datastores/z")
    assert sorted(repo.tree(repo.path(".secrets")))[2] == "datastores/z/"
    assert ".secrets" not in repo.names()
    refused(os.listdir, repo.path("datastores/.secrets"),
            code=errno.ENOENT)
    refused(os.listdir, repo.snap(repo.snapshot("x"), ".secrets"),
            code=errno.ENOENT)


def test_nothing_can_be_done_to_secrets(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    path = repo.path(".secrets/datastores/A.json")
    refused(repo.write, ".secrets/datastores/A.json", b"{}",
            code=errno.EROFS)
    refused(repo.write, ".secrets/datastores/B.json", b"{}",
            code=errno.EROFS)
    refused(os.unlink, path, code=errno.EROFS)
    refused(os.rename, path, path + "x", code=errno.EROFS)
    refused(os.mkdir, repo.path(".secrets/x"), code=errno.EROFS)
    refused(os.chmod, path, 0o644, code=errno.EROFS)
    refused(os.mkdir, repo.path(".secrets"), code=errno.EEXIST)
    assert password(repo) == SECRET


def test_a_reader_sees_each_change_at_once(stores):
    repo = stores
    for n in range(20):
        repo.write("datastores/A.json", store("p" * n + "x", n=n))
        assert secret(repo) == json.loads(store("p" * n + "x", n=n))
        assert os.stat(repo.path(".secrets/datastores/A.json")).st_size == \
            len(store("p" * n + "x", n=n))
    done = repo.run("tar", "-cf", "-", "-C", repo.path(".secrets"), ".",
                    check=False)
    assert done.returncode == 0 and "p" * 19 + "x" in done.stdout


# ---- the key ----

def key_of(repo):
    return repo.file + ".key"


def test_the_key_is_made_when_it_is_needed(stores):
    repo = stores
    repo.write("datastores/A.json", store(None))
    repo.write("datastores/note.txt", b"")
    assert not os.path.exists(key_of(repo))
    repo.write("datastores/A.json", store(SECRET))
    assert stat.S_IMODE(os.stat(key_of(repo)).st_mode) == 0o600
    assert [n for n in os.listdir(repo.base) if n.endswith(".new")] == []


def test_the_key_may_be_elsewhere(make_repo, tmp_path):
    key = tmp_path / ("far " + "x" * 240)
    repo = make_repo().mount(f"key={key}")
    os.mkdir(repo.path("datastores"))
    repo.write("datastores/A.json", store(SECRET))
    assert key.exists() and not os.path.exists(key_of(repo))
    repo.remount("")
    refused(repo.read, ".secrets/datastores/A.json", code=errno.EACCES)
    repo.remount(f"key={key}")
    assert password(repo) == SECRET


@pytest.mark.parametrize("wrong", [False, True], ids=["missing", "wrong"])
def test_without_its_key_the_rest_works(stores, make_repo, wrong):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.write("datastores/B.json", store(None, b=1))
    repo.write("datastores/A.json.tmp", store(SECRET, tmp=1))
    repo.umount()
    shutil.move(key_of(repo), key_of(repo) + ".away")
    if wrong:
        other = make_repo().mount()
        os.mkdir(other.path("datastores"))
        other.write("datastores/A.json", store(SECRET))
        shutil.copy(key_of(other), key_of(repo))
    repo.mount()
    # What it gives.
    refused(repo.read, ".secrets/datastores/A.json", code=errno.EACCES)
    assert any("key" in e for e in repo.errors())
    refused(repo.read, "datastores/A.json.tmp")
    # A secret is refused, and nothing of the item changes.
    for way in (by_python, by_mv):
        with pytest.raises(OSError):
            way(repo, "datastores/A.json", store(OTHER))
        assert repo.read("datastores/A.json") == store(None)
    assert "sealed" in repo.errors()[-1]
    assert repo.report()[-1]["outcome"] == "rejected"
    with pytest.raises(OSError):
        repo.write("datastores/new.json", store(OTHER))
    # All else goes on.
    repo.read("datastores/A.json")
    repo.write("datastores/A.json", store(None, n=3))
    repo.write("datastores/B.json", store(None, b=2))
    repo.write("datastores/C.json", store(None, c=2))
    repo.sh("mkdir rules && echo '{}' > rules/R.json")
    assert os.path.exists(key_of(repo)) == wrong
    assert leaks_in_file(repo) == []
    # Nothing is lost when it comes back.
    repo.umount()
    shutil.move(key_of(repo) + ".away", key_of(repo))
    repo.mount()
    assert password(repo) == SECRET
    assert repo.read("datastores/A.json.tmp") == store(SECRET, tmp=1)
    repo.umount()
    repo.check()


def test_a_copied_repository_gives_no_secrets(stores, make_repo):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.umount()
    copy = make_repo()
    shutil.copy(repo.file, copy.file)
    copy.mount()
    assert copy.read("datastores/A.json") == store(None)
    refused(copy.read, ".secrets/datastores/A.json", code=errno.EACCES)
    # It needs the old key until its one secret is gone; then it gets one.
    with pytest.raises(OSError):
        copy.write("datastores/B.json", store(OTHER))
    copy.read("datastores/A.json")
    copy.write("datastores/A.json", store(""))
    copy.write("datastores/B.json", store(OTHER))
    assert password(copy, "datastores/B.json") == OTHER
    assert read_all(key_of(copy)) != read_all(key_of(repo))


def test_a_lost_key_can_be_given_up(stores):
    repo = stores
    repo.write("datastores/A.json", store(SECRET))
    repo.write("datastores/gone.json", store(OTHER))
    os.unlink(repo.path("datastores/gone.json"))
    repo.write("datastores/x.tmp", store(SECRET))
    assert repo.copy_in(b"{", "datastores/B.json").returncode != 0
    done = repo.cli("forget", repo.file, check=False)
    assert done.returncode == 1 and "mounted" in done.stderr
    repo.umount()
    done = repo.cli("forget", repo.file, check=False)
    assert done.returncode == 1 and "is there" in done.stderr
    os.unlink(key_of(repo))
    done = repo.cli("forget", "--dry-run", repo.file)
    assert done.stdout == "2 secrets would be given up\n"
    repo.mount()
    with pytest.raises(OSError):
        repo.write("datastores/B.json", store(SECRET))
    repo.umount()
    assert repo.cli("forget", repo.file).stdout == \
        "2 secrets are given up\n"
    repo.check()
    repo.mount()
    assert repo.names("datastores") == ["A.json"]
    assert repo.rejected("datastores") == []
    refused(repo.read, ".secrets/datastores/A.json", code=errno.ENOENT)
    repo.read("datastores/A.json")
    repo.write("datastores/A.json", store(OTHER))
    assert password(repo) == OTHER
    no_leak(repo)


@pytest.mark.mount("ro")
def test_a_mount_that_only_reads_shows_secrets(repo):
    repo.remount("")
    os.mkdir(repo.path("datastores"))
    repo.write("datastores/A.json", store(SECRET))
    repo.remount("ro")
    assert password(repo) == SECRET
    assert repo.read("datastores/A.json") == store(None)
