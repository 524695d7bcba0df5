"""What changed in a clone comes into the folder that was cloned."""

import json
import os
import re
import threading
import time

import pytest

import integrations
from harness import item, on_terminal, run, slow_disk

ORDERS = "integrations/Orders"
CLONE = "integrations/Orders-sandbox"


def load(repo, folder, name):
    return json.loads(repo.read(f"{folder}/{name}"))


def change(repo, folder, path, /, **members):
    """Edit an item, as an editor does that has read it."""
    repo.python("""
import json, sys
path, members = sys.argv[1], json.loads(sys.argv[2])
with open(path) as f:
    item = json.load(f)
for key, value in members.items():
    item[key] = value
with open(path, 'w') as f:
    f.write(json.dumps(item, indent=2, ensure_ascii=False) + '\\n')
""", f"{folder}/{path}", json.dumps(members))


def pull(repo, line="../Orders-sandbox", folder=ORDERS):
    return repo.command("pull", line, folder)


def ids(repo, folder):
    """{path: the item} of all below a folder."""
    found = {}
    for base, _, names in os.walk(repo.path(folder)):
        for name in names:
            path = os.path.relpath(os.path.join(base, name),
                                   repo.path(folder))
            found[path] = load(repo, folder, path)
    return found


@pytest.fixture
def orders(repo):
    integrations.write(repo.root)
    repo.sh("cp -r integrations/Orders integrations/Orders-sandbox")
    # The copy has an id of its own, and its items say so.
    ours = load(repo, ORDERS, "integration.json")["_id"]
    theirs = load(repo, CLONE, "integration.json")["_id"]
    assert ours != theirs
    assert load(repo, CLONE, "flows/Invoices.json")["_integrationId"] == theirs
    return repo


def test_nothing_has_changed(orders):
    before = orders.tree()
    assert pull(orders) == \
        "pull from /integrations/Orders-sandbox: nothing to do\n"
    assert orders.tree() == before
    assert [r["kind"] for r in orders.revisions()].count("pull") == 0
    orders.check()


def test_members_come_together(orders):
    change(orders, ORDERS, "flows/Invoices.json", timezone="UTC",
           lastModified="2026-11-02")
    change(orders, CLONE, "flows/Invoices.json", schedule="? 0 7 ? * *",
           lastModified="2026-11-03")
    change(orders, CLONE, "exports/Stock.json", asynchronous=True)
    before = ids(orders, ORDERS)
    text = orders.read(f"{ORDERS}/flows/Invoices.json")
    preview = pull(orders, "dry-run ../Orders-sandbox")
    assert "M flows/Invoices.json\n  /schedule: \"? 0 6 ? * *\" -> " \
        "\"? 0 7 ? * *\"\n" in preview
    assert preview.splitlines()[-1].startswith("would pull from ")
    assert ids(orders, ORDERS) == before
    answer = pull(orders)
    assert "M exports/Stock.json\n" in answer
    assert "0 added, 2 changed, 0 moved, 0 removed" in answer
    assert orders.read(f"{ORDERS}/flows/Invoices.json") == \
        text.replace(b"0 6", b"0 7")
    before["flows/Invoices.json"]["schedule"] = "? 0 7 ? * *"
    before["exports/Stock.json"]["asynchronous"] = True
    assert ids(orders, ORDERS) == before
    assert "nothing to do" in pull(orders)
    orders.check()


