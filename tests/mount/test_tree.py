"""The live tree does what a folder does."""

import errno
import os
import socket
import stat
import subprocess
import sys

import pytest

from harness import (ENV, OLD, RENAME_EXCHANGE, RENAME_NOREPLACE, item,
                     read_all, refused, renameat2, run, same_tree, seconds,
                     text_of, write_all)

NS = 1512345678123456789
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


# ---- files and folders ----

def test_what_is_written_is_what_is_read(repo):
    for size in (10, 4095, 4096, 4097, 8192, 131072, 1048577, 3000000):
        data = text_of(size)
        repo.write(f"{size}.json", data)
        assert repo.read(f"{size}.json") == data
        assert os.stat(repo.path(f"{size}.json")).st_size == size
    repo.remount()
    for size in (10, 4096, 1048577, 3000000):
        assert repo.read(f"{size}.json") == text_of(size)


def test_bytes_are_kept_without_any_reformatting(repo):
    odd = b'\n\t{ "b" : 1.50e0 ,\r\n"a":[ ] , "\\u00e9": "\xc3\xa9"  }\n\n '
    repo.write("odd.json", odd)
    repo.remount()
    assert repo.read("odd.json") == odd


def test_an_array_is_an_item_too(repo):
    repo.write("list.json", b"[1, 2]\n")
    assert len(repo.versions("list.json")) == 1


def test_many_small_writes_make_one_version(repo):
    data = text_of(20000)
    with open(repo.path("a.json"), "wb", buffering=0) as f:
        for at in range(0, len(data), 100):
            f.write(data[at:at + 100])
    assert repo.read("a.json") == data
    assert len(repo.versions("a.json")) == 1


def test_a_change_in_the_middle_is_a_new_version(repo):
    repo.write("a.json", b'{"a": 1, "b": 2}\n')
    with open(repo.path("a.json"), "r+b") as f:
        f.seek(6)
        f.write(b"7")
    assert repo.read("a.json") == b'{"a": 7, "b": 2}\n'
    assert len(repo.versions("a.json")) == 2


def test_an_append_builds_on_what_is_there(repo):
    repo.write("a.json", b'{"a": 1}')
    with open(repo.path("a.json"), "ab") as f:
        f.write(b"\n\n")
    assert repo.read("a.json") == b'{"a": 1}\n\n'
    assert len(repo.versions("a.json")) == 2
    repo.sh("printf ' ' >> a.json")
    assert repo.read("a.json") == b'{"a": 1}\n\n '
    assert repo.names() == ["a.json"]


def test_a_truncated_tail_is_a_new_version(repo):
    repo.write("a.json", b'{"a": 1}       \n')
    os.truncate(repo.path("a.json"), 8)
    assert repo.read("a.json") == b'{"a": 1}'
    assert len(repo.versions("a.json")) == 2
    assert os.stat(repo.path("a.json")).st_size == 8


def test_an_item_can_be_changed_through_a_mapping(repo):
    repo.write("a.json", text_of(8192, "a"))
    repo.run(sys.executable, "-c", """
import mmap
with open("a.json", "r+b") as f:
    with mmap.mmap(f.fileno(), 0) as m:
        m[100:200] = b"b" * 100
        m.flush()
""")
    changed = bytearray(text_of(8192, "a"))
    changed[100:200] = b"b" * 100
    assert repo.read("a.json") == bytes(changed)
    assert len(repo.versions("a.json")) == 2
    assert repo.names() == ["a.json"]


def test_a_scratch_file_can_be_changed_through_a_mapping(repo):
    repo.write("notes", b"a" * 10000)
    repo.run(sys.executable, "-c", """
import mmap
with open("notes", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
    m[9000:9003] = b"xyz"
""")
    assert repo.read("notes")[8999:9004] == b"axyza"


