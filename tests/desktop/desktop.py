"""A screen without a monitor, and keys pressed in its windows."""

import os
import shutil
import subprocess
import tempfile
import time

import harness
from harness import seconds, wait_until

PICTURES = os.environ.get("REPOFS_PICTURES") or \
    os.path.join(tempfile.gettempdir(), "repofs-pictures")


class Screen:
    """Xvfb, a session bus and a home of their own."""

    def __init__(self, base):
        self.base = base
        self.children = []
        self.home = os.path.join(base, "home")
        os.makedirs(os.path.join(self.home, "run"), mode=0o700,
                    exist_ok=True)
        self.log = open(os.path.join(base, "screen.log"), "wb")
        self.env = dict(harness.ENV, HOME=self.home, NO_AT_BRIDGE="1",
                        XDG_RUNTIME_DIR=os.path.join(self.home, "run"),
                        GSETTINGS_BACKEND="memory", GDK_BACKEND="x11",
                        LIBGL_ALWAYS_SOFTWARE="1", GTK_THEME="Adwaita")
        self.env["DISPLAY"] = ":" + self._start_x()
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_bus()

    def _start_x(self):
        here, there = os.pipe()
        self.start(["Xvfb", "-displayfd", str(there), "-screen", "0",
                    "1000x700x24", "-nolisten", "tcp"], pass_fds=(there,))
        os.close(there)
        with os.fdopen(here) as f:
            number = f.readline().strip()
        assert number, "Xvfb did not start"
        return number

    def _start_bus(self):
        here, there = os.pipe()
        self.start(["dbus-daemon", "--session", "--nofork",
                    f"--print-address={there}"], pass_fds=(there,))
        os.close(there)
        with os.fdopen(here) as f:
            address = f.readline().strip()
        assert address, "the session bus did not start"
        return address

    def start(self, args, cwd=None, **kw):
        child = subprocess.Popen([str(a) for a in args], cwd=cwd or self.base,
                                 env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=self.log, stderr=self.log, **kw)
        self.children.append(child)
        return child

    def run(self, *args, **kw):
        kw.setdefault("cwd", self.base)
        return harness.run(args, env=self.env, **kw)

    # ---- windows ----

    def windows(self, title):
        done = self.run("xdotool", "search", "--onlyvisible", "--name", title,
                        check=False)
        return done.stdout.split()

    def focus(self, title, limit=20):
        """Wait for a window whose title has this, and give it the keys."""
        found = wait_until(f"a window '{title}', there are "
                           f"{self.titles()}",
                           lambda: self.windows(title), limit, 0.1)
        time.sleep(0.3)  # until it listens
        found = self.windows(title) or found
        self.run("xdotool", "windowfocus", "--sync", found[-1], limit=10,
                 check=False)
        time.sleep(0.2)
        return found[-1]

    def titles(self):
        found = self.run("xdotool", "search", "--onlyvisible", "--name", "",
                         check=False).stdout.split()
        names = [self.run("xdotool", "getwindowname", w,
                          check=False).stdout.strip() for w in found]
        return sorted({n for n in names if n})

    def keys(self, *keys):
        for key in keys:
            self.run("xdotool", "key", "--clearmodifiers", key)
            time.sleep(0.1)

    def type(self, text):
        self.run("xdotool", "type", "--delay", "20", text)
        time.sleep(0.2)

    # ---- the end ----

    def picture(self, name):
        os.makedirs(PICTURES, exist_ok=True)
        path = os.path.join(PICTURES, name.replace("/", "_") + ".png")
        dump = os.path.join(self.base, "dump.xwd")
        self.run("xwd", "-root", "-silent", "-out", dump, check=False)
        self.run("convert", "xwd:" + dump, path, check=False)
        print(f"a picture of the screen: {path}; windows {self.titles()}")

    def close(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(seconds(5))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.log.close()
        shutil.rmtree(os.path.join(self.home, "run"), ignore_errors=True)
