"""A mounted repository for one test, and what tests ask of it.

Tests are black-box: they know the program, its control files and what other
programs do to a folder. What a test does by itself is done by one process,
this one, which has therefore seen what it wrote: its own saves are edits.
What shall come from somebody else is run as a program (Repo.run, Repo.sh).

  REPOFS_BIN       the program (build/release/repofs)
  REPOFS_PATIENCE  a factor for all time limits (sanitizers are slow)
"""

import contextlib
import ctypes
import errno
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BIN = os.path.abspath(os.environ.get("REPOFS_BIN") or
                      os.path.join(TOP, "build/release/repofs"))
CORPUS = os.path.join(TOP, "../shared/corpus")
PATIENCE = float(os.environ.get("REPOFS_PATIENCE") or 2)
SEED = os.environ.get("SEED")

SANITIZER = re.compile(r"ERROR: AddressSanitizer|runtime error:|"
                       r"WARNING: ThreadSanitizer|LeakSanitizer|"
                       r"Assertion .* failed")
OLD = 1500000000  # a time in the past, as backups have it

ENV = dict(os.environ, LC_ALL="C.UTF-8", TERM="screen-256color", TZ="UTC")
for name in ("REPOFS_BIN", "TMUX", "EDITOR", "VISUAL", "DISPLAY"):
    ENV.pop(name, None)


def seconds(limit):
    return limit * PATIENCE


def wait_until(what, condition, limit=10.0, pause=0.02):
    """Until condition() is true; its value."""
    end = time.monotonic() + seconds(limit)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {limit} s for {what}"
        time.sleep(pause)


def run(args, cwd=None, limit=30, check=True, stdin="", env=None, **kw):
    """Run a program to its end. What it prints is text."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([str(a) for a in args], cwd=cwd, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds(limit), env=env or ENV, **kw)
    done.stdout = done.stdout.decode(errors="surrogateescape")
    done.stderr = done.stderr.decode(errors="surrogateescape")
    if check:
        assert done.returncode == 0, \
            f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def text_of(size, mark="x"):
    """A valid item of exactly @size bytes, full of @mark."""
    frame = '{"m": ""}\n'
    assert size >= len(frame)
    fill = (mark * size)[:size - len(frame)]
    return f'{{"m": "{fill}"}}\n'.encode()


def item(**members):
    return (json.dumps(members) + "\n").encode()


def files_below(root):
    """{path: bytes} of all files, {path/: None} for folders."""
    found = {}
    for here, folders, files in os.walk(root):
        base = os.path.relpath(here, root)
        for name in folders:
            found[os.path.normpath(os.path.join(base, name)) + "/"] = None
        for name in files:
            path = os.path.join(here, name)
            key = os.path.normpath(os.path.join(base, name))
            with open(path, "rb") as f:
                found[key] = f.read()
    return found


def write_all(path, data):
    """Create or overwrite a file with one write, as programs do."""
    if isinstance(data, str):
        data = data.encode()
    with open(path, "wb") as f:
        f.write(data)


def read_all(path):
    with open(path, "rb") as f:
        return f.read()


def refused(call, *args, code=None):
    """The errno with which call(*args) fails."""
    try:
        call(*args)
    except OSError as e:
        if code is not None:
            got = errno.errorcode.get(e.errno, e.errno)
            assert e.errno == code, \
                f"{got} instead of {errno.errorcode[code]}"
        return e.errno
    raise AssertionError(f"{call.__name__}{args} was not refused")


_libc = ctypes.CDLL(None, use_errno=True)
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


def renameat2(old, new, flags):
    if _libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new),
                       flags) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), old)


def mount_device(path):
    """The minor number of the mount at path: its FUSE connection. Asks the
    kernel's table, never the file system."""
    path = os.path.realpath(os.path.dirname(path)) + "/" + \
        os.path.basename(path)
    found = None
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words[4] == path.replace(" ", "\\040"):
                found = words[2].split(":")[1]
    return found


