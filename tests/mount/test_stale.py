"""Two editors, one of them stale: both texts are there afterwards."""

import os

import pytest

import editors
from harness import OLD, item, wait_until

TEXT = b'{\n  "limit": 5\n}\n'
OTHER = b'{\n  "limit": 9\n}\n'


@pytest.fixture
def path(repo):
    repo.sh("printf '{\\n  \"limit\": 5\\n}\\n' > a.json")
    return repo.path("a.json")


def both_are_there(repo, first, second):
    assert repo.tree() == {"a.json": first, "a 2.json": second}
    assert repo.versions("a.json") == [TEXT, first]
    assert repo.last_outcome("a.json") == "renamed"


def someone_saves(repo):
    repo.sh("sed -i s/5/9/ a.json")
    assert repo.read("a.json") == OTHER


def test_the_second_of_two_vims_is_kept_beside(repo, path, terminal):
    vim = editors.BY_NAME["vim"]
    one = vim.open(terminal, path, repo.home)
    env = dict(repo.env())
    two_tty = terminal([*vim.args, "-n", "a.json"], cwd=repo.root, env=env)
    two_tty.wait(["limit", "ATTENTION"])
    if "ATTENTION" in two_tty.screen():
        two_tty.type("e")
        two_tty.wait("limit")
    one.change()
    one.save()
    two_tty.type(":1s/^/\t/")
    two_tty.keys("Enter")
    two_tty.type(":w")
    two_tty.keys("Enter")
    two_tty.wait("changed since reading it")
    two_tty.type("y")
    second = b"\t" + TEXT
    wait_until("the second save", lambda: repo.exists("a 2.json") and
               repo.read("a 2.json") == second)
    two_tty.type(":q")
    two_tty.keys("Enter")
    two_tty.wait_end()
    one.leave()
    both_are_there(repo, b" " + TEXT, second)


# Not with backupcopy=yes: it reads the item again to make its backup.
@pytest.mark.parametrize("name", ["vim", "vim, backupcopy=no", "nvim"])
def test_a_stale_vim_that_insists_is_kept_beside(repo, path, terminal, name):
    session = editors.BY_NAME[name].open(terminal, path, repo.home)
    session.change()
    someone_saves(repo)
    session.press(("=:w!", "Enter"))
    session.tty.wait(["written", "changed"])
    if not repo.exists("a 2.json"):
        session.press(("=y",))
    session.wait_saved(repo.path("a 2.json"))
    session.leave()
    both_are_there(repo, OTHER, b" " + TEXT)


def test_a_stale_nano_is_kept_beside(repo, path, terminal):
    session = editors.BY_NAME["nano"].open(terminal, path, repo.home)
    session.change()
    someone_saves(repo)
    session.press(("C-o", "Enter"))
    session.tty.wait("modified since you opened it")
    session.press(("=y",))
    session.wait_saved(repo.path("a 2.json"))
    session.leave()
    both_are_there(repo, OTHER, b" " + TEXT)


def test_a_stale_busybox_vi_is_kept_beside(repo, path, terminal):
    session = editors.BY_NAME["busybox vi"].open(terminal, path, repo.home)
    session.change()
    someone_saves(repo)
    session.press(("=:w", "Enter"))
    session.wait_saved(repo.path("a 2.json"))
    session.leave()
    both_are_there(repo, OTHER, b" " + TEXT)


