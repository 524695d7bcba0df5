"""Each real editor edits in place: one version for each changed save."""

import os
import time

import pytest

import editors
from harness import read_all, wait_until

TEXT = b'{\n  "limit": 5\n}\n'


@pytest.fixture
def item(repo):
    """An item that another program has made."""
    repo.sh("printf '{\\n  \"limit\": 5\\n}\\n' > a.json")
    assert repo.read("a.json") == TEXT
    return repo.path("a.json")


def texts(count):
    """The item after 0, 1, 2 ... changes."""
    return [b" " * n + TEXT for n in range(count)]


@pytest.mark.parametrize("editor", editors.EDITORS, ids=lambda e: e.name)
def test_this_editor_saves_twice_in_place(repo, item, terminal, editor):
    os.chmod(item, 0o640)
    session = editor.open(terminal, item, repo.home)
    session.change()
    session.save()
    session.change()
    session.save()
    session.leave()
    repo.wait_names("a.json", *editor.keeps)
    assert repo.read("a.json") == texts(3)[-1]
    assert repo.versions("a.json") == texts(3)
    changes = [h["change"] for h in repo.history("a.json")]
    assert [c for c in changes if c != "attributes"] == \
        ["created", "edited", "edited"]
    assert oct(os.stat(item).st_mode) == "0o100640"
    assert [r["kind"] for r in repo.revisions()] == []
    repo.remount()
    assert repo.names() == sorted(["a.json", *editor.keeps])
    assert repo.versions("a.json") == texts(3)
    repo.umount()
    repo.check()


@pytest.mark.parametrize("name", ["vim", "nano", "emacs", "micro", "nvim"])
def test_a_second_sitting_goes_on_with_the_same_history(repo, item,
                                                       terminal, name):
    editor = editors.BY_NAME[name]
    for _ in range(2):
        session = editor.open(terminal, item, repo.home)
        session.change()
        session.save()
        session.leave()
    assert repo.versions("a.json") == texts(3)
    repo.wait_names("a.json", *editor.keeps)


def test_several_editors_share_one_history(repo, item, terminal):
    names = ["vim", "nano", "nvim", "micro", "busybox vi"]
    for name in names:
        session = editors.BY_NAME[name].open(terminal, item, repo.home)
        session.change()
        session.save()
        session.leave()
    assert repo.versions("a.json") == texts(len(names) + 1)
    programs = [h["program"] for h in repo.history("a.json")
                if h["change"] == "edited"]
    assert programs == ["vim", "nano", "nvim", "micro", "busybox"]
    repo.wait_names("a.json")


@pytest.mark.parametrize("editor", [e for e in editors.EDITORS
                                    if "vi" in e.name and
                                    e.name != "busybox vi"],
                         ids=lambda e: e.name)
def test_wq_without_a_change_makes_no_version(repo, item, terminal, editor):
    session = editor.open(terminal, item, repo.home)
    session.press(("=:wq", "Enter"))
    session.tty.wait_end()
    assert repo.versions("a.json") == [TEXT]
    assert set(repo.names()) <= {"a.json", *editor.keeps}
    assert repo.last_outcome("a.json") == "unchanged"


def test_nano_saving_without_a_change_makes_no_version(repo, item,
                                                      terminal):
    session = editors.BY_NAME["nano"].open(terminal, item, repo.home)
    session.save()
    session.tty.wait("Wrote")
    session.leave()
    assert repo.versions("a.json") == [TEXT]


def test_opening_and_leaving_changes_nothing(repo, item, terminal):
    moment = repo.status()["moment"]
    for name in ("vim", "nano", "micro", "busybox vi"):
        session = editors.BY_NAME[name].open(terminal, item, repo.home)
        session.leave()
    assert repo.versions("a.json") == [TEXT]
    assert repo.names() == ["a.json"]
    assert [h["change"] for h in repo.history("a.json")] == ["created"]
    assert int(repo.status()["moment"]) >= int(moment)


@pytest.mark.parametrize("name", ["vim", "nano", "emacs", "micro"])
def test_an_editor_makes_a_new_item(repo, terminal, tmp_path, name):
    editor = editors.BY_NAME[name]
    tty = terminal([*editor.args, "new.json"], cwd=repo.root,
                   env=repo.env())
    tty.wait(["new.json"])
    if name == "vim":
        tty.type("i")
    tty.type('{"limit": 1}')
    if name == "vim":
        tty.keys("Escape")
        time.sleep(0.2)
    for key in editor.save:
        tty.type(key[1:]) if key.startswith("=") else tty.keys(key)
    wait_until("the new item", lambda: repo.exists("new.json") and
               repo.read("new.json").strip() == b'{"limit": 1}')
    for key in editor.leave:
        tty.type(key[1:]) if key.startswith("=") else tty.keys(key)
    tty.wait_end()
    assert len(repo.versions("new.json")) == 1
    repo.wait_names("new.json")


# ---- emacs' files ----

def test_emacs_locks_and_saves_by_itself(repo, item, terminal):
    editor = editors.BY_NAME["emacs, autosave at every key"]
    session = editor.open(terminal, item, repo.home)
    for _ in range(25):
        session.change()
    wait_until("the lock", lambda: repo.exists(".#a.json"))
    assert "@" in os.readlink(repo.path(".#a.json"))
    wait_until("the autosave", lambda: repo.exists("#a.json#"))
    assert repo.versions("a.json") == [TEXT]
    session.save()
    session.leave()
    repo.wait_names("a.json", "a.json~")
    assert repo.versions("a.json") == [TEXT, b" " * 25 + TEXT]
    assert repo.read("a.json~") == TEXT


