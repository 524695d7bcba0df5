"""Programs with windows: editors edit, file managers restore."""

import glob
import json
import os
import subprocess
from urllib.parse import unquote

import pytest

import harness
from harness import OLD, item, text_of, wait_until

OLD_TEXT, NEW_TEXT = text_of(8192, "o"), text_of(8192, "n")


# ---- editors ----

EDITORS = {
    "mousepad": ["mousepad", "--disable-server"],
    "gedit": ["gedit", "--standalone"],
}


@pytest.fixture(params=EDITORS)
def editor(repo, screen, request):
    """An item that another program made, open in an editor."""
    repo.sh("echo '{\"limit\": 5}' > a.json")
    os.chmod(repo.path("a.json"), 0o640)
    one = Editor(repo, screen, request.param)
    yield one
    one.screen.press("ctrl+q", until=lambda: one.child.poll() is not None,
                     to="the end")
    repo.wait_names("a.json")


class Editor:
    def __init__(self, repo, screen, name):
        self.repo = repo
        self.screen = screen
        self.name = name
        self.child = screen.start_in_session(*EDITORS[name],
                                             repo.path("a.json"))
        self.window = screen.wait_window(r"a\.json")

    def save(self, text, until, *before):
        """Replace the whole text, and save: it may happen twice."""
        self.screen.press(*before, "ctrl+a", "=" + text, "ctrl+s",
                          until=until, to=f"'{text}' in the file", again=4)

    def has(self, limit):
        return json.loads(self.repo.read("a.json")) == {"limit": limit}


def test_this_editor_edits_in_place(repo, editor):
    for n in (6, 7):
        editor.save(f'{{"limit": {n}}}', lambda n=n: editor.has(n))
    told = [h for h in repo.history("a.json") if h["change"] == "edited"]
    assert [h["program"] for h in told] == [editor.name] * 2
    assert len(repo.versions("a.json")) == 3
    assert os.stat(repo.path("a.json")).st_mode & 0o777 == 0o640
    assert repo.revisions() == []  # nothing was restored


def test_this_editor_shows_a_refusal_and_keeps_the_text(repo, editor):
    editor.save(',{"limit": 6}', repo.rejected)
    assert editor.has(5) and len(repo.versions("a.json")) == 1
    assert repo.rejected()[-1].strip() == b',{"limit": 6}'
    assert repo.last_outcome("a.json") == "rejected"
    assert editor.screen.window(r"^\*.*a\.json")  # is not saved
    if editor.name == "mousepad":  # a dialog
        editor.screen.wait_window("^Mousepad$")
        editor.screen.press("Escape", until=lambda: not
                            editor.screen.window("^Mousepad$"))
        editor.screen.focus(editor.window)
        editor.save('{"limit": 7}', lambda: editor.has(7))
    else:  # a bar above the text, which Escape closes
        editor.save('{"limit": 7}', lambda: editor.has(7), "shift+Tab",
                    "Escape")
    assert len(repo.versions("a.json")) == 2


def watches(child, folder):
    """Has the program, or one that it has started, asked to hear of names in
    the folder?"""
    wanted = f" ino:{os.stat(folder).st_ino:x} "
    pids = subprocess.run(["pgrep", "--session", str(os.getsid(child.pid))],
                          capture_output=True, text=True, check=False).stdout
    for pid in {str(child.pid), *pids.split()}:
        for info in glob.glob(f"/proc/{pid}/fdinfo/*"):
            try:
                if wanted in harness.read_all(info).decode():
                    return True
            except OSError:
                pass  # it is closed by now
    return False


def test_mousepad_asks_about_what_was_reverted(repo, screen):
    """It watches the file, and asks as soon as its window is used."""
    repo.write("a.json", '{"limit": 5}')
    os.mkdir(repo.snap("first"))
    repo.write("a.json", '{"limit": 6}')
    editor = Editor(repo, screen, "mousepad")
    screen.start_in_session("mousepad", "--disable-server")
    other = screen.wait_window("Untitled")
    wait_until("it to watch", lambda: watches(editor.child, repo.root))
    repo.revert("first")

    def asks():
        screen.focus(other)
        screen.focus(editor.window)
        return screen.window("Externally Modified")
    wait_until("a question", asks, 10, 0.3)


# ---- file managers ----

