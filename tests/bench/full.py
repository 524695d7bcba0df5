"""The full backup and the full restore of a repository: time, and the memory of
the daemon, beside what 1Integrate asks for."""

import io
import os
import shutil
import tarfile
import time

import systems
from systems import run

MEMORY_MIB = 64
ASKED_BYTES_PER_ITEM = 1e9 / 10_000  # 1Integrate: 1 GB for 10,000 items


def make_archive(path, count):
    """Rules and maps that refer to them, 100 in a folder."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(count):
            folder = f"HPMS/{i // 20000:03}/{i // 200 % 100:03}"
            if i % 2:
                name = f"action_maps/{folder}/Map {i}.json"
                text = '{"pairs": [{"rule": "/rules/%s/Rule %d", ' \
                    '"action": ""}], "number": %d}\n' % (folder, i - 1, i)
            else:
                name = f"rules/{folder}/Rule {i}.json"
                text = '{"template": false, "number": %d, "text": "%s"}\n' \
                    % (i, "x" * (i * 37 % 900))
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(text), 1_700_000_000
            tar.addfile(info, io.BytesIO(text.encode()))


def peak(repofs):
    with open(f"/proc/{repofs.daemon()}/status", encoding="ascii") as f:
        fields = dict(line.split(":", 1) for line in f)
    return int(fields["VmHWM"].split()[0]) / 1024


def timed_copy(source, target):
    start = time.perf_counter()
    run("cp", source, target)
    return time.perf_counter() - start


def bench(work, program, count):
    repofs = systems.Repofs(work, program)
    archive = os.path.join(work, "in.tar")
    out = os.path.join(work, "out.tar")
    try:
        make_archive(archive, count)
        print(f"\n{count} items, full restore and full backup "
              f"({os.path.getsize(archive) / 1e6:.0f} MB)")
        repofs.empty()
        control = os.path.join(repofs.root, ".control/repository.tar")
        for what, source, target in (("full restore, into nothing", archive,
                                      control),
                                     ("full restore, once more", archive,
                                      control),
                                     ("full backup", control, out)):
            seconds = timed_copy(source, target)
            mib = peak(repofs)
            verdict = "ok" if mib <= MEMORY_MIB else "MISSED"
            asked = count * ASKED_BYTES_PER_ITEM / 2 ** 20
            print(f"{what:28} {seconds:8.2f} s  {mib:6.1f} MiB  "
                  f"bar {MEMORY_MIB}: {verdict}; 1Integrate asks for "
                  f"{asked:.0f} MiB")
            repofs.remount()
    finally:
        repofs.close()
        for path in (archive, out):
            if os.path.exists(path):
                os.unlink(path)
        shutil.rmtree(repofs.folder, ignore_errors=True)
