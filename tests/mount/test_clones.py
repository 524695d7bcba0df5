"""A folder that is copied within the repository becomes a clone: its items have
ids of their own, and refer to each other."""

import json
import os
import re
import shutil

import pytest

import integrations
from harness import item, read_all, run

ORDERS = "integrations/Orders"
CLONE = "integrations/Orders-sandbox"
ID = re.compile(r"[0-9a-f]{24}")


def items(repo, folder):
    """{path: text} of all items below a folder."""
    top = repo.path(folder)
    return {os.path.relpath(os.path.join(base, name), top):
            read_all(os.path.join(base, name)).decode()
            for base, _, names in os.walk(top) for name in names}


def own_ids(found):
    return {path: json.loads(text)["_id"] for path, text in found.items()}


def dangling(repo):
    """Problems, other than that passwords must be entered again."""
    return [one for one in repo.lines("problems")
            if one["problem"] != "password missing"]


def is_clone(ours, theirs):
    """The ids differ, all of them, and nothing else does."""
    assert set(ours) == set(theirs)
    new = {old: own_ids(theirs)[path]
           for path, old in own_ids(ours).items()}
    assert len(set(new.values()) | set(new)) == 2 * len(new)
    for path, text in ours.items():
        swapped = ID.sub(lambda m: new[m.group()], text)
        assert theirs[path] == swapped, path


@pytest.fixture
def orders(repo):
    integrations.write(repo.root)
    return repo


COPIERS = ["cp -r $A $B", "cp -a $A $B", "rsync -a $A/ $B/",
           "rsync -a --inplace $A/ $B/", "tar -c -C $A . | "
           "(mkdir $B && tar -x -C $B)", "busybox cp -r $A $B"]


@pytest.mark.parametrize("how", COPIERS, ids=lambda how: how.split(" $")[0])
def test_a_clone_refers_to_itself(orders, how):
    before = items(orders, ORDERS)
    orders.sh(f"A={ORDERS}; B={CLONE}; {how}")
    assert items(orders, ORDERS) == before
    is_clone(before, items(orders, CLONE))
    assert dangling(orders) == []
    shown = orders.sh(f"diff -r {ORDERS} {CLONE} | grep '^[<>]'",
                      check=False).stdout
    assert len(shown.splitlines()) > 30
    assert all(ID.search(line) for line in shown.splitlines())
    orders.check()


def test_what_names_the_clone_is_in_the_clone(orders):
    orders.sh(f"cp -r {ORDERS} {CLONE}")
    lines = orders.lines("references/Shop.json", f"{CLONE}/connections")
    users = [line["path"] for line in lines if line["direction"] == "from"]
    assert len(users) == 3
    assert all(user.startswith(f"/{CLONE}/") for user in users)
    lines = orders.lines("references/Shop.json", f"{ORDERS}/connections")
    assert not any(CLONE in json.dumps(line) for line in lines)


def test_the_report_says_it(orders):
    orders.sh(f"cp -r {ORDERS} {CLONE}")
    old = json.loads(orders.read(f"{ORDERS}/flows/Returns.json"))
    new = json.loads(orders.read(f"{CLONE}/flows/Returns.json"))
    line = [one for one in orders.report(CLONE)
            if one["path"].endswith("flows/Returns.json")][-1]
    assert line["outcome"] == "created"
    told = {one["at"]: (one["sent"], one["now"])
            for one in line["references"]}
    assert told["_id"] == (old["_id"], new["_id"])
    assert told["pageGenerators[0]._exportId"] == (
        old["pageGenerators"][0]["_exportId"],
        new["pageGenerators"][0]["_exportId"])
    row = orders.revisions()[-1]
    assert (row["kind"], row["counts"]["created"]) == \
        ("restore", len(items(orders, ORDERS)))
    orders.revert(f"undo {row['id']}")
    assert not orders.exists(f"{CLONE}/integration.json")
    orders.check()


@pytest.mark.parametrize("how", ["rsync -ai", "rsync -ai --inplace",
                                 "rsync -aic"])
def test_a_synchronizer_that_repeats_itself(orders, how):
    how = f"{how} {ORDERS}/ {CLONE}/"
    orders.sh(how)
    theirs = items(orders, CLONE)
    again = orders.sh(how).stdout
    if "c" not in how.split()[1]:
        assert again == ""
    # One that compares contents sends them, and finds that they are there.
    assert items(orders, CLONE) == theirs
    orders.check()


@pytest.mark.parametrize("first", ["flows", "exports"])
def test_a_clone_that_is_made_in_parts(orders, first):
    """As when a synchronizer was interrupted, and goes on later."""
    orders.sh(f"rsync -a --exclude={first} {ORDERS}/ {CLONE}/")
    orders.sh(f"rsync -a {ORDERS}/ {CLONE}/")
    assert orders.sh(f"rsync -ai {ORDERS}/ {CLONE}/").stdout == ""
    is_clone(items(orders, ORDERS), items(orders, CLONE))
    orders.sh("mkdir integrations/b")
    for part in os.listdir(orders.path(ORDERS)):
        orders.sh(f"cp -r {ORDERS}/{part} integrations/b/")
    is_clone(items(orders, ORDERS), items(orders, "integrations/b"))
    row = orders.revisions()[-1]
    orders.check()
    orders.revert(f"undo {row['id']}")
    orders.check()