def test_copy_file_range_copies_between_scratch_files(repo):
    repo.write("a", bytes(range(256)) * 40)
    source = os.open(repo.path("a"), os.O_RDONLY)
    target = os.open(repo.path("b"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        done = 0
        while done < 10240:
            n = os.copy_file_range(source, target, 10240 - done)
            assert n > 0
            done += n
    finally:
        os.close(source)
        os.close(target)
    assert repo.read("b") == repo.read("a")


def test_an_open_file_reads_what_it_opened_after_its_name_is_gone(repo):
    repo.write("a.json", text_of(8192, "a"))
    repo.write("notes", b"n" * 9000)
    with open(repo.path("a.json"), "rb") as a, \
            open(repo.path("notes"), "rb") as n:
        os.unlink(repo.path("a.json"))
        os.unlink(repo.path("notes"))
        assert a.read() == text_of(8192, "a")
        assert n.read() == b"n" * 9000
    assert repo.names() == []


PARTINGS = {
    "unlink": "os.unlink('a.json')",
    "save anew": "os.unlink('a.json'); "
                 "f = open('a.json', 'wb'); f.write(b'{}'); f.close()",
    "rename over": "f = open('t', 'wb'); f.write(b'{}'); f.close(); "
                   "os.rename('t', 'a.json')",
    "set aside": "os.rename('a.json', 'a.json~')",
    "written aside": "os.rename('a.json', 'a.json~'); "
                     "f = open('a.json~', 'wb'); f.write(b'[]'); f.close()",
    "revert": "f = open('.control/revert', 'wb'); f.write(b'1'); f.close()",
}


@pytest.mark.parametrize("way", PARTINGS)
@pytest.mark.parametrize("looked", [True, False])
def test_an_open_file_goes_on_with_what_it_was_last(repo, actor, way, looked):
    """Not as it was at its open: the pages are those of all who had it."""
    repo.snapshot("empty")
    repo.write("a.json", item(n=1))
    editor = actor()
    last = item(n=2, more="x" * 3000)
    with open(repo.path("a.json"), "rb", buffering=0) as f:
        fd = f.fileno()
        assert not looked or os.pread(fd, 9999, 0) == item(n=1)
        editor.read("a.json")
        editor.write("a.json", last)
        assert not looked or repo.read("a.json") == last
        assert editor.do(PARTINGS[way]) is None
        if way == "written aside":
            last = b"[]"
        assert os.fstat(fd).st_size == len(last)
        assert os.pread(fd, 9999, 0) == last


def test_unlink_and_rmdir_remove(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", item(a=1))
    refused(os.rmdir, repo.path("d"), code=errno.ENOTEMPTY)
    refused(os.unlink, repo.path("d"))
    os.unlink(repo.path("d/a.json"))
    refused(os.unlink, repo.path("d/a.json"), code=errno.ENOENT)
    os.rmdir(repo.path("d"))
    refused(os.rmdir, repo.path("d"), code=errno.ENOENT)
    assert repo.names() == []


def test_a_folder_with_scratch_files_is_not_empty(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/notes.txt", b"x")
    refused(os.rmdir, repo.path("d"), code=errno.ENOTEMPTY)
    os.unlink(repo.path("d/notes.txt"))
    os.rmdir(repo.path("d"))


def test_names_that_are_taken_are_taken(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", item(a=1))
    refused(os.mkdir, repo.path("d"), code=errno.EEXIST)
    refused(os.mkdir, repo.path("a.json"), code=errno.EEXIST)
    refused(os.open, repo.path("a.json"),
            os.O_CREAT | os.O_EXCL | os.O_WRONLY, code=errno.EEXIST)
    refused(os.open, repo.path("d"), os.O_WRONLY, code=errno.EISDIR)
    refused(os.listdir, repo.path("a.json"), code=errno.ENOTDIR)
    refused(os.stat, repo.path("a.json/x"), code=errno.ENOTDIR)


def test_what_is_not_there_is_there_once_it_is_made(repo):
    """A name that was asked for in vain may be created a moment later, by
    the daemon itself too."""
    for i in range(20):
        assert not repo.exists(f"{i}.json")
        repo.sh(f"echo '{{}}' > {i}.json")
        assert repo.exists(f"{i}.json")


# ---- renames ----

def test_an_item_moves_with_its_number_and_its_history(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", item(a=1))
    repo.write("a.json", item(a=2))
    before = os.stat(repo.path("a.json")).st_ino
    repo.run("mv", "a.json", "d/b.json")
    assert os.stat(repo.path("d/b.json")).st_ino == before
    assert not repo.exists("a.json")
    assert repo.versions("d/b.json") == [item(a=1), item(a=2)]
    assert repo.history("d/b.json")[-1]["change"] == "moved"


def test_a_folder_moves_with_all_that_is_in_it(repo):
    os.makedirs(repo.path("a/b/c"))
    repo.write("a/b/c/x.json", item(x=1))
    repo.write("a/b/notes", b"n")
    os.mkdir(repo.path("z"))
    os.rename(repo.path("a/b"), repo.path("z/b2"))
    assert repo.tree() == {"a/": None, "z/": None, "z/b2/": None,
                           "z/b2/c/": None, "z/b2/c/x.json": item(x=1),
                           "z/b2/notes": b"n"}
    assert len(repo.versions("z/b2/c/x.json")) == 1


def test_a_folder_goes_over_an_empty_one_only(repo):
    for name in ("a", "empty", "full"):
        os.mkdir(repo.path(name))
    repo.write("full/x.json", item(x=1))
    repo.write("a/y.json", item(y=1))
    refused(os.rename, repo.path("a"), repo.path("full"),
            code=errno.ENOTEMPTY)
    os.rename(repo.path("a"), repo.path("empty"))
    assert repo.names() == ["empty", "full"]
    assert repo.names("empty") == ["y.json"]


def test_a_folder_cannot_go_into_itself(repo):
    os.makedirs(repo.path("a/b"))
    refused(os.rename, repo.path("a"), repo.path("a/b/c"),
            code=errno.EINVAL)


def test_files_and_folders_do_not_replace_each_other(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", item(a=1))
    refused(os.rename, repo.path("a.json"), repo.path("d"),
            code=errno.EISDIR)
    refused(os.rename, repo.path("d"), repo.path("a.json"),
            code=errno.ENOTDIR)


@pytest.mark.parametrize("a, b", [("a.json", "b.json"), ("d", "e"),
                                  ("n1", "n2")])
def test_noreplace_refuses_a_taken_name(repo, a, b):
    for name in (a, b):
        if name in "de":
            os.mkdir(repo.path(name))
        else:
            repo.write(name, item(name=name))
    refused(renameat2, repo.path(a), repo.path(b), RENAME_NOREPLACE,
            code=errno.EEXIST)
    renameat2(repo.path(a), repo.path("free-" + b), RENAME_NOREPLACE)
    assert repo.names() == sorted([b, "free-" + b])


def test_exchange_swaps_two_items(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", item(a=1))
    repo.write("d/b.json", item(b=1))
    renameat2(repo.path("a.json"), repo.path("d/b.json"), RENAME_EXCHANGE)
    assert repo.read("a.json") == item(b=1)
    assert repo.read("d/b.json") == item(a=1)
    assert repo.sh("cat a.json d/b.json").stdout.encode() == \
        item(b=1) + item(a=1)


def test_exchange_swaps_two_folders(repo):
    for name in "de":
        os.mkdir(repo.path(name))
        repo.write(f"{name}/{name}.json", item(name=name))
    renameat2(repo.path("d"), repo.path("e"), RENAME_EXCHANGE)
    assert repo.names("d") == ["e.json"]
    assert repo.names("e") == ["d.json"]
    refused(renameat2, repo.path("d"), repo.path("nothing"),
            RENAME_EXCHANGE, code=errno.ENOENT)


def test_a_scratch_file_becomes_an_item_by_its_name(repo):
    repo.write("draft.txt", item(a=1))
    assert repo.history("a.json") == []
    os.rename(repo.path("draft.txt"), repo.path("a.json"))
    assert repo.versions("a.json") == [item(a=1)]


def test_a_scratch_file_that_is_no_json_cannot_become_an_item(repo):
    repo.write("draft.txt", b"no json")
    refused(os.rename, repo.path("draft.txt"), repo.path("a.json"),
            code=errno.EINVAL)
    assert repo.names() == ["draft.txt"]
    assert repo.read("draft.txt") == b"no json"


def test_an_item_that_gets_another_name_is_a_scratch_file(repo):
    repo.write("a.json", item(a=1))
    number = repo.snapshot()
    os.rename(repo.path("a.json"), repo.path("a.txt"))
    assert repo.names() == ["a.txt"]
    assert repo.read("a.txt") == item(a=1)
    later = repo.snapshot()
    assert os.listdir(repo.snap(number)) == ["a.json"]
    assert os.listdir(repo.snap(later)) == []


# ---- what is refused ----

def test_hard_links_are_refused(repo):
    repo.write("a.json", item(a=1))
    repo.write("notes", b"n")
    for name in ("a.json", "notes"):
        refused(os.link, repo.path(name), repo.path("b"), code=errno.EPERM)


def test_a_symbolic_link_can_be_an_editors_lock(repo):
    os.symlink("me@here.42:1", repo.path(".#a.json"))
    assert os.readlink(repo.path(".#a.json")) == "me@here.42:1"
    assert stat.S_ISLNK(os.lstat(repo.path(".#a.json")).st_mode)
    refused(os.symlink, "x", repo.path("a.json"), code=errno.EPERM)
    os.unlink(repo.path(".#a.json"))
    assert repo.names() == []


def test_devices_pipes_and_sockets_are_refused(repo):
    refused(os.mkfifo, repo.path("p"), code=errno.EPERM)
    refused(os.mknod, repo.path("n"), stat.S_IFCHR | 0o600,
            os.makedev(1, 3), code=errno.EPERM)
    with socket.socket(socket.AF_UNIX) as s:
        cwd = os.getcwd()
        os.chdir(repo.root)  # a socket's path is short
        try:
            refused(s.bind, "s", code=errno.EPERM)
        finally:
            os.chdir(cwd)
    assert repo.names() == []


def test_extended_attributes_are_not_supported(repo):
    repo.write("a.json", item(a=1))
    refused(os.setxattr, repo.path("a.json"), "user.x", b"1",
            code=errno.ENOTSUP)
    assert repo.run("getfattr", "-d", "a.json", check=False).stdout == ""


def test_a_git_work_tree_is_refused_outright(repo):
    refused(os.mkdir, repo.path(".git"))
    assert repo.names() == []


# ---- names ----

@pytest.mark.parametrize("name", [
    "No gaps.json", "No gaps .json", " leading.json", "Größe – 5.json",
    "日本語.json", "a\nb.json", "a'b\"c\\d.json", "\x01.json", "*.json",
    "a.json.json", "😀" * 60 + ".json", "x" * 250 + ".json",
    "noextension", "-rf", "x" * 255])
def test_a_name_is_kept_byte_for_byte(repo, name):
    repo.write(name, item(a=1))
    assert os.listdir(repo.root) == [name]
    os.mkdir(repo.path("d"))
    os.rename(repo.path(name), repo.path("d", name))
    repo.remount()
    assert os.listdir(repo.path("d")) == [name]
    assert repo.read(os.path.join("d", name)) == item(a=1)


def test_names_that_differ_by_one_space_are_two(repo):
    for folder in ("4 - Rules", "4 - Rules ", "4  - Rules"):
        os.mkdir(repo.path(folder))
        for name in ("x.json", "x .json", "X.json"):
            repo.write(f"{folder}/{name}", item(at=folder + name))
    repo.remount()
    for folder in ("4 - Rules", "4 - Rules ", "4  - Rules"):
        assert repo.names(folder) == ["X.json", "x .json", "x.json"]
        for name in ("x.json", "x .json", "X.json"):
            assert repo.read(f"{folder}/{name}") == item(at=folder + name)


@pytest.mark.parametrize("name", [
    b"\xff.json", b"a\xc3.json", b"\xed\xa0\x80", b"\xc0\xae.json",
    b"\xf4\x90\x80\x80.json"])
def test_a_name_that_is_not_utf8_is_refused(repo, name):
    path = os.fsencode(repo.root) + b"/" + name
    for call in (lambda: os.mkdir(path), lambda: write_all(path, b"{}")):
        try:
            call()
        except OSError as e:
            assert e.errno in (errno.EINVAL, errno.EILSEQ)
        else:
            raise AssertionError("not refused")
    repo.write("a.json", item(a=1))
    assert refused(os.rename, os.fsencode(repo.path("a.json")), path) in \
        (errno.EINVAL, errno.EILSEQ)
    assert repo.names() == ["a.json"]


def test_a_name_of_256_bytes_is_too_long(repo):
    for name in ("x" * 256, "é" * 126 + ".json"):
        refused(os.mkdir, repo.path(name), code=errno.ENAMETOOLONG)
        refused(write_all, repo.path(name), b"{}",
                code=errno.ENAMETOOLONG)
        refused(os.stat, repo.path(name), code=errno.ENAMETOOLONG)


@pytest.mark.parametrize("name", [
    ".hidden.json", "#auto.json", "a.json~", "4913", "a.json.part",
    "a.bak", "a.json.orig", "sedAbCdEf", "a.json.Ab12Cd", "notes.md",
    "a.JSON", "json"])
def test_what_is_no_item_is_a_scratch_file(repo, name):
    repo.write(name, b"not { json")
    number = repo.snapshot()
    repo.remount()
    assert repo.read(name) == b"not { json"
    assert repo.names() == [name]
    assert os.listdir(repo.snap(number)) == []
    assert repo.history(name) == []


def test_below_a_folder_with_a_dot_all_is_scratch(repo):
    os.makedirs(repo.path(".Trash-0/files/deep"))
    repo.write(".Trash-0/files/deep/a.json", b"anything")
    number = repo.snapshot()
    repo.remount()
    assert repo.names() == [".Trash-0"]
    assert repo.read(".Trash-0/files/deep/a.json") == b"anything"
    assert os.listdir(repo.snap(number)) == []
    repo.run("rm", "-r", ".Trash-0")
    assert repo.names() == []


# ---- the dot directories ----

DOTS = (".snapshots", ".control")


def test_dot_directories_are_everywhere_and_never_listed(repo):
    os.makedirs(repo.path("a/b"))
    repo.write("a/b/x.json", item(x=1))
    for folder in ("", "a", "a/b"):
        for dot in DOTS:
            assert stat.S_ISDIR(os.stat(repo.path(folder, dot)).st_mode)
            assert dot not in os.listdir(repo.path(folder))
    found = repo.run("find", ".").stdout.split()
    assert sorted(found) == [".", "./a", "./a/b", "./a/b/x.json"]
    assert repo.run("grep", "-rl", "x", ".").stdout == "./a/b/x.json\n"
    listed = repo.run("tar", "cf", "-", ".", check=True)
    assert ".control" not in listed.stdout


def test_the_names_of_dot_directories_cannot_be_taken(repo):
    os.mkdir(repo.path("d"))
    repo.write("a.json", item(a=1))
    for folder in ("", "d"):
        for dot in (".snapshots", ".control", ".backup", ".secrets"):
            path = repo.path(folder, dot)
            refused(os.mkdir, path, code=errno.EEXIST)
            refused(os.open, path, os.O_CREAT | os.O_EXCL | os.O_WRONLY,
                    code=errno.EEXIST)
            refused(os.symlink, "x", path, code=errno.EEXIST)
            refused(os.rename, repo.path("a.json"), path)
    assert repo.names() == ["a.json", "d"]


def test_dot_directories_cannot_be_removed_or_moved(repo):
    for dot in DOTS:
        refused(os.rmdir, repo.path(dot))
        refused(os.rename, repo.path(dot), repo.path("x"))
        assert os.path.isdir(repo.path(dot))


@pytest.mark.mount("snapdir=visible")
def test_snapdir_visible_lists_two_of_them_in_the_root_alone(repo):
    os.mkdir(repo.path("d"))
    assert repo.names() == [".control", ".snapshots", "d"]
    assert repo.names("d") == []


# ---- attributes ----

def test_modes_owners_and_times_are_kept(repo):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", item(a=1))
    repo.write("d/notes", b"n")
    for n, name in enumerate(("d/a.json", "d/notes", "d")):
        path = repo.path(name)
        os.chmod(path, 0o640 if name != "d" else 0o751)
        os.chown(path, 1000 + n, 2000 + n)
        os.utime(path, ns=(NS + n, NS + n))

    def look():
        found = []
        for name in ("d/a.json", "d/notes", "d"):
            st = os.stat(repo.path(name))
            found.append((name, oct(st.st_mode), st.st_uid, st.st_gid,
                          st.st_mtime_ns))
        return found
    wanted = [("d/a.json", "0o100640", 1000, 2000, NS),
              ("d/notes", "0o100640", 1001, 2001, NS + 1),
              ("d", "0o40751", 1002, 2002, NS + 2)]
    assert look() == wanted
    repo.remount()
    assert look() == wanted


def test_attributes_alone_make_no_version(repo):
    repo.write("a.json", item(a=1))
    os.chmod(repo.path("a.json"), 0o600)
    os.chown(repo.path("a.json"), 1, 1)
    os.utime(repo.path("a.json"), ns=(NS, NS))
    assert len(repo.versions("a.json")) == 1
    assert repo.names() == ["a.json"]


def test_now_and_omit_are_understood(repo):
    repo.write("a.json", item(a=1))
    os.utime(repo.path("a.json"), ns=(NS, NS))
    repo.run("touch", "-a", "a.json")
    assert os.stat(repo.path("a.json")).st_mtime_ns == NS
    repo.run("touch", "a.json")
    assert os.stat(repo.path("a.json")).st_mtime_ns > NS + 10**9
    assert len(repo.versions("a.json")) == 1


def test_a_save_sets_the_time_of_the_item(repo):
    repo.write("a.json", item(a=1))
    os.utime(repo.path("a.json"), ns=(NS, NS))
    with open(repo.path("a.json"), "r+b") as f:
        f.seek(6)
        f.write(b"2")
    assert os.stat(repo.path("a.json")).st_mtime_ns > NS


def test_a_folders_time_follows_what_is_made_in_it(repo):
    os.mkdir(repo.path("d"))
    os.utime(repo.path("d"), ns=(NS, NS))
    repo.write("d/a.json", item(a=1))
    first = os.stat(repo.path("d")).st_mtime_ns
    assert first > NS
    os.unlink(repo.path("d/a.json"))
    assert os.stat(repo.path("d")).st_mtime_ns >= first


def test_statfs_tells_of_the_disk_of_the_repository(repo):
    here, disk = os.statvfs(repo.root), os.statvfs(repo.base)
    assert here.f_namemax == 255
    assert here.f_bavail > 0
    size = here.f_bavail * here.f_frsize
    assert abs(size / (disk.f_bavail * disk.f_frsize) - 1) < 0.2


def test_a_remount_keeps_the_whole_tree(repo):
    for n in range(30):
        os.makedirs(repo.path(f"d{n % 5}/e{n % 3}"), exist_ok=True)
        path = f"d{n % 5}/e{n % 3}/{n}.json"
        repo.write(path, text_of(50 * n + 20))
        os.chmod(repo.path(path), 0o600 + n)
        os.utime(repo.path(path), ns=(NS + n, NS + n))
        repo.write(f"d{n % 5}/{n}.txt", b"s" * n)
    copy = os.path.join(repo.base, "copy")
    run(["cp", "-a", repo.root, copy])
    repo.remount()
    same_tree(copy, repo.root)


# ---- other users ----

def as_nobody(repo, script):
    return subprocess.run(NOBODY + ["sh", "-c", script], cwd=repo.root,
                          env=ENV, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          timeout=seconds(10))


def test_modes_say_what_other_users_may(shared_repo):
    repo = shared_repo
    os.mkdir(repo.path("open"), 0o755)
    os.chmod(repo.path("open"), 0o777)
    os.mkdir(repo.path("shut"), 0o700)
    repo.write("a.json", item(a=1))
    os.chmod(repo.path("a.json"), 0o644)
    repo.write("secret.json", item(s=1))
    os.chmod(repo.path("secret.json"), 0o600)
    for script, works in (
            ("cat a.json", True), ("cat secret.json", False),
            ("echo '{}' > a.json", False), ("echo '{}' > b.json", False),
            ("echo '{}' > open/b.json", True), ("ls shut", False),
            ("rm a.json", False), ("mkdir open/d", True),
            ("mkdir d", False), ("mv a.json open/", False),
            ("chmod 666 a.json", False), ("chmod 600 open/b.json", True),
            ("rm open/b.json", True), ("chown 0 open/d", False),
            ("cat .control/status", True),
            ("echo x > .control/snapshot", False),
            ("mkdir .snapshots/x", False),
            ("echo x > open/.control/snapshot", True)):
        done = as_nobody(repo, script)
        assert (done.returncode == 0) == works, (script, done.stdout)
    assert os.stat(repo.path("open/d")).st_uid == 65534
    assert repo.names() == ["a.json", "open", "secret.json", "shut"]


def test_modes_hold_in_the_past_too(shared_repo):
    repo = shared_repo
    repo.write("secret.json", item(s=1))
    os.chmod(repo.path("secret.json"), 0o600)
    os.mkdir(repo.path("shut"), 0o700)
    repo.write("shut/a.json", item(a=1))
    number = repo.snapshot()
    os.chmod(repo.path("secret.json"), 0o644)
    os.chmod(repo.path("shut"), 0o755)
    assert as_nobody(repo, "cat secret.json shut/a.json").returncode == 0
    for name in ("secret.json", "shut/a.json"):
        done = as_nobody(repo, f"cat .snapshots/{number}/{name}")
        assert done.returncode != 0


def test_the_sticky_bit_protects_others_files(shared_repo):
    repo = shared_repo
    os.mkdir(repo.path("tmp"))
    os.chmod(repo.path("tmp"), 0o1777)
    repo.write("tmp/a.json", item(a=1))
    assert as_nobody(repo, "rm -f tmp/a.json").returncode != 0
    assert as_nobody(repo, "echo '{}' > tmp/b.json").returncode == 0
    assert as_nobody(repo, "rm tmp/b.json").returncode == 0


# ---- large folders ----

def test_a_folder_of_many_entries_is_listed_whole(repo):
    wanted = sorted(f"item {n}.json" for n in range(1500))
    for name in wanted:
        repo.write(name, b"{}")
    assert repo.names() == wanted
    repo.remount()
    assert repo.names() == wanted
    assert len(repo.run("ls", "-l").stdout.splitlines()) == 1501
    number = repo.snapshot()
    assert sorted(os.listdir(repo.snap(number))) == wanted


def test_deleting_while_listing_skips_nothing(repo):
    for n in range(1200):
        repo.write(f"{n}.json" if n % 3 else f"{n}.txt", b"{}")
    met = 0
    with os.scandir(repo.root) as entries:
        for entry in entries:
            os.unlink(entry.path)
            met += 1
    assert met == 1200
    assert repo.names() == []


def test_rm_removes_a_large_tree(repo):
    for n in range(300):
        folder = f"{n % 3}/{n % 7}"
        os.makedirs(repo.path(folder), exist_ok=True)
        repo.write(f"{folder}/{n}.json", b"{}")
    repo.sh("rm -r *")
    assert repo.names() == []


def test_a_listing_that_goes_on_meets_no_entry_twice(repo):
    for n in range(700):
        repo.write(f"{n}.json", b"{}")
    met = []
    with os.scandir(repo.root) as entries:
        for n, entry in enumerate(entries):
            met.append(entry.name)
            if n % 50 == 0:
                repo.write(f"new {n}.json", b"{}")
    assert len(met) == len(set(met))
    assert len([m for m in met if not m.startswith("new")]) == 700


# ---- drafts and scratch ----

def test_an_empty_file_is_a_draft_until_it_has_content(repo):
    repo.run("touch", "a.json")
    assert repo.names() == ["a.json"]
    assert os.stat(repo.path("a.json")).st_size == 0
    number = repo.snapshot()
    assert os.listdir(repo.snap(number)) == []
    assert repo.history("a.json") == []
    repo.sh("echo '{\"a\": 1}' > a.json")
    assert repo.names() == ["a.json"]
    assert repo.versions("a.json") == [b'{"a": 1}\n']


def test_a_draft_survives_a_remount(repo):
    repo.run("touch", "a.json")
    repo.remount()
    assert repo.names() == ["a.json"]
    assert repo.read("a.json") == b""
    repo.sh("echo '{}' > a.json")
    assert repo.names() == ["a.json"]
    assert len(repo.versions("a.json")) == 1


@pytest.mark.parametrize("script", [
    ": > a.json", "truncate -s 0 a.json", "cp /dev/null a.json",
    "cat /dev/null > a.json", "python3 -c 'open(\"a.json\", \"w\")'"])
def test_an_empty_overwrite_leaves_the_item_as_it_was(repo, script):
    repo.write("a.json", item(a=1))
    repo.sh(script, check=False)
    assert repo.read("a.json") == item(a=1)
    assert os.stat(repo.path("a.json")).st_size == len(item(a=1))
    assert repo.names() == ["a.json"]
    assert len(repo.versions("a.json")) == 1


def test_touch_of_an_item_changes_its_time_alone(repo):
    repo.write("a.json", item(a=1))
    repo.run("touch", "-d", "2001-02-03T04:05:06Z", "a.json")
    assert os.stat(repo.path("a.json")).st_mtime == 981173106
    assert repo.read("a.json") == item(a=1)
    assert repo.names() == ["a.json"]


def test_scratch_files_work_like_any_file(repo):
    repo.write("notes.txt", b"hello")
    with open(repo.path("notes.txt"), "ab") as f:
        f.write(b" world")
    os.truncate(repo.path("notes.txt"), 8)
    with open(repo.path("notes.txt"), "r+b") as f:
        f.seek(20)
        f.write(b"!")
    assert repo.read("notes.txt") == b"hello wo" + b"\0" * 12 + b"!"
    repo.sh("cp notes.txt b.txt && mv b.txt notes.txt && "
            "echo new > notes.txt")
    assert repo.read("notes.txt") == b"new\n"
    os.chmod(repo.path("notes.txt"), 0o600)
    repo.remount()
    assert repo.read("notes.txt") == b"new\n"
    assert stat.S_IMODE(os.stat(repo.path("notes.txt")).st_mode) == 0o600


def test_a_scratch_file_has_a_limit(repo):
    with open(repo.path("big"), "wb", buffering=0) as f:
        f.truncate(1 << 20)
        error = None
        try:
            for _ in range(80):
                f.write(b"\1" * (1 << 20))
        except OSError as e:
            error = e.errno
    assert error in (errno.ENOSPC, errno.EFBIG)
    os.unlink(repo.path("big"))
    repo.write("a.json", item(a=1))
    assert repo.read("a.json") == item(a=1)


@pytest.mark.mount("max_item=100K")
def test_an_item_has_a_limit(repo):
    repo.write("a.json", text_of(100 * 1024))
    code = refused(write_all, repo.path("b.json"), text_of(100 * 1024 + 1))
    assert code in (errno.EFBIG, errno.EINVAL, errno.ENOSPC)
    repo.wait_names("a.json")


def test_fsync_and_fdatasync_succeed(repo):
    fd = os.open(repo.path("a.json"), os.O_CREAT | os.O_WRONLY, 0o644)
    os.write(fd, item(a=1))
    os.fsync(fd)
    assert read_all(repo.path("a.json")) == item(a=1)
    os.fdatasync(fd)
    os.close(fd)
    folder = os.open(repo.root, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
    assert len(repo.versions("a.json")) == 1


def test_a_read_only_mount_refuses_every_change(make_repo):
    repo = make_repo().mount()
    repo.write("a.json", item(a=1))
    repo.remount("ro")
    assert repo.read("a.json") == item(a=1)
    for call, args in ((write_all, (repo.path("b.json"), b"{}")),
                       (write_all, (repo.path("a.json"), b"{}")),
                       (os.mkdir, (repo.path("d"),)),
                       (os.unlink, (repo.path("a.json"),)),
                       (os.chmod, (repo.path("a.json"), 0o600)),
                       (os.utime, (repo.path("a.json"), (OLD, OLD)))):
        refused(call, *args, code=errno.EROFS)
    refused(write_all, repo.control("snapshot"), "x")
