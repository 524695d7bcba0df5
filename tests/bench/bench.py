#!/usr/bin/python3
"""repofs beside bindfs, the plain disk and git: ratios from one run.

Times are medians of interleaved runs (repofs, bindfs, disk, repofs, ...), so
that a busy machine is busy for all. Set by the environment:

  BENCH_ITEMS  how many items, or several numbers with commas (607)
  BENCH_FULL   items of the full backup and restore (10000; 0: none)
  BENCH_RUNS   runs of each measurement (5)
  BENCH_DIR    where to work; a real disk (a temporary folder)

The argument is the program to measure (build/release/repofs).
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import full
import items
import systems
from systems import PATIENCE, run

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
PROGRAM = os.path.abspath(
    sys.argv[1] if len(sys.argv) > 1
    else os.path.join(HERE, "../../build/release/repofs"))

# What is promised: the time of repofs as a part of the other's.
BARS = {
    "list + stat, cold": 0.4,
    "list + stat, snapshot, cold": 0.4,
    "copy out, cold": 0.7,
    "copy in": 0.6,
    "save": 0.8,
}
GIT_BARS = {"revert 100 changed": 0.2}
SNAPSHOT_MS = 1.0
REST = 0.5  # seconds without a change, for the snapshot at rest
SNAPSHOTS_BYTES_PER_EDIT = 2000
MEMORY_MIB = 64


def verdict(value, bar):
    if bar is None:
        return ""
    return f"bar {bar:g}: " + ("ok" if value <= bar else "MISSED")


def show_time(seconds):
    if seconds is None:
        return "-"
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def row(what, *columns, note=""):
    cells = "".join(f"{c:>11}" for c in columns)
    print(f"{what:<29}{cells}  {note}".rstrip(), flush=True)


class Bench:
    def __init__(self, work, count):
        self.work = work
        self.sample = os.path.join(work, "sample")
        self.paths, self.bytes, self.origin = items.make(self.sample, count)
        # A copy: what is measured must not be built anew meanwhile.
        program = shutil.copy(PROGRAM, os.path.join(work, "program"))
        self.repofs = systems.Repofs(work, program)
        self.disk = systems.Disk(work)
        self.all = [self.repofs, self.disk]
        if shutil.which("bindfs"):
            self.all.insert(1, systems.Bindfs(work))
        self.probe_file = os.path.join(work, "probe")
        run("cc", "-O2", "-o", self.probe_file,
            os.path.join(HERE, "probe.c"))
        self.rng = random.Random(2)
        self.mark = 0

    def close(self):
        for system in self.all:
            system.close()

    # Times of one run of something, in seconds.

    def probe(self, *args):
        return int(run(self.probe_file, *args).split()[1]) * 1e-9

    def timed(self, *args, **more):
        start = time.perf_counter()
        run(*args, **more)
        return time.perf_counter() - start

    def list_of(self, count):
        """A file that names @count random items."""
        chosen = self.rng.sample(self.paths, min(count, len(self.paths)))
        path = os.path.join(self.work, "list")
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(p + "\n" for p in chosen)
        return path

    # Comparisons of file systems.

    def compare(self, what, measure):
        """@measure(system) gives seconds, or None where it has no meaning."""
        times = {s.name: [] for s in self.all}
        for _ in range(RUNS):
            for system in self.all:
                times[system.name].append(measure(system))
        medians = {n: statistics.median(t) if None not in t else None
                   for n, t in times.items()}
        ours = medians["repofs"]
        to = {n: ours / t if t else None for n, t in medians.items()}
        bindfs = to.get("bindfs")
        row(what, *(show_time(medians.get(n))
                    for n in ("repofs", "bindfs", "disk")),
            f"{bindfs:.2f}" if bindfs else "-",
            f"{to['disk']:.2f}" if to["disk"] else "-",
            note=verdict(bindfs, BARS.get(what)) if bindfs else "")

    def copy_in(self, system):
        system.empty()
        return self.timed("cp", "-r", self.sample + "/.", system.root)

    def walk_cold(self, system):
        system.remount()
        return self.probe("walk", system.root)

    def walk_snapshot(self, system):
        system.remount()
        if system is self.repofs:
            return self.probe("walk", system.root + "/.snapshots/latest")
        return self.probe("walk", system.root)

    def copy_out(self, system):
        out = os.path.join(self.work, "out")
        shutil.rmtree(out, ignore_errors=True)
        system.remount()
        return self.timed("cp", "-r", system.root + "/.", out)

    def read_cold(self, system):
        system.remount()
        return self.probe("read", system.root, self.list_of(2000))

    def read_warm(self, system):
        chosen = self.list_of(2000)
        self.probe("read", system.root, chosen)
        return self.probe("read", system.root, chosen)

    def save(self, system):
        return self.probe("save", system.root, self.list_of(1000))

    def file_systems(self):
        row("", "repofs", "bindfs", "disk", "/ bindfs", "/ disk")
        self.compare("copy in", self.copy_in)
        self.repofs.control("snapshot", "all of it")
        self.compare("list + stat, cold", self.walk_cold)
        self.compare("list + stat, snapshot, cold", self.walk_snapshot)
        self.compare("copy out, cold", self.copy_out)
        self.compare("random read, cold", self.read_cold)
        self.compare("random read, warm", self.read_warm)
        self.compare("save", self.save)

    # Comparisons with git.

    def git(self, *args):
        return run("git", "-c", "user.name=bench",
                   "-c", "user.email=bench@example.org",
                   "-c", "gc.auto=0", *args, cwd=self.disk.root)

    def rest(self):
        """Nobody changes anything. Then the processors are woken, as by the
        start of a command: on a virtual machine that alone may take longer
        than what is measured."""
        time.sleep(REST)
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            self.repofs.control("status")

    def sync_ms(self, rest):
        """What a promise against loss of power costs here at the least, after
        a rest: disks fall asleep."""
        times = []
        with open(os.path.join(self.work, "sync"), "wb", 0) as f:
            for _ in range(9 if rest else 50):
                if rest:
                    self.rest()
                f.seek(0)
                f.write(b"x" * 16384)
                start = time.perf_counter()
                os.fdatasync(f.fileno())
                times.append(time.perf_counter() - start)
        return statistics.median(times) * 1000

    def git_timed(self, *args):
        start = time.perf_counter()
        self.git(*args)
        return time.perf_counter() - start

    def control_timed(self, name, line=None):
        start = time.perf_counter()
        self.repofs.control(name, line)
        return time.perf_counter() - start

    def change(self, count):
        """The same @count items, in the repository and in git's folder."""
        for path in self.rng.sample(self.paths, min(count, len(self.paths))):
            self.mark += 1
            items.edit(self.repofs.root, path, self.mark)
            items.edit(self.disk.root, path, self.mark)

    def newest_snapshot(self):
        listed = os.listdir(self.repofs.root + "/.snapshots")
        return max(int(name) for name in listed if name.isdigit())

    def git_round(self):
        times = {}
        self.change(100)
        times["snapshot after 100 edits"] = (
            self.control_timed("snapshot", "bench"),
            self.git_timed("commit", "-qam", "bench"))
        self.rest()
        times["snapshot, at rest"] = (
            self.control_timed("snapshot", "bench, at rest"), None)
        snapshot = self.newest_snapshot()
        self.change(100)
        times["diff of 100 changed"] = (
            self.control_timed(f"diff/{snapshot}"),
            self.git_timed("diff", "--stat"))
        times["revert 100 changed"] = (
            self.control_timed("revert", str(snapshot)),
            self.git_timed("reset", "-q", "--hard", "HEAD"))
        return times

    def against_git(self):
        row("", "repofs", "git", "", "/ git")
        self.copy_in(self.disk)
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "all of it")
        rounds = [self.git_round() for _ in range(RUNS)]
        for what in rounds[0]:
            ours = statistics.median(r[what][0] for r in rounds)
            others = [r[what][1] for r in rounds]
            theirs = None if None in others else statistics.median(others)
            if what.startswith("snapshot"):
                sync = self.sync_ms("rest" in what)
                note = verdict(ours * 1000, SNAPSHOT_MS) + \
                    f" (ms); a bare sync: {sync:.2f} ms"
            else:
                note = verdict(ours / theirs, GIT_BARS.get(what))
            row(what, show_time(ours), show_time(theirs), "",
                f"{ours / theirs:.3f}" if theirs else "-", note=note)

    # Sizes.

    def git_bytes(self):
        return int(run("du", "-sk", self.disk.root + "/.git").split()[0]) * 1024

    def snapshots(self):
        """100 snapshots, with 0.1 % of the items edited before each."""
        each = max(1, len(self.paths) // 1000)
        before, git_before = self.repofs.bytes(), self.git_bytes()
        for i in range(100):
            self.change(each)
            self.repofs.control("snapshot", f"bench {i}")
            self.git("commit", "-qam", f"bench {i}")
        grown = self.repofs.bytes() - before
        git_grown = self.git_bytes() - git_before
        bar = SNAPSHOTS_BYTES_PER_EDIT * each * 100
        row(f"100 snapshots, {each * 100} edits", f"{grown / 1e6:.2f} MB",
            f"{git_grown / 1e6:.2f} MB", "", f"{grown / git_grown:.3f}",
            note=verdict(grown / 1e6, bar / 1e6) + " (MB)")
        row("file, with all of it", f"{self.repofs.bytes() / 1e6:.2f} MB",
            f"{self.git_bytes() / 1e6:.2f} MB", "",
            note=f"items: {self.bytes / 1e6:.2f} MB")

    def memory(self):
        self.repofs.remount()
        subprocess.run(["find", self.repofs.root, "-ls"], check=True,
                       timeout=PATIENCE, stdout=subprocess.DEVNULL)
        with open(f"/proc/{self.repofs.daemon()}/status",
                  encoding="ascii") as f:
            fields = dict(line.split(":", 1) for line in f)
        mib = int(fields["VmHWM"].split()[0]) / 1024
        row("memory after find -ls", f"{mib:.1f} MiB",
            note=verdict(mib, MEMORY_MIB) + " (MiB)")


def bench(count):
    work = tempfile.mkdtemp(prefix="repofs-bench-",
                            dir=os.environ.get("BENCH_DIR"))
    b = Bench(work, count)
    try:
        print(f"\n{count} {b.origin}, {b.bytes / 1e6:.1f} MB, medians of "
              f"{RUNS} interleaved runs")
        b.file_systems()
        if shutil.which("git"):
            print()
            b.against_git()
            b.snapshots()
        else:
            print("git is not installed: nothing to compare history with")
        b.memory()
    except subprocess.CalledProcessError as e:
        sys.exit(f"bench: {' '.join(e.cmd)}: {e.stderr.strip()}")
    finally:
        b.close()
        shutil.rmtree(work, ignore_errors=True)


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"bench: {PROGRAM} is not built")
    for count in os.environ.get("BENCH_ITEMS", "607").split(","):
        bench(int(count))
    count = int(os.environ.get("BENCH_FULL", "10000"))
    if count:
        with tempfile.TemporaryDirectory(
                prefix="repofs-bench-",
                dir=os.environ.get("BENCH_DIR")) as work:
            full.bench(work, PROGRAM, count)


if __name__ == "__main__":
    main()
