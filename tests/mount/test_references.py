"""References follow what is moved, and the names that copies get."""

import json
import os
import re

import pytest

import harness
from harness import RENAME_EXCHANGE, item, renameat2, run


def action_map(rule, action=""):
    return item(pairs=[{"rule": rule, "action": action}])


def fill(repo):
    os.makedirs(repo.path("rules/x"))
    os.makedirs(repo.path("action_maps"))
    repo.write("rules/x/A.json", item(n=1))
    repo.write("action_maps/M.json", action_map("/rules/x/A"))


def test_mv_of_an_item_is_followed(repo):
    fill(repo)
    assert repo.read("action_maps/M.json") == action_map("/rules/x/A")
    repo.sh("mv rules/x/A.json 'rules/a much longer name.json'")
    moved = action_map("/rules/a much longer name")
    assert os.stat(repo.path("action_maps/M.json")).st_size == len(moved)
    assert repo.read("action_maps/M.json") == moved
    repo.sh("mv 'rules/a much longer name.json' rules/x/A.json")
    assert repo.read("action_maps/M.json") == action_map("/rules/x/A")
    repo.check()


def test_mv_of_a_folder_is_followed(repo):
    fill(repo)
    repo.sh("mv rules/x rules/y")
    assert repo.read("action_maps/M.json") == action_map("/rules/y/A")
    os.mkdir(repo.path("rules/z"))
    renameat2(repo.path("rules/y"), repo.path("rules/z"), RENAME_EXCHANGE)
    assert repo.read("action_maps/M.json") == action_map("/rules/z/A")
    repo.check()


@pytest.mark.mount("refs=keep")
def test_with_refs_keep_they_stay(repo):
    fill(repo)
    repo.sh("mv rules/x rules/y")
    assert repo.read("action_maps/M.json") == action_map("/rules/x/A")
    repo.check()


def test_an_open_file_is_told(repo):
    fill(repo)
    with open(repo.path("action_maps/M.json"), "rb") as f:
        assert f.read() == action_map("/rules/x/A")
        repo.sh("mv rules/x/A.json rules/x/B.json")
        assert repo.read("action_maps/M.json") == action_map("/rules/x/B")


def test_what_was_read_before_a_move_is_saved_as_an_edit(repo, actor):
    fill(repo)
    editor = actor()
    text = editor.read("action_maps/M.json")
    repo.sh("mv rules/x/A.json rules/x/B.json")
    editor.write("action_maps/M.json", text.replace(b'""', b'"/actions/x"'))
    assert repo.names("action_maps") == ["M.json"]
    assert repo.read("action_maps/M.json") == \
        action_map("/rules/x/B", "/actions/x")
    # And again, from the same buffer.
    repo.sh("mv rules/x/B.json rules/x/C.json")
    editor.write("action_maps/M.json", text.replace(b'""', b'"/actions/y"'))
    assert repo.names("action_maps") == ["M.json"]
    assert repo.read("action_maps/M.json") == \
        action_map("/rules/x/C", "/actions/y")
    repo.check()


@pytest.mark.parametrize("first", ["rules", "action_maps"])
def test_a_copy_refers_to_its_own(repo, first):
    fill(repo)
    rules = repo.source("rules/x/A.json", item(n=2))
    maps = repo.source("action_maps/M.json", action_map("/rules/x/A"))
    src = os.path.dirname(os.path.dirname(maps))
    order = ["rules", "action_maps"]
    if first != "rules":
        order.reverse()
    assert os.path.exists(rules)
    repo.sh("cp -r " + " ".join(f"'{src}/{name}'" for name in order) + " .")
    copy = action_map("/rules/x/A 2")
    assert repo.read("rules/x/A 2.json") == item(n=2)
    assert repo.read("action_maps/M 2.json") == copy
    assert os.stat(repo.path("action_maps/M 2.json")).st_size == len(copy)
    assert repo.read("action_maps/M.json") == action_map("/rules/x/A")
    assert repo.read("rules/x/A.json") == item(n=1)
    repo.check()