def test_a_pull_is_a_revision_that_is_undone_in_a_line(orders):
    change(orders, CLONE, "flows/Returns.json", disabled=True)
    orders.sh(f"rm {CLONE}/tools/'Ask for stock.json'")
    orders.write(f"{CLONE}/scripts/New.json",
                 item(_id="0" * 24, content="x"))
    before = ids(orders, ORDERS)
    pull(orders)
    after = ids(orders, ORDERS)
    rows = orders.revisions(ORDERS)[-3:]
    assert [r["kind"] for r in rows] == ["snapshot", "pull", "snapshot"]
    row = rows[1]
    assert row["status"] == "completed"
    assert row["description"] == "pull from /integrations/Orders-sandbox"
    assert row["before"] == rows[0]["before"]
    assert row["after"] == rows[2]["after"]
    assert (row["counts"]["created"], row["counts"]["edited"],
            row["counts"]["removed"]) == (1, 1, 1)
    orders.revert(f"undo {row['id']}", ORDERS)
    assert ids(orders, ORDERS) == before
    orders.revert(f"after {row['id']}", ORDERS)
    assert ids(orders, ORDERS) == after
    orders.revert(f"before {row['id']}", ORDERS)
    assert ids(orders, ORDERS) == before
    # What was taken back may be pulled again, as something new.
    pull(orders)
    again = ids(orders, ORDERS)
    assert again["scripts/New.json"].pop("_id") != \
        after["scripts/New.json"].pop("_id") != "0" * 24
    assert again == after
    orders.check()


def test_what_is_new_refers_to_ours(orders):
    clone = load(orders, CLONE, "integration.json")["_id"]
    flow = load(orders, CLONE, "flows/Returns.json")
    flow.update(_id="f" * 24, name="More", _runNextFlowIds=["f" * 24])
    os.mkdir(orders.path(CLONE, "flows", "more"))
    orders.write(f"{CLONE}/flows/more/More.json", integrations.text(flow))
    change(orders, CLONE, "flows/Returns.json", _runNextFlowIds=["f" * 24])
    answer = pull(orders)
    assert "+ flows/more/More.json\n" in answer
    came = load(orders, ORDERS, "flows/more/More.json")
    ours = load(orders, ORDERS, "integration.json")["_id"]
    assert flow["_integrationId"] == clone != ours
    assert came["_integrationId"] == ours
    assert load(orders, ORDERS, "flows/Returns.json")["_runNextFlowIds"] == \
        [came["_id"]] == came["_runNextFlowIds"]
    # Changed there again, it is the same item.
    change(orders, CLONE, "flows/more/More.json", disabled=True)
    pull(orders)
    assert load(orders, ORDERS, "flows/more/More.json")["disabled"] is True
    assert orders.names(f"{ORDERS}/flows/more") == ["More.json"]
    orders.check()


def test_what_both_deleted_is_known_by_its_id(orders):
    """It is named by what was pulled before, and by ours."""
    change(orders, CLONE, "flows/Returns.json", schedule="x")
    pull(orders)
    for folder in (ORDERS, CLONE):
        orders.sh(f"rm {folder}/imports/'Write report.json'")
    change(orders, CLONE, "flows/Reports.json", pageProcessors=[])
    assert "0 added, 1 changed, 0 moved, 0 removed" in pull(orders)
    assert load(orders, ORDERS, "flows/Reports.json")["pageProcessors"] == []
    orders.check()


