"""An item with all it needs: .backup, .control/references, .control/problems."""

import json
import os
import re

import pytest

import harness
from harness import item, run
from test_references import action_map, references


def lines(repo, path):
    return [json.loads(line) for line in repo.read(path).splitlines()]


def items_below(folder):
    return sorted(n for n in harness.files_below(folder) if n[-1] != "/")


def fill(repo):
    """A session that needs a map, which needs a rule and a folder of actions;
    and what nobody needs."""
    for folder in ("sessions", "action_maps", "rules/x", "actions/all/deep"):
        os.makedirs(repo.path(folder))
    repo.write("rules/x/A.json", item(n=1))
    repo.write("rules/x/B.json", item(n=2))
    repo.write("actions/all/C.json", item(n=3))
    repo.write("actions/all/deep/D.json", item(n=4))
    repo.write("action_maps/M.json", action_map("/rules/x/A", "/actions/all"))
    repo.write("sessions/S.json",
               item(tasks=[{"actionmap": "/action_maps/M"}]))


NEEDED = ["action_maps/M.json", "actions/all/C.json",
          "actions/all/deep/D.json", "rules/x/A.json", "sessions/S.json"]


def test_an_item_and_all_it_needs(repo):
    fill(repo)
    assert sorted(repo.names("sessions/.backup")) == ["S.json"]
    top = repo.path("sessions/.backup/S.json")
    assert items_below(top) == NEEDED
    for name in NEEDED:
        assert repo.read(f"sessions/.backup/S.json/{name}") == repo.read(name)
    assert not repo.exists("sessions/.backup/S.json/rules/x/B.json")
    assert not repo.exists("sessions/.backup/T.json")
    assert items_below(repo.path("rules/.backup/x")) == \
        ["rules/x/A.json", "rules/x/B.json"]
    out = os.path.join(repo.base, "out")
    run(["cp", "-a", top + "/.", out])
    assert items_below(out) == NEEDED
    manifest = repo.read("sessions/.backup/S.json/.control/manifest")
    assert len(manifest.splitlines()) == len(NEEDED)
    run(["sha256sum", "-c", "--quiet", "-"], cwd=out, stdin=manifest)


def test_it_cannot_be_changed(repo):
    fill(repo)
    for code in ("open('sessions/.backup/S.json/rules/x/A.json', 'w')",
                 "os.mkdir('sessions/.backup/new')",
                 "os.mkdir('sessions/.backup/S.json/new')",
                 "os.unlink('sessions/.backup/S.json/rules/x/A.json')",
                 "os.rmdir('sessions/.backup/S.json')"):
        repo.python("import errno, os\ntry:\n " + code +
                    "\nexcept OSError as e:\n"
                    " assert e.errno == errno.EROFS, e\n"
                    "else:\n raise AssertionError('it went')")
    assert ".backup" not in os.listdir(repo.root)


def test_what_is_needed_is_found_anew_each_time(repo):
    fill(repo)
    top = repo.path("sessions/.backup/S.json")
    fd = os.open(top, os.O_RDONLY)
    assert items_below(top) == NEEDED
    repo.write("action_maps/M.json", action_map("/rules/x/B"))
    assert items_below(top) == [
        "action_maps/M.json", "rules/x/B.json", "sessions/S.json"]
    # Whoever is in there still sees one state of it.
    assert os.access("rules/x/A.json", os.R_OK, dir_fd=fd)
    assert not os.access("rules/x/B.json", os.R_OK, dir_fd=fd)
    maps = os.open("action_maps", os.O_RDONLY, dir_fd=fd)
    assert os.listdir(maps) == ["M.json"]
    os.close(maps)
    os.close(fd)