def test_what_is_new_refers_to_what_was_numbered(repo):
    """The kernel knows the new file as it was written."""
    os.makedirs(repo.path("rules"))
    repo.write("rules/A.json", item(n=1))
    src = os.path.dirname(repo.source("rules/A.json", item(n=2)))
    repo.source("action_maps/M.json", action_map("/rules/A"))
    repo.sh(f"cp -r '{src}' '{os.path.dirname(src)}/action_maps' .")
    assert repo.read("action_maps/M.json") == action_map("/rules/A 2")
    repo.check()
    # The other way round the program still has it in its caches.
    repo.sh(f"cp -r '{os.path.dirname(src)}/action_maps' '{src}' .")
    assert repo.read("action_maps/M 2.json") == action_map("/rules/A 3")
    repo.check()


def test_an_open_new_file_may_be_flushed_twice(repo):
    os.makedirs(repo.path("rules"))
    os.makedirs(repo.path("action_maps"))
    repo.write("rules/A.json", item(n=1))
    repo.python("""
import os, sys
def put(name, text):
    with open(name, 'w') as f:
        f.write(text)
put('rules/A.json', '{"n": 2}')
f = os.open('action_maps/M.json', os.O_CREAT | os.O_WRONLY)
os.write(f, b'{"pairs": [{"rule": "/rules/A"}]}')
os.close(os.dup(f))
os.write(f, b'  ')
os.close(f)
""")
    assert repo.names("action_maps") == ["M.json"]
    assert repo.read("action_maps/M.json") == \
        b'{"pairs": [{"rule": "/rules/A 2"}]}  '
    repo.check()


# ---- a real repository ----

@pytest.fixture
def corpus(tmp_path):
    if not os.path.isdir(os.path.join(harness.CORPUS, "1integrate")):
        pytest.skip("the corpus is not at hand")
    return harness.corpus(tmp_path)


REFERENCE = re.compile(
    r'"(?:(?:RULE|ACTION)://|/(?:rules|actions|action_maps|datastores)/)'
    r'(?:[^"\\]|\\.)*"')


def references(text):
    """All reference strings, as paths: an independent look at them."""
    for found in REFERENCE.findall(text.decode()):
        path = json.loads(found)
        for scheme, folder in (("RULE://", "/rules/"),
                               ("ACTION://", "/actions/")):
            if path.startswith(scheme):
                path = folder + path[len(scheme):]
        yield path


def check_two_copies(repo, corpus):
    """Each refers to its own items, and to all of them."""
    originals = {"/" + name[:-5] for name in harness.files_below(corpus)
                 if name.endswith(".json")}
    count = 0
    for name, text in repo.tree().items():
        if not name.endswith(".json"):
            continue
        copy = "/" + name[:-5] not in originals
        for path in references(text):
            assert repo.exists(path[1:] + ".json"), (name, path)
            assert (path not in originals) == copy, (name, path)
            count += 1
    assert count == 2 * 1383


def test_a_real_repository_is_copied_over_itself(repo, corpus):
    run(["cp", "-r", *(os.path.join(corpus, n) for n in os.listdir(corpus)),
         repo.root], limit=90)
    assert run(["diff", "-r", corpus, repo.root]).stdout == ""
    run(["cp", "-r", *(os.path.join(corpus, n) for n in os.listdir(corpus)),
         repo.root], limit=90)
    check_two_copies(repo, corpus)
    repo.check()


def test_a_real_repository_moves_and_comes_back(repo, corpus):
    run(["cp", "-r", *(os.path.join(corpus, n) for n in os.listdir(corpus)),
         repo.root], limit=90)
    for kind in os.listdir(corpus):
        repo.sh(f"mv {kind}/HPMS '{kind}/it \"moved\"'")
    for name, text in repo.tree().items():
        if name.endswith(".json"):
            assert b"/HPMS/" not in b"".join(
                p.encode() for p in references(text)), name
    for kind in os.listdir(corpus):
        repo.sh(f"mv '{kind}/it \"moved\"' {kind}/HPMS")
    assert run(["diff", "-r", corpus, repo.root]).stdout == ""
    repo.check()