def test_a_clone_with_ids_of_its_own(repo):
    """Below one folder of the kind each copy gets a new id."""
    main, box = "integrations/Orders/flows/main", "integrations/Orders/flows/b"
    os.makedirs(repo.path(main))
    for name, then in (("A", "B"), ("B", "C"), ("C", "A")):
        repo.write(f"{main}/{name}.json", integrations.text({
            "_id": name.lower() * 24, "name": name, "schedule": "x",
            "_runNextFlowIds": [then.lower() * 24]}))
    repo.sh(f"cp -r {main} {box}")
    theirs = {name: load(repo, box, f"{name}.json") for name in "ABC"}
    assert theirs["A"]["_id"] != "a" * 24
    assert theirs["A"]["_runNextFlowIds"] == [theirs["B"]["_id"]]
    before = ids(repo, main)
    assert "nothing to do" in pull(repo, "../b", main)
    # A refers to a new one, B to another, C is only told another time.
    new = "d" * 24
    repo.write(f"{box}/D.json", integrations.text({
        "_id": new, "name": "D", "_runNextFlowIds": [theirs["A"]["_id"]]}))
    change(repo, box, "A.json", _runNextFlowIds=[new, theirs["C"]["_id"]])
    change(repo, box, "B.json", _runNextFlowIds=[theirs["A"]["_id"]])
    change(repo, box, "C.json", schedule="y")
    change(repo, main, "C.json", schedule="z")
    repo.sh(f"rm {main}/B.json")
    text = pull(repo, "../b", main)
    assert list(conflicts_of(text)) == ["B.json", "C.json#/schedule"]
    pull(repo, "theirs", main)
    after = ids(repo, main)
    came = after["D.json"]["_id"]
    assert came not in (new, *(i["_id"] for i in theirs.values()))
    assert after["A.json"] == {**before["A.json"],
                               "_runNextFlowIds": [came, "c" * 24]}
    assert after["B.json"] == {**before["B.json"],
                               "_runNextFlowIds": ["a" * 24]}
    assert after["C.json"] == {**before["C.json"], "schedule": "y"}
    assert after["D.json"]["_runNextFlowIds"] == ["a" * 24]
    # One that is gone there is still known by its id.
    repo.sh(f"rm {box}/C.json")
    change(repo, box, "A.json", schedule="late")
    pull(repo, "../b", main)
    assert after["A.json"]["_runNextFlowIds"] == \
        load(repo, main, "A.json")["_runNextFlowIds"]
    assert not repo.exists(f"{main}/C.json")
    repo.check()


def test_a_clone_of_a_clone(orders):
    """What both clones changed comes, and the other way round."""
    again = "integrations/Orders-again"
    before = ids(orders, ORDERS)
    change(orders, CLONE, "flows/Returns.json", schedule="first")
    orders.sh(f"cp -r {CLONE} {again}")
    assert "1 changed" in pull(orders, "dry-run ../Orders-again")
    export = load(orders, again, "exports/Stock.json")["_id"]
    change(orders, again, "flows/Stock levels.json",
           pageGenerators=[{"_exportId": export}, {"_exportId": export}])
    change(orders, again, "flows/Returns.json", disabled=True)
    change(orders, ORDERS, "flows/Returns.json", timezone="UTC")
    text = pull(orders, "../Orders-again")
    assert conflicts_of(text) == {}
    assert "0 added, 2 changed, 0 moved, 0 removed" in text
    before["flows/Returns.json"].update(schedule="first", disabled=True,
                                        timezone="UTC")
    before["flows/Stock levels.json"]["pageGenerators"] *= 2
    assert ids(orders, ORDERS) == before
    change(orders, ORDERS, "apis/Order intake.json", version="v2")
    before = ids(orders, again)
    text = pull(orders, "../Orders", again)
    assert "0 added, 2 changed, 0 moved, 0 removed" in text
    before["apis/Order intake.json"]["version"] = "v2"
    before["flows/Returns.json"]["timezone"] = "UTC"
    assert ids(orders, again) == before
    # The clone between them.
    assert "3 changed, 0 moved" in pull(orders, "../Orders", CLONE)
    assert "nothing to do" in pull(orders, "../Orders-again", CLONE)
    orders.check()


def test_two_clones_of_one(orders):
    """Neither comes from the other: what they come from is the base."""
    other = "integrations/Orders-other"
    export = load(orders, CLONE, "exports/Stock.json")["_id"]
    first = load(orders, CLONE, "flows/Returns.json")
    change(orders, CLONE, "flows/Returns.json", pageGenerators=first[
        "pageGenerators"] + [{"_exportId": export}], schedule="one")
    orders.sh(f"cp -r {ORDERS} {other}")
    before = ids(orders, other)
    change(orders, other, "flows/Returns.json", schedule="two")
    text = pull(orders, "../Orders-sandbox", other)
    assert conflicts_of(text) == {"flows/Returns.json#/schedule": [
        '"? 0 6 ? * *"', '"two"', '"one"']}
    pull(orders, "ours", other)
    before["flows/Returns.json"]["schedule"] = "two"
    before["flows/Returns.json"]["pageGenerators"].append(
        {"_exportId": before["exports/Stock.json"]["_id"]})
    assert ids(orders, other) == before
    orders.check()