def test_a_copier_that_shows_itself_late_changes_no_backup(repo, actor):
    """What somebody looks at in .backup is not amended."""
    fill(repo)
    copier = actor()
    copier.read("rules/x/A.json")
    copier.write("rules/x/A.json", item(n=10, long="x" * 100))
    top = repo.path("action_maps/.backup/M.json/rules/x/A.json")
    with open(top, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        copier.do("os.utime('rules/x/A.json', (1e9, 1e9))")
        text = f.read()
        assert len(text) == size
        assert text == item(n=10, long="x" * 100)
    assert repo.read("rules/x/A.json") == item(n=1)
    assert repo.read("rules/x/A 2.json") == item(n=10, long="x" * 100)
    repo.check()


def test_circles_end(repo):
    os.makedirs(repo.path("rules/x"))
    for a, b in ("AB", "BC", "CA"):
        repo.write(f"rules/x/{a}.json",
                   item(attributes={"template_id": f"RULE://x/{b}"}))
    assert items_below(repo.path("rules/x/.backup/A.json")) \
        == ["rules/x/A.json", "rules/x/B.json", "rules/x/C.json"]


def test_references_both_ways(repo):
    fill(repo)
    assert lines(repo, "action_maps/.control/references/M.json") == [
        {"direction": "to", "path": "/rules/x/A.json", "at": "pairs[0].rule",
         "target": "/rules/x/A"},
        {"direction": "to", "path": "/actions/all", "at": "pairs[0].action",
         "target": "/actions/all"},
        {"direction": "from", "path": "/sessions/S.json",
         "at": "tasks[0].actionmap", "target": "/action_maps/M"}]
    assert lines(repo, "actions/.control/references/all") == [
        {"direction": "from", "path": "/action_maps/M.json",
         "at": "pairs[0].action", "target": "/actions/all"}]
    assert sorted(repo.names("rules/x/.control/references")) == \
        ["A.json", "B.json"]
    assert lines(repo, "rules/x/.control/references/B.json") == []


def test_problems_come_and_go(repo):
    fill(repo)
    assert repo.read(".control/problems") == b""
    repo.sh("rm rules/x/A.json")
    wrong = {"path": "action_maps/M.json", "problem": "refers to nothing",
             "at": "pairs[0].rule", "target": "/rules/x/A",
             "meant": "rule or folder"}
    assert lines(repo, ".control/problems") == [wrong]
    assert lines(repo, "sessions/.control/problems") == []
    assert lines(repo, "action_maps/.control/problems") == \
        [dict(wrong, path="M.json")]
    [to, *_] = lines(repo, "action_maps/.control/references/M.json")
    assert to["path"] is None
    repo.write("rules/x/A.json", item(n=5))
    assert repo.read(".control/problems") == b""


# ---- a real repository ----

def dangling(repo):
    return [p for p in lines(repo, ".control/problems")
            if p["problem"] == "refers to nothing"]


@pytest.fixture
def corpus(repo, tmp_path):
    if not os.path.isdir(os.path.join(harness.CORPUS, "1integrate")):
        pytest.skip("the corpus is not at hand")
    folder = harness.corpus(tmp_path)
    run(["cp", "-r", folder + "/.", repo.root], limit=90)
    return folder


def needed_by(tree, path):
    """All that an item needs, found without the program."""
    todo, found = [path], set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for target in references(tree[name]):
            if target[1:] + ".json" in tree:
                todo.append(target[1:] + ".json")
            else:
                todo += [n for n in tree if n.startswith(target[1:] + "/")]
    return found


def items_of(tree):
    return {n: t for n, t in tree.items() if n.endswith(".json")}


def test_closures_of_a_real_repository(repo, corpus):
    assert dangling(repo) == []
    tree = items_of(repo.tree())
    counts = []
    for path in (n for n in tree if n.startswith("sessions/")):
        folder, name = os.path.split(path)
        top = repo.path(f"{folder}/.backup/{name}")
        found = set(items_below(top))
        assert found == needed_by(tree, path), path
        counts.append(len(found - {path}))
    assert sorted(counts) == [6, 80, 173, 499, 578]


def session(repo, count):
    """The one that needs so many others."""
    for path in repo.tree():
        folder, name = os.path.split(path)
        if path.startswith("sessions/") and path.endswith(".json"):
            top = f"{folder}/.backup/{name}"
            if len(items_below(repo.path(top))) == count + 1:
                return top
    raise AssertionError("no such session")


def test_a_session_goes_out_and_comes_back(repo, corpus):
    out = os.path.join(repo.base, "out")
    run(["cp", "-r", repo.path(session(repo, 499)) + "/.", out], limit=60)
    repo.sh("rm -r -- *")
    assert items_of(repo.tree()) == {}
    run(["cp", "-r", out + "/.", repo.root], limit=60)
    assert run(["diff", "-r", out, repo.root]).stdout == ""
    assert dangling(repo) == []
    repo.check()


def test_a_session_is_restored_beside_itself(repo, corpus):
    """No reference leads outside of its own copy."""
    before = items_of(repo.tree())
    run(["cp", "-r", repo.path(session(repo, 499)) + "/.", repo.root],
        limit=90)
    after = items_of(repo.tree())
    fresh = set(after) - set(before)
    assert len(fresh) == 499 + 1
    for name, text in after.items():
        if name in before:
            assert text == before[name], name
            continue
        assert re.search(r" \d+\.json$", name), name
        for target in references(text):
            assert target[1:] + ".json" in fresh, (name, target)
    assert dangling(repo) == []
    repo.check()
