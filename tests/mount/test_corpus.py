"""Real items in and out: what is copied in comes out, and nothing else."""

import os
import shutil

import pytest

import harness
from harness import read_all, run, same_tree


def made(base):
    return harness.made_corpus(os.path.join(str(base), "corpus"))


def real(base):
    """The real items; skipped, by this word alone, where there are none."""
    if not os.path.isdir(os.path.join(harness.CORPUS, "1integrate")):
        pytest.skip("the corpus is not at hand; made items stand for it")
    return harness.corpus(base)


@pytest.fixture(params=[made, real], ids=["made items", "real items"])
def items(request, tmp_path):
    return request.param(tmp_path)


def count_files(root):
    return sum(len(files) for _, _, files in os.walk(root))


def test_rsync_in_finds_nothing_to_do_the_second_time(repo, items):
    run(["rsync", "-a", items + "/", repo.root + "/"], limit=60)
    again = run(["rsync", "-ai", items + "/", repo.root + "/"], limit=60)
    assert again.stdout == ""
    assert run(["diff", "-r", items, repo.root]).stdout == ""
    assert count_files(repo.root) == 607
    same_tree(items, repo.root)
    repo.remount()
    assert run(["rsync", "-ai", items + "/", repo.root + "/"],
               limit=60).stdout == ""
    assert run(["rsync", "-aic", items + "/", repo.root + "/"],
               limit=60).stdout == ""


def test_cp_out_is_a_backup_proved_by_the_manifest(repo, items):
    run(["cp", "-a", items + "/.", repo.root])
    out = os.path.join(repo.base, "out")
    run(["cp", "-a", repo.root + "/.", out])
    same_tree(items, out)
    found = run(["find", out, "-name", ".*"]).stdout.split()
    assert found == []
    manifest = os.path.join(repo.base, "manifest")
    shutil.copyfile(repo.control("manifest"), manifest)
    done = run(["sha256sum", "--strict", "-c", "--quiet", manifest],
               cwd=out)
    assert done.stdout == "" and done.stderr == ""
    assert len(read_all(manifest).splitlines()) == 607


SECOND = 10**9


@pytest.mark.parametrize("pack, unpack, grain", [
    ("tar cf {box} .", "tar xf {box}", SECOND),
    ("tar -H pax -czf {box} .", "tar xzf {box}", 1),
    ("find . -depth | cpio -o --quiet > {box}",
     "cpio -id --quiet -m < {box}", SECOND),
    ("zip -qr {box}.zip .", "unzip -q {box}.zip", 2 * SECOND),
    ("rsync -a . {box}/", "rsync -a {box}/ .", 1),
    ("cp -a . {box}", "cp -a {box}/. .", 1),
], ids=["tar", "tar.gz", "cpio", "zip", "rsync", "cp"])
def test_every_packer_takes_the_items_and_nothing_else(
        make_repo, corpus, pack, unpack, grain):
    """Out of one repository and into another."""
    one, other = make_repo().mount(), make_repo().mount()
    run(["cp", "-a", corpus + "/.", one.root])
    box = os.path.join(one.base, "box")
    one.sh(pack.format(box=box))
    other.sh(unpack.format(box=box))
    same_tree(corpus, other.root, grain)
    assert other.names() == sorted(os.listdir(corpus))
    assert {r["outcome"] for r in other.report()} == {"created"}


def test_the_tree_is_whole_after_kill_and_remount(repo, corpus):
    run(["cp", "-a", corpus + "/.", repo.root])
    repo.kill()
    repo.check()
    repo.mount()
    same_tree(corpus, repo.root)


def test_a_second_copy_of_everything_stands_beside_the_first(repo, corpus):
    run(["cp", "-r", corpus + "/.", repo.root])
    before = repo.tree()
    run(["cp", "-r", corpus + "/.", repo.root], limit=60)
    after = repo.tree()
    assert len([k for k in after if after[k] is not None]) == 2 * 607
    for path, data in before.items():
        assert after[path] == data
    kinds = [r["kind"] for r in repo.revisions()]
    assert kinds == ["restore", "restore"]
    counts = repo.revisions()[-1]["counts"]
    assert counts["renamed"] == 607
    repo.revert("undo 2")
    assert repo.tree() == before
    repo.check()


def test_a_snapshot_of_everything_is_the_same_as_everything(repo, corpus):
    run(["cp", "-a", corpus + "/.", repo.root])
    number = repo.snapshot("all")
    assert run(["diff", "-r", corpus, repo.snap(number)]).stdout == ""
    same_tree(corpus, repo.snap(number))
    out = os.path.join(repo.base, "out")
    run(["cp", "-a", repo.snap(number) + "/.", out])
    same_tree(corpus, out)
    manifest = read_all(repo.snap(number, ".control", "manifest"))
    assert manifest == read_all(repo.control("manifest"))


def test_grep_and_find_see_each_item_once(repo, corpus):
    run(["cp", "-a", corpus + "/.", repo.root])
    assert len(repo.run("find", ".", "-type", "f").stdout.splitlines()) \
        == 607
    here = repo.run("grep", "-rc", "m", ".", check=False).stdout
    there = run(["grep", "-rc", "m", "."], cwd=corpus, check=False).stdout
    assert sorted(here.splitlines()) == sorted(there.splitlines())