def test_a_taken_name_is_numbered(orders):
    orders.write(f"{ORDERS}/scripts/New.json", item(_id="1" * 24, a=1))
    orders.write(f"{CLONE}/scripts/New.json", item(_id="2" * 24, a=2))
    orders.write(f"{ORDERS}/scripts/Same.json", item(_id="3" * 24, a=3))
    orders.write(f"{CLONE}/scripts/Same.json", item(_id="4" * 24, a=3))
    # Alike, and they refer to each other and to what both have.
    made = []
    for folder, mark in ((ORDERS, "a"), (CLONE, "b")):
        export = load(orders, folder, "exports/Stock.json")["_id"]
        for name, own, then in (("X", "1", "2"), ("Y", "2", "1")):
            made.append({"_id": mark * 23 + own, "name": name,
                         "_runNextFlowIds": [mark * 23 + then],
                         "pageGenerators": [{"_exportId": export}]})
            orders.write(f"{folder}/flows/{name}.json",
                         integrations.text(made[-1]))
        change(orders, folder, "flows/Returns.json",
               _runNextFlowIds=[mark * 23 + "1"])
    text = pull(orders)
    assert text.startswith("+ scripts/New 2.json\npull from")
    for name, item_made in (("X", made[0]), ("Y", made[1])):
        assert load(orders, ORDERS, f"flows/{name}.json") == item_made
        assert not orders.exists(f"{ORDERS}/flows/{name} 2.json")
    assert load(orders, ORDERS, "scripts/New.json")["a"] == 1
    assert load(orders, ORDERS, "scripts/New 2.json")["a"] == 2
    assert not orders.exists(f"{ORDERS}/scripts/Same 2.json")
    orders.check()


def test_a_name_that_was_left_is_free_for_another(orders):
    """What is there now under a name of ours is not what ours is."""
    orders.sh(f"cd {CLONE}/scripts && mv 'Map fields.json' Old.json && "
              "cp Old.json 'Map fields.json'")
    assert "1 added, 0 changed, 1 moved" in pull(orders)
    ours = ids(orders, ORDERS)
    moved, copy = (ours[f"scripts/{name}.json"]
                   for name in ("Old", "Map fields"))
    assert moved.pop("_id") == integrations.identify(
        "Orders", "scripts", "Map fields") != copy.pop("_id")
    assert moved == copy
    orders.check()


def test_moves_are_followed(orders):
    orders.sh(f"cd {CLONE} && mv flows/Invoices.json flows/Bills.json && "
              "mv scripts code && mkdir scripts && mv code/* scripts && "
              "rmdir code && mkdir flows/old && mv flows/Returns.json "
              "flows/old && mv exports/Stock.json exports/Levels.json")
    change(orders, CLONE, "flows/Bills.json", disabled=True)
    change(orders, ORDERS, "flows/Returns.json", timezone="UTC")
    node = os.stat(orders.path(ORDERS, "flows/Returns.json")).st_ino
    answer = pull(orders)
    assert "R flows/Invoices.json -> flows/Bills.json\n" in answer
    assert load(orders, ORDERS, "flows/Bills.json")["disabled"] is True
    assert load(orders, ORDERS, "flows/old/Returns.json")["timezone"] == "UTC"
    assert os.stat(orders.path(ORDERS, "flows/old/Returns.json")).st_ino == \
        node
    assert sorted(ids(orders, ORDERS)) == sorted(ids(orders, CLONE))
    orders.check()


# ---- conflicts ----

