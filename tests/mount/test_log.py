"""Who did what: .control/log and repofs log."""

import json
import os

import pytest

from harness import item


@pytest.fixture(params=["mounted", "not mounted"])
def place(request, repo):
    """A repository in which things have happened, by programs of their own."""
    os.makedirs(repo.path("rules/x"))
    repo.write("rules/A.json", item(n=1))
    repo.sh("sed -i s/1/2/ rules/A.json")
    repo.sh("mv rules/A.json rules/x/B.json")
    repo.sh("chmod 600 rules/x/B.json")
    repo.sh("rm rules/x/B.json")
    repo.write("other.json", item(n=3))
    repo.args = lambda path="": [repo.path(path).rstrip("/")]
    if request.param == "not mounted":
        repo.umount()
        repo.args = lambda path="": [repo.file] + \
            (["--in", path] if path else [])
    return repo


def told(repo, *args, path=""):
    done = repo.cli("log", "--json", *args, *repo.args(path))
    return [json.loads(line) for line in done.stdout.splitlines()]


def in_short(lines):
    return [(n["change"], n["path"], n["program"]) for n in lines]


def test_every_change_has_its_line(place):
    lines = told(place)
    assert in_short(lines)[2:] == [
        ("created", "rules/A.json", "python3"),
        ("edited", "rules/A.json", "sed"), ("moved", "rules/x/B.json", "mv"),
        ("attributes", "rules/x/B.json", "chmod"),
        ("removed", "rules/x/B.json", "rm"),
        ("created", "other.json", "python3")]
    assert in_short(lines)[0][:2] == ("created", "rules/")
    moments = [n["moment"] for n in lines]
    assert moments == sorted(moments)
    assert all(n["user"] == "root" and n["uid"] == 0 and n["pid"] > 0
               for n in lines)
    [moved] = [n for n in lines if n["change"] == "moved"]
    assert moved["from"] == "rules/A.json"


def test_a_folder_tells_of_itself_alone(place):
    lines = told(place, path="rules/x")
    assert ("created", "B.json", "mv") in in_short(lines)
    assert not [n for n in lines if "other" in n["path"]]


def test_filters(place):
    assert in_short(told(place, "--change", "removed")) == \
        [("removed", "rules/x/B.json", "rm")]
    assert in_short(told(place, "--program", "sed")) == \
        [("edited", "rules/A.json", "sed")]
    assert told(place, "--user", "nobody-of-this-name") == []
    assert told(place, "--since", "2200-01-01") == []
    assert told(place, "--since", "2020-01-01") == told(place)


def test_for_people(place):
    done = place.cli("log", "--program", "mv", *place.args())
    [row] = [line.split("\t") for line in done.stdout.splitlines()]
    assert row[1:3] == ["root", "mv"]
    assert row[4:] == ["moved", "rules/x/B.json", "rules/A.json"]


def test_the_control_file_says_the_same(repo):
    repo.write("a.json", item(n=1))
    [line] = [json.loads(n) for n in repo.read(".control/log").splitlines()]
    assert (line["change"], line["path"]) == ("created", "a.json")