WAYS = {
    "load and dump": ("text = open('a.json').read()",
                      "f = open('a.json', 'w'); f.write(NEW); f.close()"),
    "temporary file": ("text = open('a.json').read()",
                       "f = open('tmpx', 'w'); f.write(NEW); f.close(); "
                       "os.rename('tmpx', 'a.json')"),
    "r+": ("f = open('a.json', 'r+'); text = f.read()",
           "f.seek(0); f.write(NEW); f.truncate(); f.close()"),
    "unlink and create": ("text = open('a.json').read()",
                          "os.unlink('a.json'); f = open('a.json', 'w'); "
                          "f.write(NEW); f.close()"),
    "rename away": ("text = open('a.json').read()",
                    "os.rename('a.json', 'a.json~'); "
                    "f = open('a.json', 'w'); f.write(NEW); f.close(); "
                    "os.unlink('a.json~')"),
    "opened before": ("text = open('a.json').read(); "
                      "f = open('a.json', 'w')",
                      "f.write(NEW); f.close()"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_second_of_two_programs_is_kept_beside(repo, path, actor, way):
    load, save = WAYS[way]
    one, two = actor(), actor()
    for who, text in ((one, "1"), (two, "2")):
        who.do(f"NEW = '{{\"limit\": {text}}}     \\n'\n" + load)
    assert one.do(save) is None
    assert two.do(save) is None
    first, second = b'{"limit": 1}     \n', b'{"limit": 2}     \n'
    both_are_there(repo, first, second)
    # what the second writes next it adds to its own, or beside: not over
    two.write("a.json", b'{"limit": 3}\n')
    assert repo.read("a.json") == first
    repo.umount()
    repo.check()


def test_a_partial_change_of_a_stale_version_loses_nothing(repo, actor):
    """It builds on what is there now, or is kept beside."""
    repo.sh("echo '{\"a\": 1, \"b\": 1}' > a.json")
    one = actor()
    one.do("f = open('a.json', 'r+'); f.read()")
    repo.sh("sed -i 's/1,/2,/' a.json")
    one.do("f.seek(14); f.write('3'); f.close()")
    assert repo.tree() in (
        {"a.json": b'{"a": 2, "b": 3}\n'},
        {"a.json": b'{"a": 2, "b": 1}\n', "a 2.json": b'{"a": 1, "b": 3}\n'})


def test_a_stale_append_is_kept_beside(repo, path, actor):
    one = actor()
    one.do("f = open('a.json', 'a')")
    someone_saves(repo)
    one.do("f.write('\\n\\n'); f.close()")
    assert repo.read("a.json") in (OTHER, OTHER + b"\n\n")
    assert b"".join(repo.versions("a.json")).startswith(TEXT + OTHER)


def test_reading_again_makes_it_current_again(repo, path, actor):
    one = actor()
    one.read("a.json")
    someone_saves(repo)
    one.read("a.json")
    one.write("a.json", item(n=3))
    assert repo.tree() == {"a.json": item(n=3)}
    assert len(repo.versions("a.json")) == 3


def test_a_copier_over_an_open_editor_disturbs_nobody(repo, path, terminal):
    session = editors.BY_NAME["vim"].open(terminal, path, repo.home)
    session.change()
    repo.run("cp", repo.source("a.json", OTHER), "a.json")
    session.save()
    session.change()
    session.save()
    session.leave()
    assert repo.tree() == {"a.json": b"  " + TEXT, "a 2.json": OTHER}
    assert len(repo.versions("a.json")) == 3


def test_a_revert_makes_an_editor_stale(repo, path, terminal):
    number = repo.snapshot()
    someone_saves(repo)
    session = editors.BY_NAME["busybox vi"].open(terminal, path, repo.home)
    session.change()
    repo.revert(number)
    assert repo.read("a.json") == TEXT
    session.press(("=:w", "Enter"))
    session.wait_saved(repo.path("a 2.json"))
    session.leave()
    assert repo.tree() == {"a.json": TEXT, "a 2.json": b" " + OTHER}


def test_two_writers_in_a_row_do_not_lose_a_word(repo, actor):
    """Ten processes, each of which reads, waits and saves: every text is in
    the history or beside."""
    repo.sh("echo '{\"n\": 0}' > a.json")
    many = [actor() for _ in range(10)]
    for one in many:
        one.read("a.json")
    for n, one in enumerate(many):
        one.write("a.json", item(n=n + 1))
    texts = set(repo.tree().values()) | set(repo.versions("a.json"))
    assert texts == {b'{"n": 0}\n'} | {item(n=n) for n in range(1, 11)}
    assert repo.versions("a.json") == [b'{"n": 0}\n', item(n=1)]


def test_a_save_after_the_item_was_deleted_creates_it_anew(repo, path,
                                                          actor):
    one = actor()
    one.read("a.json")
    repo.run("rm", "a.json")
    one.write("a.json", OTHER)
    assert repo.tree() == {"a.json": OTHER}


def test_a_save_after_the_item_was_moved_creates_it_anew(repo, path, actor):
    one = actor()
    one.read("a.json")
    repo.run("mv", "a.json", "b.json")
    one.write("a.json", OTHER)
    assert repo.tree() == {"a.json": OTHER, "b.json": TEXT}


def test_a_copy_with_an_old_time_over_ones_own_edit_goes_beside(repo, path,
                                                               actor):
    """One process may edit, and copy: each is what it is."""
    one = actor()
    one.read("a.json")
    one.write("a.json", OTHER)
    source = repo.source("a.json", item(n=1))
    one.do(f"import shutil; shutil.copy2({source!r}, 'a.json')")
    assert repo.tree() == {"a.json": OTHER, "a 2.json": item(n=1)}
    assert os.stat(repo.path("a 2.json")).st_mtime == OLD
