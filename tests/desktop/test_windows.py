"""Programs with windows: editors edit, file managers restore."""

import os
import time

import pytest

from harness import OLD, item, run, text_of, wait_until

TEXT = b'{\n  "limit": 5\n}\n'
OLD_TEXT, NEW_TEXT = text_of(8192, "o"), text_of(8192, "n")

EDITORS = {
    "mousepad": (["mousepad", "--disable-server"], "Mousepad"),
    "gedit": (["gedit", "--standalone"], "gedit"),
}


@pytest.fixture
def path(repo):
    """An item that another program has made."""
    repo.sh("printf '{\\n  \"limit\": 5\\n}\\n' > a.json")
    return repo.path("a.json")


@pytest.mark.parametrize("name", EDITORS)
def test_this_editor_saves_twice_in_place(repo, screen, path, name):
    args, title = EDITORS[name]
    os.chmod(path, 0o640)
    program = screen.start([*args, path], cwd=repo.root)
    screen.focus("a.json")
    for n in (1, 2):
        screen.keys("ctrl+Home", "space", "ctrl+s")
        wait_until(f"save {n} of {title}",
                   lambda n=n: repo.read("a.json") == b" " * n + TEXT, 20)
        time.sleep(0.5)
    screen.keys("ctrl+q")
    program.wait(20)
    repo.wait_names("a.json")
    assert repo.versions("a.json") == [b" " * n + TEXT for n in range(3)]
    assert oct(os.stat(path).st_mode) == "0o100640"
    assert repo.revisions() == []
    repo.umount()
    repo.check()


@pytest.mark.parametrize("name", EDITORS)
def test_this_editor_shows_a_refusal_and_keeps_the_text(repo, screen, path,
                                                       name):
    args, _ = EDITORS[name]
    program = screen.start([*args, path], cwd=repo.root)
    screen.focus("a.json")
    screen.keys("ctrl+Home", "comma", "ctrl+s")
    wait_until("the refusal", lambda: repo.rejected() != [], 20)
    time.sleep(0.5)
    assert repo.read("a.json") == TEXT
    assert repo.last_outcome("a.json") == "rejected"
    assert (b"," + TEXT).startswith(repo.rejected()[-1])
    if name == "mousepad":  # a dialog
        screen.keys("Escape")
        screen.focus("a.json")
    screen.keys("ctrl+Home", "Delete", "space", "ctrl+s")
    wait_until("the next save",
               lambda: repo.read("a.json") == b" " + TEXT, 20)
    assert repo.versions("a.json") == [TEXT, b" " + TEXT]
    program.terminate()
    program.wait(20)
    repo.wait_names("a.json")


def pasted(repo, path="a.json"):
    copy = path.replace(".json", " 2.json")
    wait_until("the copy", lambda: repo.exists(copy) and
               repo.read(copy) == NEW_TEXT, 20)
    time.sleep(0.5)
    assert repo.read(path) == OLD_TEXT
    assert len(repo.versions(path)) == 1
    wait_until("its time",
               lambda: os.stat(repo.path(copy)).st_mtime == OLD, 5)
    assert repo.last_outcome(path) == "renamed"


MANAGERS = {
    "pcmanfm": (["pcmanfm", "--no-desktop"], "Confirm", ["alt+o"]),
    "thunar": (["thunar"], "Confirm", ["alt+r"]),
}


def paste_over(repo, screen, name, source):
    args, dialog, answer = MANAGERS[name]
    program = screen.start([*args, source], cwd=repo.base)
    screen.focus(os.path.basename(source))
    screen.keys("ctrl+a", "ctrl+c")
    screen.keys("ctrl+l")
    screen.keys("ctrl+a")
    screen.type(repo.root + "/")
    screen.keys("Return")
    screen.focus("mnt")
    time.sleep(1)
    screen.keys("Escape")
    screen.keys("ctrl+v")
    return program, dialog, answer


@pytest.mark.parametrize("name", MANAGERS)
def test_paste_over_an_item_restores(repo, screen, name):
    repo.sh("printf '%s\\n' \"$X\" > a.json",
            env=repo.env(X=OLD_TEXT.decode().strip()))
    assert repo.read("a.json") == OLD_TEXT
    source = os.path.dirname(repo.source("a.json", NEW_TEXT))
    program, dialog, answer = paste_over(repo, screen, name, source)
    screen.focus(dialog)
    screen.keys(*answer)
    pasted(repo)
    program.terminate()
    program.wait(20)
    repo.wait_names("a 2.json", "a.json")


@pytest.mark.parametrize("name", MANAGERS)
def test_paste_of_new_items_creates(repo, screen, name):
    source = os.path.dirname(repo.source("a.json", NEW_TEXT))
    repo.source("b c.json", OLD_TEXT)
    program, _, _ = paste_over(repo, screen, name, source)
    wait_until("both", lambda: repo.names() == ["a.json", "b c.json"], 20)
    wait_until("the contents", lambda: repo.tree() ==
               {"a.json": NEW_TEXT, "b c.json": OLD_TEXT}, 10)
    time.sleep(0.5)
    assert len(repo.versions("a.json")) == 1
    assert os.stat(repo.path("a.json")).st_mtime == OLD
    program.terminate()
    program.wait(20)


# ---- what GLib does, without a window ----

def test_gio_copy_over_an_item_restores(repo, screen):
    repo.write("a.json", OLD_TEXT)
    screen.run("gio", "copy", "-p", repo.source("a.json", NEW_TEXT),
               repo.path("a.json"))
    pasted(repo)
    repo.wait_names("a 2.json", "a.json")


def test_gio_save_edits_what_the_same_program_has_read(repo, screen, path):
    code = """
import gi
from gi.repository import Gio
f = Gio.File.new_for_path("a.json")
ok, text, tag = f.load_contents(None)
f.replace_contents(b" " + text, tag, False, 0, None)
"""
    done = run(["/usr/bin/python3", "-c", "import gi"], check=False)
    if done.returncode != 0:  # the same by a program of its own
        code = """
text = open("a.json", "rb").read()
import os
f = open(".goutputstream-AB12CD", "wb")
old = open("a.json", "r+b")
f.write(b" " + text)
f.flush()
os.fsync(f.fileno())
os.rename(".goutputstream-AB12CD", "a.json")
f.close()
old.close()
"""
    repo.python(code)
    assert repo.versions("a.json") == [TEXT, b" " + TEXT]
    repo.wait_names("a.json")


def test_the_trash_takes_and_gives_back(repo, screen):
    repo.write("a.json", item(n=1))
    repo.write("a.json", item(n=2))
    screen.run("gio", "trash", repo.path("a.json"))
    assert not repo.exists("a.json")
    files = repo.path(".Trash-0/files")
    if not os.path.isdir(files):  # then it went to the home
        files = os.path.join(screen.home, ".local/share/Trash/files")
    found = os.path.join(files, "a.json")
    assert os.path.exists(found)
    repo.run("mv", found, "a.json")
    assert repo.read("a.json") == item(n=2)
    if repo.exists(".Trash-0"):
        assert repo.versions("a.json") == [item(n=1), item(n=2)]