def test_clones_of_clones(orders):
    found = [items(orders, ORDERS)]
    for old, new in ((ORDERS, "a"), (ORDERS, "b"), ("integrations/a", "c")):
        orders.sh(f"cp -r {old} integrations/{new}")
        found.append(items(orders, f"integrations/{new}"))
    for one in found[1:]:
        is_clone(found[0], one)
    is_clone(found[1], found[3])
    assert len({i for one in found for i in own_ids(one).values()}) == \
        4 * len(found[0])
    orders.check()


def test_clones_that_one_program_makes(orders):
    """Two folders at once, by one process, in one batch."""
    orders.python("""
import shutil
for name in ("a", "b"):
    shutil.copytree("integrations/Orders", "integrations/" + name)
""")
    for name in "ab":
        is_clone(items(orders, ORDERS), items(orders, f"integrations/{name}"))
    orders.check()


def test_what_is_not_copied_keeps_its_id(orders):
    before = items(orders, ORDERS)
    orders.sh(f"mv {ORDERS} integrations/Moved")
    assert items(orders, "integrations/Moved") == before
    # A backup of what is gone, under another name.
    copy = os.path.join(orders.base, "backup")
    orders.sh(f"cp -r integrations/Moved {copy}")
    orders.sh("rm -r integrations/Moved")
    orders.sh(f"cp -r {copy} {CLONE}")
    assert items(orders, CLONE) == before
    # An editor that saves, in place and by a new file.
    orders.sh(f"sed -i s/Vienna/Paris/ {CLONE}/flows/Returns.json")
    orders.python("""
import sys
with open(sys.argv[1]) as f:
    text = f.read()
with open(sys.argv[1], "w") as f:
    f.write(text.replace("Paris", "Rome"))
""", f"{CLONE}/flows/Returns.json")
    flow = before["flows/Returns.json"].replace("Vienna", "Rome")
    assert orders.read(f"{CLONE}/flows/Returns.json").decode() == flow
    orders.check()


def test_what_comes_from_another_repository_keeps_its_ids(orders, make_repo):
    other = make_repo(name="other")
    os.mkdir(other.path("integrations"))
    orders.sh(f"cp -r {ORDERS} {other.path(CLONE)}")
    assert items(other, CLONE) == items(orders, ORDERS)
    # And back again it is a clone.
    other.sh(f"cp -r {CLONE} {orders.path(CLONE)}")
    is_clone(items(orders, ORDERS), items(orders, CLONE))
    orders.check()


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_restored_elsewhere_is_a_clone(orders, kind):
    before = items(orders, ORDERS)
    archive = os.path.join(orders.base, f"orders.{kind}")
    orders.sh(f"cp {ORDERS}/.control/backup.{kind} {archive}")
    os.mkdir(orders.path(CLONE))
    orders.sh(f"cp {archive} {CLONE}/.control/restore")
    is_clone(before, items(orders, CLONE))
    assert dangling(orders) == []
    # In place of what is gone it is what it was.
    orders.sh(f"rm -r {ORDERS} {CLONE} && mkdir {ORDERS}")
    orders.sh(f"cp {archive} {ORDERS}/.control/restore")
    assert items(orders, ORDERS) == before
    orders.check()


def test_a_full_restore_keeps_all(orders):
    orders.sh(f"cp -r {ORDERS} {CLONE}")
    before = orders.tree()
    archive = os.path.join(orders.base, "all.tar")
    orders.sh(f"cp .control/repository.tar {archive}")
    orders.sh(f"rm -r {ORDERS}/flows")
    orders.sh(f"cp {archive} .control/repository.tar")
    assert orders.tree() == before
    orders.check()


@pytest.mark.mount("overwrite=edit")
def test_a_mirror_is_as_it_was_sent(orders):
    """rsync sends what was moved before it removes what was there."""
    mirror = os.path.join(orders.base, "mirror")
    orders.sh(f"cp -a {ORDERS} {mirror}")
    orders.sh(f"cp -r {ORDERS} {CLONE}")
    run(["diff", "-r", orders.path(ORDERS), orders.path(CLONE)])
    os.makedirs(f"{mirror}/exports/a")
    os.rename(f"{mirror}/exports/Stock.json", f"{mirror}/exports/a/S.json")
    for _ in range(2):
        shown = orders.sh(f"rsync -ai --delete-after {mirror}/ {ORDERS}/")
    assert shown.stdout == ""
    run(["diff", "-r", mirror, orders.path(ORDERS)])
    orders.check()


def test_one_item_beside_another(orders):
    """By another name in one folder, and what has no id."""
    orders.sh(f"cp {ORDERS}/exports/Stock.json {ORDERS}/exports/Again.json")
    stock = json.loads(orders.read(f"{ORDERS}/exports/Stock.json"))
    again = json.loads(orders.read(f"{ORDERS}/exports/Again.json"))
    assert again.pop("_id") != stock.pop("_id")
    assert again == stock
    orders.write("plain.json", item(_id="1" * 24))
    orders.sh("cp plain.json other.json")
    assert orders.read("other.json") == orders.read("plain.json")
    shutil.copyfile(orders.path(f"{ORDERS}/exports/Stock.json"),
                    orders.path("plain 2.json"))
    assert json.loads(orders.read("plain 2.json"))["_id"] == \
        integrations.identify("Orders", "exports", "Stock")
    run(["cmp", orders.path("plain.json"), orders.path("other.json")])
    orders.check()
