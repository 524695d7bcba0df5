"""The commands about kinds and references, mounted and not."""

import json
import os

import pytest

from harness import BIN, item, run, write_all
from test_closure import fill

WIDGETS = {"name": "own", "kinds": [
    {"name": "widget", "folder": "widgets",
     "references": [{"at": "uses[*]", "form": "path", "to": ["widget"]}]}]}


@pytest.fixture(params=["mounted", "not mounted"])
def place(request, repo):
    fill(repo)
    repo.sh("rm rules/x/A.json")
    repo.args = lambda path="": [repo.path(path).rstrip("/")]
    if request.param == "not mounted":
        repo.umount()
        repo.args = lambda path="": [repo.file] + \
            (["--in", path] if path else [])
    return repo


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_problems(place):
    done = place.cli("problems", "--json", *place.args(), check=False)
    assert done.returncode == 1
    assert [(p["path"], p["target"]) for p in lines(done)] == \
        [("action_maps/M.json", "/rules/x/A")]
    done = place.cli("problems", *place.args("sessions"))
    assert done.stdout == ""
    done = place.cli("problems", *place.args(), check=False)
    assert done.stdout == "action_maps/M.json\trefers to nothing\t" \
        "pairs[0].rule\t/rules/x/A\trule or folder\n"
    done = place.cli("problems", *place.args("sessions/S.json"), check=False)
    assert done.returncode == 2 and "no folder" in done.stderr


def test_references(place):
    done = place.cli("references", "--json", *place.args("action_maps/M.json"))
    assert [(r["direction"], r["path"]) for r in lines(done)] == [
        ("to", None), ("to", "/actions/all"), ("from", "/sessions/S.json")]
    done = place.cli("references", "--json", *place.args("actions/all"))
    assert [r["path"] for r in lines(done)] == ["/action_maps/M.json"]
    done = place.cli("references", *place.args("rules/x/A.json"), check=False)
    assert done.returncode == 1 and "A.json" in done.stderr


def test_kinds(place):
    done = place.cli("kinds", *place.args()[:1])
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["1integrate", "action map", "action_maps",
            "rule or action or folder", "false", "false"] in rows
    assert {row[0] for row in rows} == {"1integrate", "integrator.io"}


def test_a_repository_has_kinds_of_its_own(tmp_path):
    kinds, file = str(tmp_path / "kinds.json"), str(tmp_path / "own.repo")
    write_all(kinds, json.dumps(WIDGETS).encode())
    run([BIN, "init", "--kinds", kinds, file])
    rows = run([BIN, "kinds", file]).stdout.splitlines()
    assert "own\twidget\twidgets\twidget\tfalse\tfalse" in rows
    assert json.dumps(WIDGETS) in run([BIN, "kinds", "--json", file]).stdout


@pytest.mark.parametrize("text,reason", [
    ("{", "line 1, column 1"), ('{"name": "x"}', "kinds"),
    ('{"name": "x", "kinds": [{"name": "y"}]}', "folder")])
def test_kinds_that_are_wrong_make_no_repository(tmp_path, text, reason):
    kinds, file = str(tmp_path / "kinds.json"), str(tmp_path / "own.repo")
    write_all(kinds, text.encode())
    done = run([BIN, "init", "--kinds", kinds, file], check=False)
    assert done.returncode == 1
    assert kinds in done.stderr and reason in done.stderr
    assert os.listdir(tmp_path) == ["kinds.json"]


def test_own_kinds_are_followed(repo, tmp_path):
    kinds, file = str(tmp_path / "kinds.json"), str(tmp_path / "own.repo")
    write_all(kinds, json.dumps(WIDGETS).encode())
    run([BIN, "init", "--kinds", kinds, file])
    repo.umount()
    repo.file = file
    repo.mount()
    os.mkdir(repo.path("widgets"))
    repo.write("widgets/A.json", item(n=1))
    repo.write("widgets/B.json", item(uses=["/widgets/A"]))
    repo.sh("mv widgets/A.json widgets/C.json")
    assert repo.read("widgets/B.json") == item(uses=["/widgets/C"])