def conflict(repo):
    change(repo, ORDERS, "flows/Invoices.json", schedule="ours",
           timezone="UTC")
    change(repo, CLONE, "flows/Invoices.json", schedule="theirs",
           disabled=True)
    change(repo, ORDERS, "exports/Stock.json", name="Ours")
    repo.sh(f"rm {CLONE}/exports/Stock.json")
    change(repo, CLONE, "exports/Refunds.json", name="Theirs")
    repo.sh(f"rm {ORDERS}/exports/Refunds.json")
    change(repo, CLONE, "flows/Reports.json", name="R")


CONFLICTS = """\
C exports/Refunds.json
  base   (as it was copied or pulled)
  ours   (deleted)
  theirs (changed)
C exports/Stock.json
  base   (as it was copied or pulled)
  ours   (changed)
  theirs (deleted)
C flows/Invoices.json#/schedule
  base   "? 0 6 ? * *"
  ours   "ours"
  theirs "theirs"
"""


def conflicts_of(text):
    lines = text.splitlines()
    found = {}
    for n, line in enumerate(lines):
        if line.startswith("C "):
            found[line[2:]] = [at[9:] for at in lines[n + 1:n + 4]]
    return found


def waiting(repo):
    return [r for r in repo.revisions(ORDERS) if r["kind"] == "pull"][-1]


@pytest.mark.parametrize("answer", ["ours", "theirs"])
def test_conflicts_wait_for_one_answer(orders, answer):
    conflict(orders)
    before = ids(orders, ORDERS)
    text = pull(orders)
    assert conflicts_of(text) == conflicts_of(CONFLICTS)
    assert "3 conflicts, nothing is changed" in text
    assert ids(orders, ORDERS) == before
    assert waiting(orders)["status"] == "in progress"
    assert waiting(orders)["counts"]["conflicts"] == 3
    with pytest.raises(OSError) as e:
        pull(orders)
    assert e.value.errno == 16
    assert "waits here since" in orders.errors(ORDERS)[-1]
    # It goes on waiting when the repository has been closed.
    orders.remount()
    shown = orders.read(f"{ORDERS}/.control/pull").decode()
    assert conflicts_of(shown) == conflicts_of(CONFLICTS)
    assert waiting(orders)["status"] == "in progress"
    done = pull(orders, answer)
    assert "revision" in done.splitlines()[-1]
    assert waiting(orders)["status"] == "completed"
    flow = load(orders, ORDERS, "flows/Invoices.json")
    assert (flow["schedule"], flow["timezone"], flow["disabled"]) == \
        (answer, "UTC", True)
    theirs = answer == "theirs"
    assert orders.exists(f"{ORDERS}/exports/Stock.json") != theirs
    assert orders.exists(f"{ORDERS}/exports/Refunds.json") == theirs
    assert load(orders, ORDERS, "flows/Reports.json")["name"] == "R"
    orders.check()
    # Each was answered: the next pull does not ask again.
    assert "nothing to do" in pull(orders)
    orders.revert(f"undo {waiting(orders)['id']}", ORDERS)
    assert ids(orders, ORDERS) == before
    orders.check()


def test_conflicts_are_answered_one_by_one(orders):
    conflict(orders)
    pull(orders)
    with pytest.raises(OSError) as e:
        pull(orders, "ours flows/Reports.json")
    assert e.value.errno == 22
    assert "no conflict at 'flows/Reports.json'" in orders.errors(ORDERS)[-1]
    text = pull(orders, "theirs flows/Invoices.json#/schedule")
    assert len(conflicts_of(text)) == 2
    text = pull(orders, "ours exports/Stock.json")
    assert list(conflicts_of(text)) == ["exports/Refunds.json"]
    orders.remount()
    assert "snapshots" in pull(orders, "theirs exports")
    assert load(orders, ORDERS, "flows/Invoices.json")["schedule"] == "theirs"
    assert orders.exists(f"{ORDERS}/exports/Stock.json")
    assert orders.exists(f"{ORDERS}/exports/Refunds.json")
    orders.check()