class Manager:
    """A file manager, and the keys of its dialogs."""

    def __init__(self, screen, name, replace):
        self.screen = screen
        self.name = name
        self.replace = replace
        self.child = None

    def open(self, folder):
        self.child = self.screen.start_in_session(self.name, folder)
        self.screen.wait_window(self.title_of(folder))

    def title_of(self, folder):
        return f"^{os.path.basename(folder)}( - Thunar)?$"

    def copy_all(self, *names):
        self.screen.press(
            "ctrl+a", "ctrl+c", to="copied files", again=1,
            until=lambda: all(n in self.screen.clipboard() for n in names))

    def go(self, folder):
        self.screen.press(
            "ctrl+l", "ctrl+a", "=" + folder, "Return", to=folder, again=4,
            until=lambda: self.screen.window(self.title_of(folder)))

    def shown(self):
        """The names that there are to see, as it copies them."""
        self.screen.press_once("Escape", "ctrl+a", "ctrl+c")
        text = self.screen.clipboard().rstrip("\0")
        return sorted(unquote(os.path.basename(line))
                      for line in text.splitlines()
                      if line.startswith("file:"))

    def wait_shown(self, *names):
        wait_until(f"a window that shows {names}",
                   lambda: self.shown() == sorted(names), 20, 0.2)

    def paste(self, until):
        """Once, as far as one can tell."""
        self.screen.press("ctrl+v", until=until, to="a paste", again=10,
                          limit=30)

    def paste_and_replace(self):
        self.paste(lambda: self.screen.window("^Confirm"))
        self.screen.wait_window("^Confirm")
        self.screen.press(self.replace, to="an answer",
                          until=lambda: not self.screen.window("^Confirm"))


@pytest.fixture(params=[("pcmanfm", "alt+o"), ("thunar", "alt+r")],
                ids=["pcmanfm", "thunar"])
def manager(screen, request):
    return Manager(screen, *request.param)


def wait_for_copy(repo, name, text):
    """It arrives, and the time of the original with it."""
    wait_until(name, lambda: repo.exists(name) and repo.read(name) == text,
               20)
    wait_until("its time",
               lambda: os.stat(repo.path(name)).st_mtime == OLD, 5)


def test_paste_and_replace_restores(repo, manager):
    repo.copy_in(OLD_TEXT, "a.json")
    source = os.path.dirname(repo.source("new/a.json", NEW_TEXT))
    manager.open(source)
    manager.copy_all("a.json")
    manager.go(repo.root)
    manager.paste_and_replace()
    wait_for_copy(repo, "a 2.json", NEW_TEXT)
    # It has now seen the item, and its own copy: it is no editor even so.
    manager.screen.wait_window(manager.title_of(repo.root))
    manager.screen.press_once("F5")
    manager.paste_and_replace()
    wait_for_copy(repo, "a 3.json", NEW_TEXT)
    assert repo.read("a.json") == OLD_TEXT
    assert len(repo.versions("a.json")) == 1
    assert repo.outcomes()[-2:] == [("a.json", "renamed", "a 2.json"),
                                    ("a.json", "renamed", "a 3.json")]
    assert {r["program"] for r in repo.report()[-2:]} == {manager.name}
    repo.wait_names("a 2.json", "a 3.json", "a.json")
    # One program without a pause: one batch, undone in one line.
    number = repo.revisions()[-1]["id"]
    repo.revert(f"undo {number}")
    repo.wait_names("a.json")


def test_paste_of_new_items_creates(repo, manager):
    source = os.path.dirname(repo.source("new/a.json", NEW_TEXT))
    repo.source("new/b c.json", OLD_TEXT)
    repo.source("new/notes.txt", b"a scratch file\n")
    manager.open(source)
    manager.copy_all("a.json", "b%20c.json", "notes.txt")
    manager.go(repo.root)
    manager.paste(lambda: repo.names() == ["a.json", "b c.json",
                                           "notes.txt"])
    wait_for_copy(repo, "a.json", NEW_TEXT)
    wait_for_copy(repo, "b c.json", OLD_TEXT)
    wait_for_copy(repo, "notes.txt", b"a scratch file\n")
    assert len(repo.versions("a.json")) == 1
    assert {outcome for _, outcome, _ in repo.outcomes()} == {"created"}


# ---- what the daemon changes, without F5 ----