def test_emacs_recovers_what_it_saved_by_itself(repo, item, terminal):
    editor = editors.BY_NAME["emacs, autosave at every key"]
    session = editor.open(terminal, item, repo.home)
    for _ in range(25):
        session.change()
    wait_until("the autosave", lambda: repo.exists("#a.json#"))
    session.tty.kill_program()
    assert repo.read("a.json") == TEXT
    assert repo.read("#a.json#").strip() == TEXT.strip()
    repo.remount()
    assert repo.read("#a.json#").strip() == TEXT.strip()


def test_a_killed_vim_leaves_its_swap_file_and_the_item(repo, item,
                                                       terminal):
    session = editors.BY_NAME["vim"].open(terminal, item, repo.home)
    session.change()
    session.press(("=:preserve", "Enter"))
    session.tty.wait("preserved")
    session.tty.kill_program()
    repo.wait_names(".a.json.swp", "a.json")
    assert repo.versions("a.json") == [TEXT]
    repo.remount()
    assert read_all(repo.path(".a.json.swp"))[:6] == b"b0VIM "


# ---- programs that edit ----

PROGRAMS = [
    ("sed -i", "sed -i 's/5/6/' a.json", []),
    ("sed -i.bak", "sed -i.bak 's/5/6/' a.json", ["a.json.bak"]),
    ("sed --follow-symlinks -i", "sed --follow-symlinks -i 's/5/6/' a.json",
     []),
    ("busybox sed -i", "busybox sed -i 's/5/6/' a.json", []),
    ("perl -i", "perl -pi -e 's/5/6/' a.json", []),
    ("perl -i.bak", "perl -pi.bak -e 's/5/6/' a.json", ["a.json.bak"]),
    ("ed", "printf '%s\\n' '2s/5/6/' w q | ed -s a.json", []),
    ("ex", "printf '%s\\n' '2s/5/6/' wq | ex -s a.json", []),
    ("vim -c", "vim -es -c '2s/5/6/' -c wq a.json", []),
    ("nvim --headless", "nvim --headless -c '2s/5/6/' -c wq a.json", []),
    ("emacs --batch", "emacs -Q --batch a.json --eval '(progn "
     "(search-forward \"5\") (replace-match \"6\") (save-buffer))'", None),
    ("python load and dump", """python3 -c '
text = open("a.json").read()
open("a.json", "w").write(text.replace("5", "6"))'""", []),
    ("python r+", """python3 -c '
with open("a.json", "r+") as f:
    text = f.read().replace("5", "6")
    f.seek(0)
    f.write(text)
    f.truncate()'""", []),
    ("python json", """python3 -c '
import json
d = json.load(open("a.json"))
d["limit"] = 6
with open("a.json", "w") as f:
    f.write("{\\n  \\"limit\\": %d\\n}\\n" % d["limit"])'""", []),
    ("python mmap", """python3 -c '
import mmap
with open("a.json", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
    at = m.find(b"5")
    m[at:at + 1] = b"6"'""", []),
    ("python temporary file", """python3 -c '
import os, tempfile
text = open("a.json").read()
f = tempfile.NamedTemporaryFile("w", dir=".", delete=False)
f.write(text.replace("5", "6"))
f.close()
os.chmod(f.name, 0o640)
os.replace(f.name, "a.json")'""", []),
    ("python temporary file, fsync", """python3 -c '
import os
text = open("a.json").read()
with open("a.json.tmp", "w") as f:
    f.write(text.replace("5", "6"))
    f.flush()
    os.fsync(f.fileno())
os.rename("a.json.tmp", "a.json")'""", []),
    ("python several threads", """python3 -c '
import threading
def run(f):
    t = threading.Thread(target=f)
    t.start()
    t.join()
def load():
    global text
    text = open("a.json").read()
run(load)
run(lambda: open("a.json", "w").write(text.replace("5", "6")))'""", []),
    ("jq and mv", "jq --indent 2 '.limit = 6' a.json > tmp && "
     "mv tmp a.json", []),
    ("jq and mv, the temporary file an item",
     "jq --indent 2 '.limit = 6' a.json > tmp.json && mv tmp.json a.json",
     []),
    ("jq and mv -f, same folder by path",
     "jq --indent 2 '.limit = 6' $PWD/a.json > $PWD/.tmp && "
     "mv -f $PWD/.tmp $PWD/a.json", []),
    ("bash $(<f)", "x=$(<a.json); echo \"${x/5/6}\" > a.json", []),
    ("bash read", "mapfile x < a.json; printf '%s' \"${x[@]/5/6}\" > "
     "a.json", []),
    ("perl open", """perl -e '
open F, "<", "a.json"; local $/; $t = <F>; close F; $t =~ s/5/6/;
open F, ">", "a.json"; print F $t; close F'""", []),
]


@pytest.mark.parametrize("name, script, keeps", PROGRAMS,
                         ids=[p[0] for p in PROGRAMS])
def test_this_program_edits_in_place(repo, item, name, script, keeps):
    new = TEXT.replace(b"5", b"6")
    repo.sh(script)
    assert repo.read("a.json") == new
    assert repo.versions("a.json") == [TEXT, new]
    if keeps is not None:
        repo.wait_names("a.json", *keeps)
    assert repo.last_outcome("a.json") == "edited"
    assert repo.revisions() == []
    # once more: there is nothing to do, some say so by their exit status
    repo.sh(script, check=False)
    assert repo.versions("a.json") == [TEXT, new]
    repo.umount()
    repo.check()