def test_several_lines_at_once_and_cancel(orders):
    conflict(orders)
    before = ids(orders, ORDERS)
    pull(orders)
    assert "canceled" in pull(orders, "cancel")
    assert waiting(orders)["status"] == "canceled"
    assert ids(orders, ORDERS) == before
    for line in ("cancel", "ours"):
        with pytest.raises(OSError):
            pull(orders, line)
    orders.sh(f"""printf '%s\n' ../Orders-sandbox 'ours exports' \
        'theirs flows/Invoices.json' > {ORDERS}/.control/pull""")
    assert waiting(orders)["status"] == "completed"
    assert load(orders, ORDERS, "flows/Invoices.json")["schedule"] == "theirs"
    orders.check()


def test_a_waiting_pull_looks_again(orders):
    conflict(orders)
    pull(orders)
    change(orders, CLONE, "flows/Returns.json", name="late")
    change(orders, ORDERS, "flows/Returns.json", name="later")
    text = pull(orders, "ours exports")
    assert list(conflicts_of(text)) == ["flows/Invoices.json#/schedule",
                                        "flows/Returns.json#/name"]
    pull(orders, "theirs")
    assert load(orders, ORDERS, "flows/Returns.json")["name"] == "late"
    orders.check()


def test_both_ways(orders):
    change(orders, CLONE, "flows/Returns.json", schedule="there")
    pull(orders)
    change(orders, ORDERS, "flows/Returns.json", timezone="here")
    pull(orders, "../Orders", CLONE)
    flow = load(orders, CLONE, "flows/Returns.json")
    assert (flow["schedule"], flow["timezone"]) == ("there", "here")
    change(orders, ORDERS, "flows/Returns.json", timezone="here again")
    change(orders, CLONE, "flows/Returns.json", disabled=True)
    assert "C " not in pull(orders)
    flow = load(orders, ORDERS, "flows/Returns.json")
    assert (flow["schedule"], flow["timezone"], flow["disabled"]) == \
        ("there", "here again", True)
    orders.check()


def test_what_is_no_clone_is_refused(orders):
    for line, words in (("../Nothing", "no folder"), (".", "into itself"),
                        ("..", "into itself"), ("flows", "into itself"),
                        ("integration.json", "is no folder"),
                        ("dry-run", "which folder")):
        with pytest.raises(OSError):
            pull(orders, line)
        assert words in orders.errors(ORDERS)[-1]


def test_the_command_line(orders):
    conflict(orders)
    here = orders.path(ORDERS)
    done = orders.cli("pull", "--json", "--dry-run", "../Orders-sandbox",
                      cwd=here)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"conflict": "flows/Invoices.json#/schedule",
            "base": "? 0 6 ? * *", "ours": "ours",
            "theirs": "theirs"} in lines
    assert {"change": "edited", "path": "flows/Reports.json"} in lines
    done = orders.cli("pull", orders.path(CLONE), here, check=False)
    assert done.returncode == 1 and "waits" in done.stdout
    assert orders.cli("pull", "theirs", "flows/Invoices.json#/schedule", here,
                      check=False).returncode == 1
    assert orders.cli("pull", "cancel", here).returncode == 0
    done = orders.cli("pull", "--theirs", orders.path(CLONE), here)
    assert "snapshots" in done.stdout
    orders.umount()
    done = orders.cli("pull", "/integrations/Orders-sandbox", orders.file,
                      "--in", ORDERS)
    assert "nothing to do" in done.stdout
    orders.mount()
    orders.check()


def test_long_values_are_whole_where_they_are_read_by_programs(orders):
    ours, theirs = "x" * 3000, "y" * 3000
    change(orders, ORDERS, "scripts/Map fields.json", content=ours)
    change(orders, CLONE, "scripts/Map fields.json", content=theirs)
    text = pull(orders)
    place = "scripts/Map fields.json#/content"
    assert conflicts_of(text)[place][1:] == [f'"{ours}"', f'"{theirs}"']
    pull(orders, "cancel")
    here = orders.path(ORDERS)
    done = orders.cli("pull", "--json", "--dry-run", "../Orders-sandbox",
                      cwd=here)
    told = json.loads(done.stdout.splitlines()[0])
    assert (told["conflict"], told["ours"], told["theirs"]) == \
        (place, ours, theirs)
    shown = orders.run("script", "-qec",
                       f"{orders.bin} pull -n ../Orders-sandbox", "/dev/null",
                       cwd=here).stdout
    line = [one for one in shown.splitlines() if "theirs " in one][0]
    assert line.rstrip("\r").endswith("yyy...") and len(line) < 300


