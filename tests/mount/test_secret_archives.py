"""Secrets and archives: none goes out, and what comes in is put away."""

import io
import json
import os
import subprocess
import tarfile

from harness import OLD, read_all, run
from test_secrets import (AT, SECRET, holds_one, leaks_in_file,
                          leaks_in_mount, store)

NAME = "datastores/D.json"


def tar_of(repo, text):
    path = os.path.join(repo.base, "in.tar")
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(NAME)
        info.size, info.mtime = len(text), OLD
        tar.addfile(info, io.BytesIO(text))
    return path


def begin(repo):
    os.mkdir(repo.path("datastores"))
    repo.write(NAME, store(SECRET))
    assert repo.read(NAME) == store(None)


def archives(repo):
    for control in (".control", "datastores/.control",
                    "datastores/.backup/D.json/.control"):
        for kind in ("backup.tar", "backup.zip"):
            yield read_all(repo.path(f"{control}/{kind}"))
    yield read_all(repo.path(".control/repository.tar"))
    out = os.path.join(repo.base, "history.repo")
    run([repo.bin, "backup", "--history", repo.file, "-o", out])
    yield read_all(out)


def test_no_archive_and_no_closure_has_one(repo):
    begin(repo)
    for data in archives(repo):
        assert data and not holds_one(data)
    assert repo.read("datastores/.backup/D.json/" + NAME) == store(None)
    assert leaks_in_file(repo) == []
    assert leaks_in_mount(repo) == []


def last_report(repo):
    return repo.report()[-1]


def test_a_restored_copy_has_none_and_says_so(repo):
    begin(repo)
    archive = tar_of(repo, store(None))
    run(["cp", archive, repo.path(".control/restore")])
    assert repo.read("datastores/D 2.json") == store(None)
    line = last_report(repo)
    assert line["outcome"] == "renamed"
    assert line["detail"]["secrets"] == [AT]
    missing = [json.loads(p) for p in
               repo.read(".control/problems").splitlines()]
    assert [(p["path"], p["at"]) for p in missing] == \
        [("datastores/D 2.json", AT)]
    repo.check()


def test_a_secret_that_comes_in_is_put_away(repo):
    os.mkdir(repo.path("datastores"))
    archive = tar_of(repo, store(SECRET))
    run(["cp", archive, repo.path(".control/restore")])
    assert repo.read(NAME) == store(None)
    assert SECRET in repo.read(".secrets/" + NAME).decode()
    assert leaks_in_file(repo) == []
    assert leaks_in_mount(repo) == []
    # The same archive again, by whom it is to be there once.
    done = subprocess.run([repo.bin, "restore", "--once", archive, repo.root],
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert repo.names("datastores") == ["D.json"]
    repo.check()


def test_a_full_restore_keeps_secrets_or_brings_others(repo):
    begin(repo)
    whole = os.path.join(repo.base, "whole.tar")
    run(["cp", repo.path(".control/repository.tar"), whole])
    run(["cp", whole, repo.path(".control/repository.tar")])
    assert SECRET in repo.read(".secrets/" + NAME).decode()
    run(["cp", tar_of(repo, store("another one")),
         repo.path(".control/repository.tar")])
    assert repo.read(NAME) == store(None)
    assert "another one" in repo.read(".secrets/" + NAME).decode()
    repo.check()
