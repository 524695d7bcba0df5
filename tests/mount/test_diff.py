"""What differs, by its members; and all that there is to say about a
revision."""

import errno
import json
import os
import re
import time

import pytest

from harness import (ENV, item, read_all, refused, run, seconds, text_of,
                     wait_until)
from test_together import Slow, tar_of

A = item(name="A", limit=5, pairs=[{"rule": "a"}, {"rule": "b"}])


def text_of_diff(repo, number, folder=""):
    return read_all(repo.control(f"diff/{number}", folder)).decode()


def as_json(repo, what, number, folder=""):
    return repo.lines(f"{what}/.json/{number}", folder)


def session(*rules):
    return item(tasks=[{"rules": list(rules)}])


def change(repo, name, data):
    """An edit, by who has seen it."""
    repo.read(name)
    repo.write(name, data)


# ---- members ----

def test_a_diff_names_the_members(repo):
    repo.write("A.json", A)
    number = repo.snapshot()
    change(repo, "A.json", item(name="A", limit=8, pairs=[
        {"rule": "new"}, {"rule": "a"}, {"rule": "b"}], more=None))
    assert text_of_diff(repo, number) == (
        "M A.json\n"
        "  /limit: 5 -> 8\n"
        '  + /pairs/0: {"rule":"new"}\n'
        "  + /more: null\n")
    os.mkdir(repo.path("sub"))
    os.rename(repo.path("A.json"), repo.path("sub/B.json"))
    assert "R A.json -> sub/B.json\n  /limit: 5 -> 8\n" in \
        text_of_diff(repo, number)
    [moved] = [c for c in as_json(repo, "diff", number)
               if c["change"] == "moved"]
    assert moved["from"] == "A.json" and moved["path"] == "sub/B.json"
    assert moved["members"] == [
        {"pointer": "/limit", "old": 5, "new": 8},
        {"pointer": "/pairs/0", "new": {"rule": "new"}},
        {"pointer": "/more", "new": None}]


def test_formatting_is_said_to_be_that(repo):
    repo.write("A.json", A)
    number = repo.snapshot()
    change(repo, "A.json", json.dumps(json.loads(A), indent=2,
                                      sort_keys=True).encode())
    assert text_of_diff(repo, number) == "M A.json\n  (formatting only)\n"
    assert as_json(repo, "diff", number) == [
        {"change": "edited", "path": "A.json", "formatting": True}]


def test_long_values_are_cut_for_people_alone(repo):
    repo.write("A.json", item(s="x"))
    number = repo.snapshot()
    long = "\u00e4\u20ac\U0001f600" * 1000
    change(repo, "A.json", json.dumps({"s": long},
                                      ensure_ascii=False).encode())
    text = text_of_diff(repo, number)  # it decodes
    assert max(len(line) for line in text.splitlines()) < 100
    assert text.endswith('\u2026"\n') and "\u00e4\u20ac" in text
    [edited] = as_json(repo, "diff", number)
    assert edited["members"] == [{"pointer": "/s", "old": "x", "new": long}]
    done = repo.cli("diff", "--json", str(number), repo.root, check=False)
    assert json.loads(done.stdout) == edited


def test_what_is_too_large_is_said_to_be_so(repo):
    repo.write("A.json", item(n=[]))
    repo.write("B.json", item(n=1))
    repo.write("C.json", item(**{f"k{i}": i for i in range(500)}))
    number = repo.snapshot()
    change(repo, "A.json", item(n=[1] * 300000))
    change(repo, "B.json", text_of(12 << 20))
    change(repo, "C.json", item(**{f"k{i}": -i - 1 for i in range(500)}))
    begin = time.monotonic()
    lines = text_of_diff(repo, number).splitlines()
    assert time.monotonic() - begin < seconds(5)
    assert lines[:2] == ["M A.json", "  (not compared: too many values)"]
    assert lines[2:4] == ["M B.json", "  - /n: 1"]
    assert lines[4].startswith('  + /m: "xxxx')
    assert lines[5] == "M C.json" and lines[6] == "  /k0: 0 -> -1"
    assert lines[-1] == "  (400 more)" and len(lines) == 107
    found = {c["path"]: c["members"] for c in as_json(repo, "diff", number)}
    assert found["A.json"] is None
    assert len(found["B.json"][1]["new"]) > 12000000
    assert len(found["C.json"]) == 500