class Watchdog:
    """Aborts a mount that hangs: even a page fault of ours ends then."""

    def __init__(self, device, limit):
        abort = f"/sys/fs/fuse/connections/{device}/abort"
        self.child = subprocess.Popen(
            ["/bin/sh", "-c", f"sleep {limit} && echo 1 > {abort}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)

    def stop(self):
        """True if it had to act."""
        acted = self.child.poll() == 0
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        return acted


class Repo:
    """One repository file and its mount."""

    def __init__(self, base, options="", name="demo.repo", hang=100):
        self.bin = BIN
        self.base = str(base)
        self.file = os.path.join(self.base, name)
        self.root = os.path.join(self.base, "mnt")
        self.log = os.path.join(self.base, "daemon.log")
        self.home = os.path.join(self.base, "home")
        self.options = options
        self.hang = hang
        self.proc = None
        self.watchdog = None
        self.actors = []   # processes that stand in the root
        self.wrapper = []  # in front of the daemon: strace, prlimit
        os.makedirs(self.home, exist_ok=True)
        os.makedirs(self.root, exist_ok=True)

    # ---- life ----

    def init(self):
        assert os.access(self.bin, os.X_OK), f"{self.bin}: build it first"
        run([self.bin, "init", self.file])
        return self

    def mount(self, options=None):
        if options is not None:
            self.options = options
        args = self.wrapper + [self.bin, "mount", "-f"]
        if self.options:
            args += ["-o", self.options]
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen(
                args + [self.file, self.root], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=ENV)
        end = time.monotonic() + seconds(10)
        while not mount_device(self.root):
            assert self.proc.poll() is None, \
                f"the daemon ended: {self.log_text()}"
            assert time.monotonic() < end, "not mounted after 10 s"
            time.sleep(0.01)
        self.watchdog = Watchdog(mount_device(self.root),
                                 seconds(self.hang))
        assert os.path.ismount(self.root)
        return self

    def umount(self):
        """Unmount as a user does, and wait for the daemon's good end."""
        for actor in self.actors:
            actor.end()
        self.actors = []
        device = mount_device(self.root)
        busy = ""
        if device:
            busy = self._unmount()
        code = self._wait_daemon(device)
        hung = self.watchdog.stop() if self.watchdog else False
        self.watchdog = self.proc = None
        assert not hung, "the mount hung and was aborted"
        assert not busy, f"busy when the test was done: {busy}"
        assert code in (0, None), f"exit {code}: {self.log_text()}"
        self.check_log()

    def _unmount(self):
        done = None
        for _ in range(int(50 * PATIENCE)):
            done = run(["fusermount3", "-u", self.root], check=False)
            if done.returncode == 0 or not mount_device(self.root):
                return ""
            time.sleep(0.1)
        who = run(["fuser", "-vm", self.root], check=False, limit=5)
        run(["fusermount3", "-uz", self.root], check=False)
        return done.stderr + who.stderr

    def _wait_daemon(self, device):
        if not self.proc:
            return None
        try:
            return self.proc.wait(seconds(15))
        except subprocess.TimeoutExpired:
            if device:
                self._abort(device)
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        raise AssertionError("the daemon did not end by itself")

    @staticmethod
    def _abort(device):
        try:
            write_all(f"/sys/fs/fuse/connections/{device}/abort", "1")
        except OSError:
            pass

    def remount(self, options=None):
        self.umount()
        return self.mount(options)

    def kill(self):
        """kill -9, and clear the dead mount away."""
        self.proc.kill()
        self.proc.wait()
        self.watchdog.stop()
        self.proc = self.watchdog = None
        run(["fusermount3", "-uz", self.root])
        self.check_log()

    def close(self):
        """For the end of a test, in whatever state it left things."""
        if self.proc or mount_device(self.root):
            self.umount()

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def check_log(self):
        text = self.log_text()
        assert not SANITIZER.search(text), text[-6000:]

    # ---- files ----

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def control(self, name, folder=""):
        return os.path.join(self.root, folder, ".control", name)

    def snap(self, name, *parts):
        return os.path.join(self.root, ".snapshots", str(name), *parts)

    def read(self, name):
        return read_all(self.path(name))

    def write(self, name, data):
        write_all(self.path(name), data)

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def names(self, folder=""):
        return sorted(os.listdir(self.path(folder)))

    def wait_names(self, *names, folder=""):
        """A file goes at its last close, of which close() doesn't wait."""
        wanted = sorted(names)
        wait_until(f"{wanted} in {folder or '/'}, not "
                   f"{self.names(folder)}",
                   lambda: self.names(folder) == wanted, 3)

    def tree(self, root=None):
        return files_below(root or self.root)

    def source(self, name, data, mtime=OLD, mode=0o644):
        """A file outside the mount, to be copied in."""
        path = os.path.join(self.base, "src", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_all(path, data)
        os.chmod(path, mode)
        if mtime:
            os.utime(path, (mtime, mtime))
        return path

    # ---- programs ----

    def env(self, **more):
        return dict(ENV, HOME=self.home, PWD=self.root, **more)

    def run(self, *args, cwd=None, **kw):
        kw.setdefault("env", self.env())
        return run(args, cwd=cwd or self.root, **kw)

    def sh(self, script, **kw):
        """A script for bash, standing in the root."""
        return self.run("bash", "-c", script, **kw)

    def python(self, code, *args, **kw):
        """A process that runs this, standing in the root."""
        return self.run("/usr/bin/python3", "-c", code, *args, **kw)

    def copy_in(self, data, name, mtime=OLD):
        """cp, without options, from outside."""
        return self.run("cp", self.source("copied", data, mtime),
                        self.path(name), check=False)

    def cli(self, *args, **kw):
        return run([self.bin, *args], cwd=kw.pop("cwd", self.base), **kw)

    def check(self):
        done = self.cli("check", self.file, check=False, limit=60)
        assert done.returncode == 0, done.stdout + done.stderr

    # ---- what the repository says; the one place that knows the forms ----

    def lines(self, name, folder=""):
        """A control file of JSON lines."""
        text = read_all(self.control(name, folder)).decode()
        return [json.loads(line) for line in text.splitlines()]

    def report(self, folder=""):
        return self.lines("report", folder)

    def outcomes(self, folder=""):
        """[(name asked for, outcome, name it went to)], oldest first."""
        return [(r["path"], r["outcome"], r.get("went"))
                for r in self.report(folder)]

    def last_outcome(self, name):
        found = [r["outcome"] for r in self.report() if r["path"] == name]
        return found[-1] if found else None

    def errors(self, folder=""):
        """The sentences, without time and errno's name."""
        text = read_all(self.control("errors", folder)).decode()
        return [line.split(" ", 2)[-1] for line in text.splitlines()]

    def revisions(self, folder=""):
        return self.lines("revisions", folder)

    def history(self, name):
        """The lines of one item."""
        folder, base = os.path.split(name)
        return [h for h in self.lines("history", folder)
                if h["item"] == base]

    def versions(self, name):
        """The texts of all versions of an item, oldest first."""
        folder, base = os.path.split(name)
        root = self.path(folder, ".snapshots", "versions", base)
        try:
            names = sorted(os.listdir(root))
        except FileNotFoundError:
            return []
        texts = [read_all(os.path.join(root, n)) for n in names]
        told = [h["version"] for h in self.history(name)]
        assert told[-1:] == [len(texts)], \
            f"history has {told}, versions/ has {names}"
        return texts

    def rejected(self, folder=""):
        """The refused bytes, in order of their numbers."""
        root = self.control("rejected", folder)

        def number(name):
            return int(re.search(r"\((\d+)\)\.json$", name).group(1))
        return [read_all(os.path.join(root, n))
                for n in sorted(os.listdir(root), key=number)]

    def status(self, folder=""):
        text = read_all(self.control("status", folder)).decode()
        return dict((line.split(" ", 1) + [""])[:2]
                    for line in text.splitlines())

    def command(self, name, text, folder=""):
        """Give a command and read its answer on the same handle."""
        fd = os.open(self.control(name, folder), os.O_RDWR)
        try:
            os.write(fd, text.encode() + b"\n")
            os.lseek(fd, 0, os.SEEK_SET)
            answer = b""
            while True:
                part = os.read(fd, 1 << 16)
                if not part:
                    return answer.decode()
                answer += part
        finally:
            os.close(fd)

    def snapshot(self, text="", folder=""):
        """Its number."""
        answer = self.command("snapshot", text, folder)
        return int(re.search(r"\d+", answer).group())

    def revert(self, what, folder=""):
        return self.command("revert", str(what), folder)

    def diff(self, number, folder=""):
        """The lines of paths, without those of members below them."""
        path = self.path(folder, ".control", "diff", str(number))
        return [line for line in read_all(path).decode().splitlines()
                if not line.startswith("  ")]


def same_tree(a, b, grain=1):
    """Contents, kinds, modes, owners and times of two trees agree. @grain:
    the unit of time in nanoseconds that matters; 0: times don't."""
    def look(root):
        found = {}
        for here, folders, files in os.walk(root):
            for name in folders + files:
                path = os.path.join(here, name)
                st = os.lstat(path)
                key = os.path.relpath(path, root)
                is_file = stat.S_ISREG(st.st_mode)
                found[key] = (oct(st.st_mode), st.st_uid, st.st_gid,
                              st.st_size if is_file else 0,
                              st.st_mtime_ns // grain if is_file and grain else 0,
                              read_all(path) if is_file else b"")
        return found
    left, right = look(a), look(b)
    for key in sorted(set(left) | set(right)):
        assert left.get(key) == right.get(key), \
            f"{key}: {left.get(key)} against {right.get(key)}"


@contextlib.contextmanager
def slow_disk(repo):
    """Each write of the daemon takes its time."""
    with open(repo.file + ".lock", encoding="ascii") as f:
        daemon = f.read().split()[0]
    slow = subprocess.Popen(
        ["strace", "-f", "-q", "-o", "/dev/null", "-p", daemon, "-e",
         "inject=pwrite64:delay_enter=2500000"])
    wait_until("the tracer", lambda: "TracerPid:\t0" not in open(
        f"/proc/{daemon}/status", encoding="ascii").read())
    try:
        yield
    finally:
        slow.terminate()
        slow.wait(10)


def on_terminal(command):
    """What it shows there."""
    return run(["script", "-qec", command, "/dev/null"], limit=60).stdout


class Actor:
    """Another process, that does what it is told, one line at a time."""

    LOOP = """
import json, os, sys, threading, time
known = {"os": os, "sys": sys, "threading": threading, "time": time}
for line in sys.stdin:
    try:
        exec(json.loads(line), known)
        answer = known.pop("answer", None)
    except OSError as e:
        answer = {"errno": e.errno}
    print(json.dumps(answer), flush=True)
"""

    def __init__(self, cwd):
        self.child = subprocess.Popen(
            ["/usr/bin/python3", "-c", self.LOOP], cwd=cwd, env=ENV,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, code):
        """Run lines of Python; what they call "answer", or the errno."""
        self.begin(code)
        return self.answer(code)

    def begin(self, code):
        """... without waiting for its end."""
        self.child.stdin.write(json.dumps(code).encode() + b"\n")
        self.child.stdin.flush()

    def answer(self, code="what was begun"):
        ready, _, _ = select.select([self.child.stdout], [], [],
                                    seconds(20))
        assert ready, f"the process hangs in: {code}"
        line = self.child.stdout.readline()
        assert line, f"the process died of: {code}"
        return json.loads(line)

    def read(self, name):
        return self.do(f"answer = open({name!r}).read()").encode()

    def write(self, name, data):
        """None, or {"errno": N}."""
        if isinstance(data, bytes):
            data = data.decode()
        return self.do(f"f = open({name!r}, 'w')\ntry:\n"
                       f" f.write({data!r})\nfinally:\n f.close()")

    def end(self):
        if self.child.stdin.closed:
            return
        self.child.stdin.close()
        self.child.stdout.close()
        try:
            self.child.wait(seconds(5))
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def made_corpus(root, count=607):
    """Items like those that people have: deep folders, long and odd names,
    sizes from 20 bytes to 200 KB."""
    sizes = (20, 300, 1000, 4095, 4096, 8192, 9000, 14000, 40000, 200000)
    odd = ("No gaps", "No gaps ", "Größe – 5", "Year Record 5", "a'b\"c",
           "29 - SIGNAL_TYPE Domain", "日本", "x" * 120)
    for i in range(count):
        size = sizes[i * 7 % len(sizes)]
        if size > 20000 and i % 3:
            size = 2000
        folder = os.path.join(root, ("rules", "actions", "sessions",
                                     "datastores")[i % 4],
                              f"HPMS {i % 9}", "2 - Domains" if i % 2
                              else "")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{odd[i % len(odd)]} {i}.json")
        write_all(path, text_of(size, chr(97 + i % 26)))
        when = 1400000000000000000 + i * 86400123456789
        os.utime(path, ns=(when, when))
    for here, folders, _ in os.walk(root):
        for name in folders:
            os.utime(os.path.join(here, name), (OLD, OLD))
    return root


def corpus(base):
    """The real items if they are at hand, else made ones."""
    real = os.path.join(CORPUS, "1integrate")
    root = os.path.join(str(base), "corpus")
    if os.path.isdir(real):
        shutil.copytree(real, root)
        return root
    return made_corpus(root)
