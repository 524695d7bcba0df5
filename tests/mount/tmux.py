"""A real terminal program, with keys pressed and a screen to look at."""

import itertools
import os
import signal
import subprocess
import time

import harness

_numbers = itertools.count(1)


class Terminal:
    """One tmux server of its own: no other test can meet it."""

    def __init__(self, base, args, cwd=None, env=None, size=(100, 30)):
        # A path of a socket is short: it is not in a test's own folder.
        self.socket = f"/tmp/repofs-tmux-{os.getpid()}-{next(_numbers)}"
        self.exit_file = f"{self.socket}.exit"
        self.env = dict(env or harness.ENV)
        for name in ("TMUX", "TMUX_PANE"):
            self.env.pop(name, None)
        line = " ".join(quote(a) for a in args)
        width, height = size
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width),
                  "-y", str(height), "-c", cwd or base,
                  f"{line}; echo $? > {self.exit_file}",
                  # At once: a short program may have ended before a second
                  # command, and the server with it.
                  ";", "set-option", "-g", "escape-time", "0")

    def tmux(self, *args, check=True):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *args],
                              env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              timeout=harness.seconds(10))
        if check:
            assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode(errors="replace")

    def screen(self):
        return self.tmux("capture-pane", "-p", check=False)

    def keys(self, *keys):
        """Keys by their names: Enter, Escape, C-x, F5."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def wait(self, text, limit=10):
        """Until the screen shows the text, or one of several."""
        texts = (text,) if isinstance(text, str) else text
        end = time.monotonic() + harness.seconds(limit)
        while True:
            screen = self.screen()
            if any(t in screen for t in texts):
                return screen
            assert time.monotonic() < end, \
                f"never shown: {texts}\n{screen}"
            time.sleep(0.03)

    def wait_gone(self, text, limit=10):
        harness.wait_until(f"'{text}' to leave the screen",
                           lambda: text not in self.screen(), limit)

    def ended(self):
        """The exit status, or None while it runs."""
        try:
            with open(self.exit_file, encoding="ascii") as f:
                return int(f.read() or "-1")
        except FileNotFoundError:
            return None

    def wait_end(self, limit=10):
        end = time.monotonic() + harness.seconds(limit)
        while self.ended() in (None, -1):
            assert time.monotonic() < end, \
                f"the program did not end:\n{self.screen()}"
            time.sleep(0.02)
        return self.ended()

    def pid(self):
        """Of the program: the shell's only child."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        children = f"/proc/{shell}/task/{shell}/children"
        with open(children, encoding="ascii") as f:
            return int(f.read().split()[0])

    def kill_program(self, number=signal.SIGKILL):
        os.kill(self.pid(), number)

    def close(self):
        self.tmux("kill-server", check=False)
        for path in (self.socket, self.exit_file):
            if os.path.exists(path):
                os.unlink(path)


def quote(text):
    return "'" + str(text).replace("'", "'\\''") + "'"