def test_elements_are_named_by_what_tells_them_apart(orders):
    """Each side puts one before the others, so numbers would differ."""
    def fields(folder, **steps):
        change(orders, folder, "tools/Ask for stock.json", steps=[
            {"id": name, "limit": limit} for name, limit in steps.items()])

    fields(ORDERS, a=1, b=1)
    pull(orders, "../Orders", CLONE)
    fields(ORDERS, new=0, a=2, b=1)
    fields(CLONE, other=0, a=3, b=4)
    path = "tools/Ask for stock.json#/steps/id="
    text = pull(orders)
    assert conflicts_of(text) == {path + "a/limit": ["1", "2", "3"]}
    pull(orders, f"theirs {path}a")
    steps = load(orders, ORDERS, "tools/Ask for stock.json")["steps"]
    assert [(step["id"], step["limit"]) for step in steps] == [
        ("other", 0), ("new", 0), ("a", 3), ("b", 4)]
    orders.check()


# ---- size and crashes ----

def fill(repo, count):
    """A folder of rules, and a clone, each a batch."""
    base = os.path.join(repo.base, "many", "rules", "Base")
    for n in range(count):
        if n % 100 == 0:
            os.makedirs(os.path.join(base, str(n // 100)))
        with open(os.path.join(base, str(n // 100), f"R{n}.json"), "wb") as f:
            f.write(integrations.text({"name": f"R{n}", "on": True,
                                       "limit": n, "note": "x" * 200}))
    os.mkdir(repo.path("rules"))
    for name in ("Base", "Clone"):
        run(["cp", "-r", base, repo.path("rules", name)], limit=120)


def edit_many(repo, which, member):
    """Edit the rules @which in one process, each after reading it."""
    repo.python("""
import json, sys
folder, member, which = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for n in which:
    path = f'{folder}/{n // 100}/R{n}.json'
    with open(path) as f:
        text = f.read()
    item = json.loads(text)
    item[member] = folder
    with open(path, 'w') as f:
        f.write(json.dumps(item, indent=2) + '\\n')
""", *which[0:1], member, json.dumps(which[1]))


ITEMS = int(os.environ.get("REPOFS_PULL_ITEMS") or 1000)


def fill_exports(repo, count):
    """Exports that refer to a connection and to each other, and a clone."""
    base = os.path.join(repo.base, "many", "integrations", "Base")
    shared = integrations.identify("link")
    os.makedirs(os.path.join(base, "connections"))
    with open(f"{base}/connections/Link.json", "wb") as f:
        f.write(integrations.text({"_id": shared, "name": "Link"}))
    for n in range(count):
        folder = f"{base}/exports/{n // 100}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/R{n}.json", "wb") as f:
            f.write(integrations.text({
                "_id": integrations.identify(n), "name": f"R{n}",
                "note": "x" * 200, "_connectionId": shared,
                "_runNextExportIds":
                    [integrations.identify((n * 7 + 1) % count)]}))
    os.mkdir(repo.path("integrations"))
    for source, name in ((base, "Base"), (repo.path("integrations/Base"),
                                          "Clone")):
        run(["cp", "-r", source, repo.path("integrations", name)], limit=120)


@pytest.mark.parametrize("answer", ["ours", "theirs"])
def test_5_of_100_changed_with_20_conflicts(repo, answer):
    fill_exports(repo, ITEMS)
    ours, theirs = "integrations/Base", "integrations/Clone"
    changed = list(range(0, ITEMS, 20))
    edit_many(repo, (f"{theirs}/exports", changed), "note")
    edit_many(repo, (f"{ours}/exports", changed[:20]), "note")
    edit_many(repo, (f"{ours}/exports", changed[20:60]), "name")
    before = os.path.join(repo.base, "before")
    run(["cp", "-a", repo.path(ours), before], limit=120)
    start = time.monotonic()
    text = pull(repo, "../Clone", ours)
    waited = time.monotonic() - start
    assert sorted(conflicts_of(text)) == sorted(
        f"exports/{n // 100}/R{n}.json#/note" for n in changed[:20])
    run(["diff", "-r", before, repo.path(ours)], limit=60)
    start = time.monotonic()
    text = pull(repo, answer, ours)
    done = time.monotonic() - start
    print(f"{ITEMS} items, {len(changed)} changed: conflicts after "
          f"{waited:.2f} s, done after {done:.2f} s")
    assert waited < 5 and done < 5  # far above what it takes
    edited = len(changed) - (20 if answer == "ours" else 0)
    assert f" 0 added, {edited} changed, 0 moved, 0 removed " in text
    rows = repo.revisions(ours)[-3:]
    assert [r["kind"] for r in rows] in (["snapshot", "pull", "snapshot"],
                                         ["pull", "snapshot", "snapshot"])
    row = next(r for r in rows if r["kind"] == "pull")
    first, last = [r for r in rows if r["kind"] == "snapshot"]
    assert row["counts"]["edited"] == edited
    assert (first["before"], last["before"]) == (row["before"], row["after"])
    # Each has the one or the other, and all else is as it was.
    run(["diff", "-r", before, f"{repo.path(ours)}/.snapshots/{first['id']}"],
        limit=60)
    run(["diff", "-r", repo.path(ours),
         f"{repo.path(ours)}/.snapshots/{last['id']}"], limit=60)
    for n in changed:
        path = f"exports/{n // 100}/R{n}.json"
        with open(os.path.join(before, path), encoding="utf-8") as f:
            was = json.load(f)
        if answer == "theirs" or n not in changed[:20]:
            was["note"] = f"{theirs}/exports"
        assert load(repo, ours, path) == was
    repo.check()
    repo.revert(f"undo {row['id']}", ours)
    run(["diff", "-r", before, repo.path(ours)], limit=60)
    repo.check()


def test_a_bar_on_a_terminal(repo):
    """On a slow disk: each write takes its time."""
    fill(repo, 30)
    edit_many(repo, ("rules/Clone", list(range(30))), "note")
    here, clone = repo.path("rules/Base"), repo.path("rules/Clone")
    with slow_disk(repo):
        shown = on_terminal(f"{repo.bin} pull {clone} {here}")
    assert re.search(r"\rpulling \[#+ *\] +\d+ %\x1b\[K", shown)
    assert shown.splitlines()[-2].startswith("pull from /rules/Clone: ")


def test_kill_during_a_pull_leaves_old_or_new(repo):
    fill(repo, 600)
    edit_many(repo, ("rules/Clone", list(range(600))), "note")
    before = ids(repo, "rules/Base")
    after = {path: {**rule, "note": "rules/Clone"}
             for path, rule in before.items()}
    for delay in (0.005, 0.02, 0.05):
        thread = threading.Thread(
            target=lambda: refused_or_done(repo, "../Clone", "rules/Base"))
        thread.start()
        time.sleep(delay)
        repo.kill()
        thread.join(10)
        repo.mount()
        now = ids(repo, "rules/Base")
        assert now in (before, after)
        repo.check()
        if now == after:
            row = [r for r in repo.revisions("rules/Base")
                   if r["kind"] == "pull"][-1]
            assert row["status"] == "completed"
            repo.revert(f"undo {row['id']}", "rules/Base")


def refused_or_done(repo, line, folder):
    try:
        pull(repo, line, folder)
    except OSError:
        pass