def test_a_window_shows_what_is_reverted(repo, manager):
    for name in ("a", "b"):
        repo.write(f"{name}.json", item(n=1))
    os.mkdir(repo.path("sub"))
    os.mkdir(repo.snap("first"))
    manager.open(repo.root)
    manager.wait_shown("a.json", "b.json", "sub")
    repo.sh("rm a.json; mv b.json c.json; rmdir sub; mkdir other;"
            "echo '{}' > d.json")
    manager.wait_shown("c.json", "d.json", "other")
    repo.revert("first")
    manager.wait_shown("a.json", "b.json", "sub")
    repo.revert(f"undo {repo.revisions()[-1]['id']}")
    manager.wait_shown("c.json", "d.json", "other")


def test_a_window_of_a_folder_that_goes_leaves_it(repo, manager):
    os.mkdir(repo.snap("first"))
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", item(n=1))
    manager.open(repo.path("d"))
    manager.wait_shown("a.json")
    repo.revert("first")
    manager.screen.wait_gone(manager.title_of(repo.path("d")))


def test_a_window_shows_what_is_restored(repo, manager):
    os.mkdir(repo.path("d"))
    repo.write("d/a.json", item(n=1))
    manager.open(repo.path("d"))
    manager.wait_shown("a.json")
    repo.source("in/b.json", item(n=2))
    repo.source("in/a.json", item(n=2))
    repo.sh(f"tar -C '{repo.base}/src/in' -cf d/.control/restore .")
    manager.wait_shown("a 2.json", "a.json", "b.json")
    repo.copy_in(item(n=3), "d/a.json")
    manager.wait_shown("a 2.json", "a 3.json", "a.json", "b.json")


def test_glib_hears_of_a_revert(repo, screen):
    repo.write("a.json", item(n=1))
    repo.write("b.json", item(n=1))
    os.mkdir(repo.snap("first"))
    repo.sh("sed -i s/1/2/ a.json; mv b.json c.json; echo '{}' > d.json")
    told = os.path.join(screen.base, "told")
    with open(told, "w", encoding="utf-8") as out:
        child = subprocess.Popen(["gio", "monitor", "-d", repo.root],
                                 env=screen.env, stdout=out)
    try:
        wait_until("a beginning", lambda: heard_of(repo, told, "e.json"), 10)
        repo.revert("first")
        wait_until("the rest", lambda: "d.json: deleted" in text_at(told), 10)
        for what in ("a.json: changed", "a.json: changes done",
                     "c.json: renamed to ", "d.json: deleted"):
            assert what in text_at(told)
    finally:
        child.terminate()
        child.wait()


def text_at(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def heard_of(repo, told, name):
    """Something of which it must hear has been done."""
    repo.write(name, item(n=1))
    os.unlink(repo.path(name))
    return name in text_at(told)


# ---- what GLib does, without a window ----

def test_what_gio_sets_last_is_not_missed(repo, screen):
    """The time, while the kernel hears of the new name."""
    source = repo.source("new.json", NEW_TEXT)
    for n in range(60):
        repo.write(f"{n}.json", OLD_TEXT)
    screen.run(*screen.session(
        "sh", "-c", 'for n in $(seq 0 59); do gio copy -p "$0" "$1/$n.json"; '
        "done", source, repo.root), limit=60)
    late = {n: os.stat(repo.path(f"{n} 2.json")).st_mtime for n in range(60)}
    assert late == dict.fromkeys(range(60), OLD)


def test_gio_copy_over_an_item_restores(repo, screen):
    repo.write("a.json", OLD_TEXT)
    screen.run(*screen.session("gio", "copy", "-p",
                               repo.source("a.json", NEW_TEXT),
                               repo.path("a.json")))
    wait_for_copy(repo, "a 2.json", NEW_TEXT)
    assert repo.read("a.json") == OLD_TEXT
    repo.wait_names("a 2.json", "a.json")


def test_the_trash_takes_and_gives_back(repo, screen):
    repo.write("a.json", item(n=1))
    repo.write("a.json", item(n=2))
    screen.run(*screen.session("gio", "trash", repo.path("a.json")))
    assert not repo.exists("a.json")
    inside = repo.path(".Trash-0/files/a.json")
    outside = os.path.join(screen.home, ".local/share/Trash/files/a.json")
    trashed = [p for p in (inside, outside) if os.path.exists(p)]
    assert len(trashed) == 1
    repo.run("mv", trashed[0], "a.json")
    assert repo.read("a.json") == item(n=2)
    if trashed[0] == inside:  # its history went with it, and came back
        assert repo.versions("a.json") == [item(n=1), item(n=2)]
