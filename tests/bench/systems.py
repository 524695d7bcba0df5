"""What is compared: repofs, bindfs, and the plain disk below both."""

import os
import shutil
import subprocess
import time

PATIENCE = 3600  # seconds; a hung mount must not hang the benchmark for ever


def run(*args, **more):
    return subprocess.run(args, check=True, timeout=PATIENCE,
                          capture_output=True, text=True, **more).stdout


class Disk:
    name = "disk"

    def __init__(self, work):
        self.root = os.path.join(work, "disk")

    def empty(self):
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root)

    def remount(self):
        """Nothing that the kernel keeps of a mount is kept; the pages of the
        disk itself are, for all three alike."""

    def close(self):
        pass


class Bindfs:
    name = "bindfs"

    def __init__(self, work):
        self.source = os.path.join(work, "bindfs-source")
        self.root = os.path.join(work, "bindfs")
        os.makedirs(self.root)

    def empty(self):
        self.close()
        shutil.rmtree(self.source, ignore_errors=True)
        os.makedirs(self.source)
        run("bindfs", self.source, self.root)

    def remount(self):
        self.close()
        run("bindfs", self.source, self.root)

    def close(self):
        if os.path.ismount(self.root):
            unmount(self.root)


class Repofs:
    name = "repofs"

    def __init__(self, work, program):
        self.program = program
        self.folder = os.path.join(work, "repository")
        self.file = os.path.join(self.folder, "bench.repo")
        self.root = os.path.join(work, "repofs")
        os.makedirs(self.root)

    def empty(self):
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        run(self.program, "init", self.file)
        run(self.program, "mount", self.file, self.root)

    def remount(self):
        self.close()
        run(self.program, "mount", self.file, self.root)

    def close(self):
        if os.path.ismount(self.root):
            run(self.program, "umount", self.root)

    def control(self, name, line=None):
        """Write a line to a control file, or read one."""
        path = os.path.join(self.root, ".control", name)
        if line is None:
            with open(path, "rb") as f:
                return f.read()
        fd = os.open(path, os.O_WRONLY)
        try:
            os.write(fd, line.encode() + b"\n")
        finally:
            os.close(fd)
        return None

    def daemon(self):
        with open(self.file + ".lock", encoding="ascii",
                  errors="replace") as f:
            return int(f.read().split()[0])

    def bytes(self):
        """Of the file alone: unmounted, so that nothing is in the log."""
        self.close()
        size = sum(os.stat(os.path.join(self.folder, n)).st_blocks * 512
                   for n in os.listdir(self.folder)
                   if not n.endswith(".ballast"))
        self.remount()
        return size


def unmount(folder):
    """bindfs has no wait of its own: a busy mount is tried again."""
    for attempt in range(50):
        done = subprocess.run(["fusermount3", "-u", folder], check=False,
                              timeout=PATIENCE, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.1 * (attempt + 1))
    raise RuntimeError(f"{folder} does not unmount")
