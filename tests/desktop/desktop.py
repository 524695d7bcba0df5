"""A screen of its own, with windows that are used by their keys."""

import os
import re
import signal
import subprocess
import tempfile
import time

import harness
from harness import run, seconds, wait_until

PICTURES = os.environ.get("REPOFS_PICTURES") or \
    os.path.join(tempfile.gettempdir(), "repofs-pictures")


# A bus that starts nothing by itself, which would outlive a test.
BUS = """
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Screen:
    """An X server with nothing on it but what a test starts: no window
    manager, no other programs. A key goes to the window that has the focus.

    A toolkit loses a key now and then, while it starts or shows a dialog. So
    nothing is pressed once and hoped for: press() goes on until what it is
    for has come true.
    """

    def __init__(self, base):
        self.base = base
        self.home = os.path.join(base, "home")
        self.runtime = os.path.join(base, "run")
        self.log = os.path.join(base, "screen.log")
        self.children = []
        for path in (self.home, self.runtime):
            os.makedirs(path, mode=0o700, exist_ok=True)
        self.env = dict(
            harness.ENV, HOME=self.home, XDG_RUNTIME_DIR=self.runtime,
            GDK_BACKEND="x11", GSETTINGS_BACKEND="memory",
            LIBGL_ALWAYS_SOFTWARE="1", GTK_THEME="Adwaita",
            NO_AT_BRIDGE="1", GTK_A11Y="none", GTK_USE_PORTAL="0",
            # No plug-ins that look at all disks of the machine:
            GIO_MODULE_DIR=self.home)
        self.bus = os.path.join(base, "bus.conf")
        harness.write_all(self.bus, BUS)
        number = self.start_telling("Xvfb", "-displayfd", "FD", "-screen",
                                    "0", "900x700x24", "-nolisten", "tcp",
                                    "-noreset")
        self.env["DISPLAY"] = ":" + number

    def start(self, *args, cwd=None, **kw):
        """A program, with all that it starts in a group of its own."""
        with open(self.log, "ab") as log:
            child = subprocess.Popen(
                [str(a) for a in args], cwd=cwd or self.base, env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **kw)
        self.children.append(child)
        return child

    def start_telling(self, *args):
        """What the program writes to FD when it is ready."""
        here, there = os.pipe()
        self.start(*[str(there) if a == "FD" else a for a in args],
                   pass_fds=[there])
        os.close(there)
        with os.fdopen(here) as told:
            line = told.readline().strip()
        assert line, f"{args[0]} did not start: {harness.read_all(self.log)}"
        return line

    def start_in_session(self, *args, **kw):
        """A program with a session bus of its own."""
        return self.start(*self.session(*args), **kw)

    def session(self, *args):
        return ["dbus-run-session", "--config-file", self.bus, "--", *args]

    def run(self, *args, **kw):
        kw.setdefault("cwd", self.base)
        kw.setdefault("limit", 15)
        return run(args, env=self.env, **kw)

    # ---- windows ----

    def xdotool(self, *args):
        return self.run("xdotool", *args, check=False).stdout.strip()

    def titles(self):
        """{id: title} of the windows that can be seen."""
        found = self.xdotool("search", "--onlyvisible", "--name", ".")
        titles = {w: self.xdotool("getwindowname", w)
                  for w in found.split()}
        return {w: title for w, title in titles.items() if title}

    def window(self, title):
        """The window whose title has a match of this, or None."""
        for window, text in self.titles().items():
            if re.search(title, text):
                return window
        return None

    def wait_window(self, title, limit=20):
        """... as soon as it is there; it gets the keys."""
        window = wait_until(f"a window '{title}'",
                            lambda: self.window(title), limit, 0.05)
        self.focus(window)
        return window

    def focus(self, window):
        def is_focused():
            self.xdotool("windowfocus", window)
            return self.xdotool("getwindowfocus", "-f") == window
        wait_until("the focus", is_focused, 5)

    def wait_gone(self, title, limit=10):
        wait_until(f"'{title}' to go", lambda: not self.window(title), limit,
                   0.05)

    # ---- keys ----

    def press(self, *keys, until, to="this", limit=20, again=2.0):
        """Press until the condition is true; its value. What begins with =
        is typed as it is. The keys do no harm if they come twice, or
        @again is long."""
        end = time.monotonic() + seconds(limit)
        while True:
            self.press_once(*keys)
            pause = time.monotonic() + seconds(again)
            while time.monotonic() < pause:
                value = until()
                if value:
                    return value
                time.sleep(0.03)
            assert time.monotonic() < end, \
                f"{keys} did not lead to {to}; windows: {self.titles()}"

    def press_once(self, *keys):
        for key in keys:
            if key.startswith("="):
                self.xdotool("type", "--clearmodifiers", "--delay", "8",
                             key[1:])
            else:
                self.xdotool("key", "--clearmodifiers", "--delay", "20", key)

    def clipboard(self):
        """The files that were copied there by a file manager."""
        return self.run("xclip", "-o", "-selection", "clipboard", "-t",
                        "x-special/gnome-copied-files", check=False).stdout

    # ---- the end ----

    def picture(self, name):
        """What there is to see, in words, and where the picture is."""
        os.makedirs(PICTURES, exist_ok=True)
        path = os.path.join(PICTURES, re.sub(r"\W+", "-", name) + ".png")
        self.run("import", "-silent", "-window", "root", path, check=False)
        with open(self.log, "rb") as f:
            said = f.read()[-2000:].decode(errors="replace")
        return f"windows: {self.titles()}, see {path}\n{said}"

    def close(self):
        for child in reversed(self.children):
            end_group(child)


def end_group(child):
    """A session bus ends what it started, if it is asked to."""
    for number, limit in ((signal.SIGTERM, 3), (signal.SIGKILL, 10)):
        try:
            os.killpg(child.pid, number)
            child.wait(seconds(limit))
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
    child.wait()