def test_what_took_the_place_of_another_is_compared_with_it(repo):
    repo.write("A.json", item(n=1))
    number = repo.snapshot()
    os.unlink(repo.path("A.json"))
    time.sleep(0.01)
    repo.sh("printf '{\"n\": 2}' > new.json; mv new.json A.json")
    assert text_of_diff(repo, number) == "M A.json\n  /n: 1 -> 2\n"


# ---- the files ----

FORMS = ("diff/{}", "diff/.json/{}", "diff/.paths/{}", "show/{}",
         "show/.json/{}")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_its_size_and_is_copied_whole(repo, form):
    repo.write("A.json", A)
    os.mkdir(repo.snap("first"))
    change(repo, "A.json", item(n=1))
    [number] = [r["id"] for r in repo.revisions()]
    path = repo.control(form.format("first"))
    assert read_all(path) == read_all(repo.control(form.format(number)))
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        assert size > 0 and len(f.read()) == size
    out = os.path.join(repo.base, "out")
    run(["cp", path, out])
    assert read_all(out) == read_all(path)
    folder = os.path.dirname(path)
    assert os.listdir(folder) == [str(number)]
    for name in ("99", "0", "none", ".none", "@2026-01-01"):
        refused(read_all, f"{folder}/{name}", code=errno.ENOENT)
    for name in (".json", ".paths"):
        if "/." in form:
            refused(os.stat, f"{folder}/{name}", code=errno.ENOENT)
    refused(os.mkdir, folder + "/x")
    run(["find", repo.control(""), "-ls"])


def test_only_what_is_asked_for_is_read(repo):
    """Paths alone cost no reading of texts: nothing is said of members."""
    repo.write("A.json", A)
    number = repo.snapshot()
    change(repo, "A.json", item(n=1))
    assert read_all(repo.control(f"diff/.paths/{number}")) == b"M A.json\n"
    done = repo.cli("diff", "--names-only", str(number), repo.root,
                    check=False)
    assert (done.returncode, done.stdout) == (1, "M A.json\n")


# ---- secrets ----

def test_no_secret_is_shown(repo):
    secret = "hunter2-Zq"
    text = item(importCredentials={"Password": secret, "user": "joe"})
    os.mkdir(repo.path("datastores"))
    os.mkdir(repo.path("plain"))
    repo.write("datastores/S.json", text)
    repo.write("plain/P.json", text)
    number = repo.snapshot()
    change(repo, "datastores/S.json", item(
        importCredentials={"Password": secret + "2", "user": "jim"}))
    # It was no secret where it was; it has become one.
    os.rename(repo.path("plain/P.json"), repo.path("datastores/P.json"))
    for form in FORMS:
        assert secret.encode() not in read_all(
            repo.control(form.format(number)))
    text = text_of_diff(repo, number)
    assert "  /importCredentials/user: \"joe\" -> \"jim\"\n" in text
    assert "R plain/P.json -> datastores/P.json\n" \
        "  (secret values only)\n" in text
    answer = repo.revert(number)
    last = re.search(r"revision (\d+)", answer).group(1)
    for form in FORMS:
        assert secret.encode() not in read_all(
            repo.control(form.format(last)))
    repo.umount()
    for command in ("diff", "show"):
        for more in ([], ["--json"]):
            done = repo.cli(command, *more, last, repo.file, check=False)
            assert "importCredentials" in done.stdout
            assert secret not in done.stdout


# ---- show ----

