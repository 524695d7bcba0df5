"""Archives of what .snapshots and .backup show."""

import errno
import os

import pytest

from harness import item, read_all, refused, run
from test_archives import A, B, KINDS, members


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_is_an_archive(repo, kind):
    os.makedirs(repo.path("rules/sub"))
    repo.write("rules/A.json", A)
    repo.write("rules/sub/B.json", B)
    repo.snapshot("one")
    number = repo.revisions()[-1]["id"]
    repo.write("rules/A.json", item(n="later"))
    os.unlink(repo.path("rules/sub/B.json"))
    for folder, wanted in (
            ("", {"rules/": None, "rules/A.json": A, "rules/sub/": None,
                  "rules/sub/B.json": B}),
            ("rules/sub", {"B.json": B})):
        control = repo.snap(number, folder, ".control")
        assert sorted(os.listdir(control)) == ["backup.tar", "backup.zip",
                                               "manifest"]
        path = f"{control}/backup.{kind}"
        fd = os.open(path, os.O_RDONLY)
        data = read_all(path)
        assert os.fstat(fd).st_size == len(data)
        os.close(fd)
        assert members(data) == wanted
        refused(os.open, path, os.O_WRONLY, code=errno.EROFS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_closure_is_an_archive(repo, kind):
    os.makedirs(repo.path("rules/sub"))
    repo.write("rules/T.json", b'{"template": true}')
    repo.write("rules/Other.json", A)
    repo.write("rules/sub/R.json",
               b'{"attributes": {"template_id": "RULE://T"}}')
    here = repo.path("rules/sub/.backup/R.json")
    path = f"{here}/.control/backup.{kind}"
    wanted = {"rules/": None, "rules/sub/": None,
              "rules/T.json": repo.read("rules/T.json"),
              "rules/sub/R.json": repo.read("rules/sub/R.json")}
    fd = os.open(path, os.O_RDONLY)
    repo.write("rules/T.json", b'{"template": true, "n": 1}')
    os.unlink(repo.path("rules/sub/R.json"))
    run(["bash", "-c", "echo 2 > /proc/sys/vm/drop_caches"], check=False)
    data = b""
    while more := os.pread(fd, 700, len(data)):
        data += more
    os.close(fd)
    assert members(data) == wanted
