"""Editors as people use them: what is pressed to change, save and leave.

Every change is one space more at the beginning of the text: all editors can
do that with one key, and JSON does not mind.
"""

import os
import time

from harness import read_all, wait_until


class Editor:
    """How a program is used. @keeps: names that it is set to leave behind."""

    def __init__(self, name, args, change, save, leave, keeps=(),
                 saves_by="", ready=None):
        self.name = name
        self.args = args
        self.change = change
        self.save = save
        self.leave = leave
        self.keeps = list(keeps)
        self.saves_by = saves_by
        self.ready = ready

    def __repr__(self):
        return self.name

    def open(self, terminal, path, home, env=None):
        return Session(self, terminal, path, home, env)


class Session:
    """A file that is open in an editor."""

    def __init__(self, editor, terminal, path, home, env):
        self.editor = editor
        self.path = path
        self.text = read_all(path)
        env = dict(env or {}, HOME=home)
        for name in ("LC_ALL", "TERM", "PATH", "TZ"):
            env.setdefault(name, os.environ.get(name, ""))
        env.update(LC_ALL="C.UTF-8", TERM="screen-256color", TZ="UTC")
        self.tty = terminal([*editor.args, os.path.basename(path)],
                            cwd=os.path.dirname(path), env=env)
        self.tty.wait(editor.ready or "limit")

    def press(self, keys):
        """Keys by name; what begins with = is typed as it is."""
        for key in keys:
            if key.startswith("="):
                self.tty.type(key[1:])
            else:
                self.tty.keys(key)
            if key == "Escape":
                time.sleep(0.2)  # else it begins a sequence

    def change(self):
        self.press(self.editor.change)
        self.text = b" " + self.text

    def save(self):
        """Press the keys, and wait until the text is there."""
        self.press(self.editor.save)
        self.wait_saved()

    def wait_saved(self, path=None):
        path = path or self.path

        def saved():
            try:
                return read_all(path) == self.text
            except FileNotFoundError:
                return False  # between two names
        try:
            wait_until(f"{self.editor} to save", saved)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.tty.screen()}") from e

    def leave(self):
        """A key that comes while an editor still draws may be lost (micro)."""
        self.press(self.editor.leave)
        try:
            self.tty.wait_end(4)
        except AssertionError:
            self.press(self.editor.leave)
            self.tty.wait_end()
        self.tty.close()


VI_CHANGE = ("=:1s/^/ /", "Enter")
VI_SAVE = ("=:w", "Enter")
VI_LEAVE = ("=:q", "Enter")


def vim(name, settings="", keeps=(), program="vim"):
    # In /tmp vim saves otherwise, without its backup.
    args = [program, "-c", f"set backupskip= {settings}"]
    return Editor(name, args, VI_CHANGE, VI_SAVE, VI_LEAVE, keeps)


def emacs(name, code="", keeps=("a.json~",)):
    # In /tmp emacs makes no backups.
    code = f"(setq backup-enable-predicate (lambda (name) t)) {code}"
    args = ["emacs", "-nw", "-Q", "--eval", f"(progn {code})"]
    return Editor(name, args, ("Space",), ("C-x", "C-s"), ("C-x", "C-c"),
                  keeps)


EDITORS = [
    vim("vim"),
    vim("vim, backupcopy=yes", "backupcopy=yes"),
    vim("vim, backupcopy=no", "backupcopy=no"),
    vim("vim, nowritebackup", "nobackup nowritebackup"),
    vim("vim, backup", "backup", ["a.json~"]),
    vim("vim, backup and backupcopy=yes", "backup backupcopy=yes",
        ["a.json~"]),
    vim("vim, patchmode", "patchmode=.orig", ["a.json.orig"]),
    vim("vim, undofile", "undofile", [".a.json.un~"]),
    vim("nvim", program="nvim"),
    Editor("busybox vi", ["busybox", "vi"], ("=i", "Space", "Escape"),
           VI_SAVE, VI_LEAVE),
    Editor("nano", ["nano"], ("Space",), ("C-o", "Enter"), ("C-x",)),
    Editor("nano -B", ["nano", "-B"], ("Space",), ("C-o", "Enter"),
           ("C-x",), ["a.json~"]),
    Editor("nano -G", ["nano", "-G"], ("Space",), ("C-o", "Enter"),
           ("C-x",)),
    emacs("emacs"),
    emacs("emacs without backups", "(setq make-backup-files nil)", []),
    emacs("emacs, backup by copying", "(setq backup-by-copying t)"),
    emacs("emacs, numbered backups", "(setq version-control t)",
          ["a.json.~1~"]),
    emacs("emacs, precious file",
          "(setq-default file-precious-flag t)"),
    emacs("emacs, autosave at every key", "(setq auto-save-interval 1)"),
    Editor("micro", ["micro"], ("Space",), ("C-s",), ("C-q",)),
    Editor("mcedit", ["mcedit"], ("Space",), ("F2", "Enter"), ("F10",)),
]

BY_NAME = {editor.name: editor for editor in EDITORS}