def test_show_tells_the_kind_and_what_was_rewritten(repo):
    os.makedirs(repo.path("rules"))
    os.makedirs(repo.path("sessions"))
    repo.write("rules/A.json", item(n=1))
    repo.source("set/rules/A.json", item(n=2))
    repo.source("set/rules/T.json", item(template=True))
    repo.source("set/sessions/S.json", session("/rules/A", "/rules/Gone"))
    src = os.path.join(repo.base, "src/set/.")
    repo.run("cp", "-r", "--preserve=timestamps", src, repo.root)
    [batch] = [r["id"] for r in repo.revisions() if r["kind"] == "restore"][-1:]
    found = as_json(repo, "show", batch)
    assert found[0]["id"] == batch
    assert found[0]["before_time"] and "after_time" in found[0]
    kinds = {c["path"]: c.get("kind") for c in found if "change" in c}
    assert kinds["rules/A 2.json"] == "rule"
    assert kinds["rules/T.json"] == "rule template"
    assert kinds["sessions/S.json"] == "session"
    assert {"reference": "rewritten", "path": "/sessions/S.json",
            "at": "tasks[0].rules[0]", "was": "/rules/A",
            "now": "/rules/A 2"} in found
    # Also where the session is not shown.
    elsewhere = as_json(repo, "show", batch, "rules")
    assert [r for r in elsewhere if r.get("reference") == "rewritten"] == \
        [r for r in found if r.get("reference") == "rewritten"]
    assert {"reference": "dangling", "path": "/sessions/S.json",
            "at": "tasks[0].rules[1]", "target": "/rules/Gone"} in found
    text = repo.cli("show", str(batch), repo.root).stdout
    assert "\n+ rules/A 2.json [rule]\n" in text
    assert "\nreferences changed:\n  /sessions/S.json  tasks[0].rules[0]: " \
        "/rules/A -> /rules/A 2\n" in text
    assert "\nreferences to nothing:\n  /sessions/S.json" in text


def test_show_tells_what_dangles_and_what_leads_there(repo):
    os.makedirs(repo.path("rules"))
    os.makedirs(repo.path("sessions"))
    repo.write("rules/A.json", item(n=1))
    number = repo.snapshot("", "rules")
    change(repo, "rules/A.json", item(n=2))
    repo.write("rules/B.json", item(n=3))
    repo.write("sessions/S.json", session("/rules/B", "/rules/A"))
    answer = repo.revert(number, "rules")
    last = int(re.search(r"revision (\d+)", answer).group(1))
    found = as_json(repo, "show", last)
    assert {"reference": "dangling", "path": "/sessions/S.json",
            "at": "tasks[0].rules[0]", "target": "/rules/B"} in found
    assert {"reference": "leads", "path": "/sessions/S.json",
            "at": "tasks[0].rules[1]", "target": "/rules/A"} in found
    assert {"change": "deleted", "path": "rules/B.json",
            "kind": "rule"} in found
    # In the folder itself the paths are relative to it.
    assert {"change": "deleted", "path": "B.json", "kind": "rule"} in \
        as_json(repo, "show", last, "rules")
    # Somebody else's doing between its moments is none of it.
    repo.revert(f"undo {last}", "rules")
    assert not [r for r in as_json(repo, "show", last)
                if r.get("reference") == "dangling"]
    repo.umount()
    done = repo.cli("show", str(last), "--in", "rules", repo.file)
    assert "\n- B.json [rule]\n" in done.stdout


def test_what_names_a_place_that_is_left_is_told(repo):
    """A revert moves a rule back; who refers to it is outside its scope."""
    os.makedirs(repo.path("rules"))
    os.makedirs(repo.path("sessions"))
    repo.write("rules/A.json", item(n=1))
    repo.write("sessions/S.json", session("/rules/A"))
    number = repo.snapshot("", "rules")
    os.rename(repo.path("rules/A.json"), repo.path("rules/B.json"))
    assert repo.read("sessions/S.json") == session("/rules/B")
    answer = repo.revert(number, "rules")
    last = int(re.search(r"revision (\d+)", answer).group(1))
    found = [r for r in as_json(repo, "show", last, "rules")
             if r.get("path") == "/sessions/S.json"]
    if repo.read("sessions/S.json") == session("/rules/B"):
        assert found == [{"reference": "dangling",
                          "path": "/sessions/S.json",
                          "at": "tasks[0].rules[0]", "target": "/rules/B"}]
    else:  # it followed
        assert found[0]["reference"] == "rewritten"


def test_show_of_a_snapshot_says_what_it_covers(repo):
    os.makedirs(repo.path("d/e"))
    repo.write("d/A.json", A)
    repo.write("d/e/B.json", A)
    repo.write("C.json", A)
    number = repo.snapshot("why", "d")
    change(repo, "d/A.json", item(n=1))
    for folder in ("", "d"):
        found = as_json(repo, "show", number, folder)
        assert found[0]["covers"] == {"items": 2, "folders": 1,
                                      "bytes": 2 * len(A), "more": False}
        assert found[0]["description"] == "why"
        assert [c["path"] for c in found[1:]] == ["A.json"]
    text = repo.cli("show", str(number), repo.root).stdout
    assert f"covers       2 items and 1 folder, {2 * len(A)} bytes\n" in text
    assert "\nchanged since:\nM A.json\n" in text
    refused(read_all, repo.control(f"show/{number}", "d/e") + "9",
            code=errno.ENOENT)


def test_show_of_what_goes_on(repo):
    """A batch that is open, and a pull that waits."""
    repo.copy_in(A, "1.json")
    repo.copy_in(A, "1.json")
    [batch] = repo.revisions()
    assert batch["status"] == "in progress"
    found = as_json(repo, "show", batch["id"])
    assert found[0]["live"]["last"] and found[0]["after"] is None
    assert {c["path"] for c in found[1:]} == {"1.json", "1 2.json"} or \
        {c["path"] for c in found[1:]} == {"1 2.json"}
    os.mkdir(repo.path("o"))
    repo.write("o/X.json", item(n=1))
    repo.run("cp", "-r", repo.path("o"), repo.path("clone"))
    change(repo, "o/X.json", item(n=2))
    change(repo, "clone/X.json", item(n=3))
    repo.command("pull", "../clone", "o")
    pull = repo.revisions("o")[-1]
    assert pull["status"] == "in progress" and pull["kind"] == "pull"
    found = as_json(repo, "show", pull["id"], "o")
    assert found[0]["live"] == {"waits": "answers", "from": "/clone",
                                "conflicts": 1, "answers": 0}
    assert "waits for answers: 1 conflicts with /clone" in \
        repo.cli("show", str(pull["id"]), repo.path("o")).stdout


def test_show_of_what_is_under_way(repo):
    """It has no number yet."""
    os.mkdir(repo.path("a"))
    os.mkdir(repo.path("b"))
    assert read_all(repo.control("show/.running", "a")) == b""
    slow = Slow(repo, "a", tar_of(y=A))
    wait_until("somebody at work",
               lambda: read_all(repo.control("show/.running", "a")), 5)
    [found] = repo.lines("show/.json/.running")
    assert found["running"] == "a restore of an archive"
    assert (found["scope"], found["pid"], found["program"]) == \
        ("/a", slow.child.pid, "dd")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["since"])
    text = repo.cli("show", "--running", repo.path("a")).stdout
    assert text == read_all(repo.control("show/.running")).decode()
    assert text.startswith("a restore of an archive is under way since ")
    assert json.loads(repo.cli("show", "--running", "--json",
                               repo.root).stdout) == found
    assert repo.cli("show", "--running", repo.path("b")).stdout == ""
    slow.end()
    assert repo.cli("show", "--running", repo.root).stdout == ""
    assert repo.cli("show", check=False).returncode == 2


# ---- on a terminal ----

RED, GREEN, CYAN = "\x1b[31m", "\x1b[32m", "\x1b[36m"


def coloured(repo, terminal, command, **env):
    """What a terminal shows, with its colours."""
    screen = terminal(["bash", "-c", f"{repo.bin} {command}; echo over; cat"],
                      cwd=repo.root, env=dict(ENV, **env))
    screen.wait("over")
    return screen.tmux("capture-pane", "-p", "-e")


def test_a_terminal_shows_colours(repo, terminal):
    repo.write("A.json", A)
    repo.write("B.json", A)
    number = repo.snapshot()
    change(repo, "A.json", item(name="A -> B", limit=8))
    os.unlink(repo.path("B.json"))
    shown = coloured(repo, terminal, f"diff {number}")
    assert re.search(rf"{re.escape(CYAN)}M A.json", shown)
    assert re.search(rf"/limit: {re.escape(RED)}5\x1b\[39m -> "
                     rf"{re.escape(GREEN)}8", shown)
    assert f'{RED}"A"' in shown and f'{GREEN}"A -> B"' in shown
    # Nothing in between: the terminal has the colour already.
    assert re.search(rf"{re.escape(RED)}  - /pairs[^\x1b]*\n- B.json\n", shown)
    assert RED in coloured(repo, terminal, f"show {number}")
    for command, env in ((f"diff {number}", {"NO_COLOR": "1"}),
                         (f"diff {number} | cat", {})):
        plain = coloured(repo, terminal, command, **env)
        assert "/limit: 5 -> 8" in plain
        assert RED not in plain and GREEN not in plain
