"""The command line, on a mounted folder and on a file: both say the same."""

import json
import os
import pty
import re
import subprocess

import pytest

import harness
from harness import BIN, ENV, item, read_all, run, write_all

COMMANDS = ("init", "mount", "umount", "snapshot", "revisions", "show", "diff",
            "revert", "history", "report", "status", "check")


class World:
    """A repository with a past, and the two ways to reach its "rules":

    snapshot 1 of all: Gaps.json, sub/Deep.json
    since then: Gaps.json edited, sub/Deep.json moved; New.json and another
    Gaps.json copied in (revision 2); snapshot "named" of rules (3); Late.json
    """

    def __init__(self, repo, way):
        self.repo = repo
        self.way = way
        os.makedirs(repo.path("rules", "sub"))
        for name in ("Outside.json", "rules/Gaps.json",
                     "rules/sub/Deep.json"):
            # One program for each, or it would be a batch of three.
            repo.copy_in(item(limit=5), name)
        repo.read("rules/Gaps.json")
        assert repo.snapshot("as it all began") == 1
        repo.write("rules/Gaps.json", item(limit=8))
        os.rename(repo.path("rules/sub/Deep.json"),
                  repo.path("rules/sub/Deeper.json"))
        repo.run("cp", repo.source("New.json", item(new=True)),
                 repo.source("Gaps.json", item(limit=1)), "rules/")
        os.mkdir(repo.path("rules", ".snapshots", "named"))
        repo.write("rules/Late.json", item(late=True))
        if way == "file":
            repo.umount()

    def place(self, inside="rules"):
        """The words for a folder or item of the repository."""
        if self.way == "mount":
            return [self.repo.path(inside)]
        return ["--in", inside, self.repo.file]

    def cli(self, *args, inside="rules", **kw):
        return self.repo.cli(*args, *self.place(inside), **kw)

    def json(self, *args, inside="rules", **kw):
        """The lines of --json: one object each."""
        text = self.cli(args[0], "--json", *args[1:], inside=inside,
                        **kw).stdout
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(params=["mount", "file"])
def world(repo, request):
    return World(repo, request.param)


def refusal(done, code=1):
    """One sentence, that begins with the program's and the command's name."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"repofs: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.strip()


# ---- what is there ----

def test_status_is_key_value_lines_or_one_object(world):
    lines = dict(line.split(" ", 1)
                 for line in world.cli("status").stdout.splitlines())
    assert lines["folder"] == "/rules"
    assert lines["snapshots"] == "2"
    [told] = world.json("status")
    assert set(told) == set(lines)
    assert told["snapshots"] == 2 and told["moment"] == int(lines["moment"])
    assert (lines["mounted"] == "no") == (world.way == "file")


def test_revisions_are_listed_newest_last(world):
    told = world.json("revisions", inside="")
    assert [r["kind"] for r in told] == ["snapshot", "restore", "snapshot"]
    assert [r["id"] for r in told] == [1, 2, 3]
    assert [r["name"] for r in told] == [None, None, "named"]
    assert told[0]["description"] == "as it all began"
    assert {r["user"] for r in told} == {"root"}
    assert {r["status"] for r in told} == {"completed"}
    here = world.json("revisions")
    assert [r["id"] for r in here] == [2, 3]
    assert world.json("revisions", inside="rules/sub") == []
    plain = world.cli("revisions", inside="").stdout.splitlines()
    rows = [line.split("\t") for line in plain]
    assert [row[:2] for row in rows] == [["1", "snapshot"], ["2", "restore"],
                                         ["3", "snapshot"]]
    assert {len(row) for row in rows} == {9}
    assert rows[1][7] == "1 created, 1 renamed"


def test_show_tells_one_revision_in_full(world):
    told = world.json("show", "1")
    assert told[0]["id"] == 1 and told[0]["kind"] == "snapshot"
    assert {"change": "edited", "path": "Gaps.json"} in told[1:]
    text = world.cli("show", "1").stdout
    assert "as it all began" in text and "M Gaps.json\n" in text
    assert world.json("show", "named")[0]["id"] == 3
    restore = world.json("show", "2", inside="")
    assert restore[0]["kind"] == "restore"
    assert {"change": "created", "path": "rules/Gaps 2.json"} in restore[1:]


def test_diff_tells_what_has_changed_since(world):
    done = world.cli("diff", "1", check=False)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert sorted(lines) == [
        "+ Gaps 2.json", "+ Late.json", "+ New.json", "M Gaps.json",
        "R sub/Deep.json -> sub/Deeper.json"]
    told = world.json("diff", "1", check=False)
    assert {"change": "moved", "from": "sub/Deep.json",
            "path": "sub/Deeper.json"} in told
    assert len(told) == len(lines)
    for name in ("named", "3", "latest"):
        done = world.cli("diff", name, check=False)
        assert done.stdout == "+ Late.json\n" and done.returncode == 1


def test_diff_of_nothing_is_0_of_something_1_and_trouble_2(world):
    done = world.cli("diff", "1", inside="rules/sub", check=False)
    assert done.returncode == 1
    done = world.cli("diff", "latest", inside="rules/sub", check=False)
    assert (done.returncode, done.stdout) == (0, "")
    refusal(world.cli("diff", "99", check=False), 2)
    refusal(world.cli("diff", "no such name", check=False), 2)
    refusal(world.cli("diff", "a/b", check=False), 2)
    refusal(world.cli("diff", check=False) if world.way == "file" else
            world.repo.cli("diff", check=False), 2)


def test_history_follows_an_item(world):
    told = world.json("history", inside="rules/Gaps.json")
    assert [h["change"] for h in told] == ["created", "edited"]
    assert [h["version"] for h in told] == [1, 2]
    moved = world.json("history", inside="rules/sub/Deeper.json")
    assert [h["change"] for h in moved] == ["created", "moved"]
    folder = world.json("history")
    assert {h["item"] for h in folder} == {
        "Gaps.json", "Gaps 2.json", "New.json", "Late.json"}
    row = world.cli("history", inside="rules/Gaps.json").stdout
    assert [line.split("\t")[3] for line in row.splitlines()] == \
        ["created", "edited"]
    refusal(world.cli("history", inside="rules/Never.json", check=False))


def test_history_of_what_was_deleted(world):
    if world.way == "mount":
        os.unlink(world.repo.path("rules/Gaps.json"))
    else:
        world.repo.mount()
        os.unlink(world.repo.path("rules/Gaps.json"))
        world.repo.umount()
    told = world.json("history", inside="rules/Gaps.json")
    assert [h["change"] for h in told] == ["created", "edited", "deleted"]


def test_report_tells_what_became_of_each_file(world):
    told = world.json("report")
    assert [r["path"] for r in told if r["outcome"] == "renamed"] == \
        ["Gaps.json"]
    assert [r["went"] for r in told if r["outcome"] == "renamed"] == \
        ["Gaps 2.json"]
    assert "edited" in [r["outcome"] for r in told]
    rows = [line.split("\t")
            for line in world.cli("report").stdout.splitlines()]
    assert len(rows) == len(told)
    assert {row[2] for row in rows} == {r["program"] for r in told}


# ---- what is done ----

def test_snapshot_answers_with_its_number(world):
    assert world.cli("snapshot").stdout == "snapshot 4\n"
    assert world.cli("snapshot", "-m", "why – it is").stdout == \
        "snapshot 5\n"
    assert world.json("snapshot") == [{"snapshot": 6}]
    told = world.json("revisions")
    assert told[3]["description"] == "why – it is"
    assert told[3]["program"] == "repofs"
    assert told[3]["scope"] == "/rules"
    done = world.cli("diff", "5", check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_snapshot_by_name(world):
    assert world.cli("snapshot", "--name", "x y").stdout == "snapshot x y\n"
    assert world.json("snapshot", "--name", "z") == [{"name": "z"}]
    assert [r["name"] for r in world.json("revisions")] == \
        [None, "named", "x y", "z"]
    assert "'x y'" in refusal(world.cli("snapshot", "--name", "x y",
                                        check=False))
    for bad in ("latest", "versions", "@now", "7", "a/b", ""):
        refusal(world.cli("snapshot", "--name", bad, check=False))
    assert len(world.json("revisions")) == 4


def test_revert_of_a_folder_and_back(world):
    done = world.cli("revert", "1")
    assert "M Gaps.json\n" in done.stdout
    assert "- Late.json\n" in done.stdout
    # Over the guard snapshot 4 it is revision 5.
    assert world.json("revisions")[-1]["id"] == 5
    assert world.json("revisions")[-1]["kind"] == "revert"
    done = world.cli("diff", "1", check=False)
    assert (done.returncode, done.stdout) == (0, "")
    world.cli("revert", "undo", "5")
    assert len(world.cli("diff", "1", check=False).stdout.splitlines()) == 5
    done = world.cli("diff", "4", check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_revert_in_all_its_words(world):
    def differs(number):
        return world.cli("diff", number, check=False).returncode == 1
    world.cli("revert", "named")
    assert not differs("named")
    world.cli("revert", "before", "2")
    text = world.cli("diff", "1", check=False).stdout
    assert "M Gaps.json" in text and "New.json" not in text
    world.cli("revert", "after 2")
    assert not differs("named")
    world.cli("revert", "latest")
    world.cli("revert", "undo 2")
    assert "+ New.json" not in world.cli("diff", "1", check=False).stdout
    world.cli("revert", "@2099-01-01T00:00:00Z")


def test_revert_as_json_ends_with_the_result(world):
    told = world.json("revert", "1")
    assert {"change": "edited", "path": "Gaps.json"} in told
    assert {"change": "deleted", "path": "Late.json"} in told
    assert list(told[-1]) == ["result"]


def test_dry_run_changes_nothing(world):
    before = world.json("revisions", inside="")
    done = world.cli("revert", "--dry-run", "1")
    assert "M Gaps.json\n" in done.stdout
    assert world.json("revert", "-n", "1")[0]["change"]
    assert world.json("revisions", inside="") == before
    assert world.cli("diff", "1", check=False).returncode == 1


def test_revert_of_one_item_alone(world):
    done = world.cli("revert", "1", inside="rules/Gaps.json")
    assert "M Gaps.json\n" in done.stdout
    left = world.cli("diff", "1", check=False).stdout
    assert "Gaps.json" not in left and "+ Late.json" in left
    # The old place of what was moved, which is not there.
    world.cli("revert", "1", inside="rules/sub/Deep.json")
    assert "Deeper" not in world.cli("diff", "1", check=False).stdout


def test_revert_that_cannot_be_says_why(world):
    assert "99" in refusal(world.cli("revert", "99", check=False))
    refusal(world.cli("revert", "before 99", check=False))
    refusal(world.cli("revert", "undo", "1", check=False))
    refusal(world.cli("revert", "nonsense", check=False))
    refusal(world.cli("revert", "@nonsense", check=False))
    refusal(world.cli("revert", "1", inside="rules/Never.json",
                      check=False))
    assert "one argument too many" in refusal(
        world.cli("revert", "1", "2", "3", check=False), 2)
    assert [r["id"] for r in world.json("revisions", inside="")] == [1, 2, 3]


def test_check_of_a_sound_repository_says_nothing(world):
    if world.way == "mount":
        done = world.repo.cli("check", world.repo.root)
    else:
        done = world.repo.cli("check", world.repo.file)
    assert done.stdout == done.stderr == ""


# ---- where it works ----

def test_the_current_folder_is_the_place(repo):
    os.makedirs(repo.path("a", "b"))
    repo.cli("snapshot", cwd=repo.path("a", "b"))
    told = json.loads(repo.cli("revisions", "--json",
                               cwd=repo.path("a", "b")).stdout)
    assert told["scope"] == "/a/b"
    assert "folder /a\n" in repo.cli("status", cwd=repo.path("a")).stdout
    refusal(repo.cli("status", check=False))  # in no mount


def test_places_as_people_write_them(repo):
    os.mkdir(repo.path("a"))
    repo.write("a/X.json", item(x=1))
    link = os.path.join(repo.base, "link")
    os.symlink(repo.root, link)
    for place in ("mnt/a", "mnt/a/", "./mnt//a/.", "link/a", repo.path("a"),
                  "mnt/a/.control/.."):
        assert "folder /a\n" in repo.cli("status", place).stdout
    assert "folder /\n" in repo.cli("status", "link").stdout
    assert repo.cli("history", "mnt/a/X.json").stdout
    assert "past" in refusal(repo.cli("status", "mnt/.snapshots",
                                      check=False))
    refusal(repo.cli("status", "mnt/a/X.json", check=False))
    refusal(repo.cli("status", "nowhere", check=False))
    refusal(repo.cli("status", "/proc/self", check=False))
    refusal(repo.cli("status", "--in", "a", "mnt", check=False))
    for inside in ("a", "/a", "a/", "/a//"):
        done = repo.cli("status", "--in", inside, repo.file)
        assert "folder /a\n" in done.stdout
    refusal(repo.cli("status", "--in", "no/such", repo.file, check=False))


def test_a_mounted_file_is_read_beside_and_written_through_the_mount(repo):
    os.mkdir(repo.path("a"))
    repo.write("a/X.json", item(x=1))
    assert repo.cli("snapshot", "--in", "a", repo.file).stdout == \
        "snapshot 1\n"
    repo.write("a/X.json", item(x=2))
    for args in (["revisions"], ["history"], ["report"], ["diff", "1"],
                 ["show", "1"]):
        through = repo.cli(*args, repo.path("a"), check=False).stdout
        beside = repo.cli(*args, "--in", "a", repo.file, check=False).stdout
        assert through == beside != ""
    repo.cli("revert", "1", "--in", "a/X.json", repo.file)
    assert repo.read("a/X.json") == item(x=1)  # at once
    assert "EROFS" not in repo.cli("status", repo.file).stdout
    mounted = [line for line in
               repo.cli("status", repo.file).stdout.splitlines()
               if line.startswith("mounted ")]
    assert mounted == [f"mounted {repo.root}"]
    assert repo.cli("check", repo.file).returncode == 0


def test_commands_by_one_who_may_not(shared_repo):
    """Who may write is decided by the folder's mode."""
    repo = shared_repo
    repo.write("X.json", item(x=1))
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
             BIN]
    assert run([*other, "snapshot", repo.root], check=False).returncode == 1
    assert "folder /" in run([*other, "status", repo.root]).stdout
    assert repo.revisions() == []
    os.chmod(repo.root, 0o777)
    assert run([*other, "snapshot", repo.root]).stdout == "snapshot 1\n"
    assert repo.revisions()[0]["uid"] == 65534
    done = run([*other, "snapshot", repo.file], check=False)
    assert done.returncode == 0  # through the mount, where he may
    repo.umount()
    refusal(run([*other, "snapshot", repo.file], check=False))


# ---- how it is asked ----

@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_teaches(repo, command):
    done = repo.cli(command, "--help")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"usage: repofs {command}")
    # An example that can be pasted, and what each option means.
    assert any(re.match(rf"  .*repofs {command}", line) for line in lines[1:])
    assert all(len(line) <= 80 for line in lines)
    usage = re.findall(r"--[a-z-]+", lines[0])
    for option in usage:
        assert sum(option in line for line in lines) >= 2 or \
            option in lines[0]
    if command not in ("mount",):
        for option in set(re.findall(r"--([a-z-]+)", done.stdout)):
            assert accepted(repo, command, option), option
    assert repo.cli(command, "-h").stdout == done.stdout


def accepted(repo, command, option):
    value = [] if option in ("json", "dry-run", "lazy", "help") else ["x"]
    done = repo.cli(command, f"--{option}", *value, "/no/such", "/no/such",
                    "/no", "/such", check=False)
    return f"no option --{option}" not in done.stderr


def test_help_of_the_program_lists_the_commands(repo):
    done = repo.cli("--help")
    assert done.stderr == ""
    told = re.findall(r"^  ([a-z]+) +\S", done.stdout, re.M)
    assert told[:len(COMMANDS)] == list(COMMANDS)
    assert repo.cli("-h").stdout == repo.cli("help").stdout == done.stdout
    assert re.fullmatch(r"repofs \d+\.\d+\.\d+\n",
                        repo.cli("--version").stdout)
    done = repo.cli(check=False)
    assert done.returncode == 2 and "usage:" in done.stderr


WRONG = [
    ["nonsense"], ["--nonsense"], ["init"], ["init", "a", "b"],
    ["init", "--json", "a"], ["mount"], ["mount", "a"], ["mount", "a", "b",
                                                        "c"],
    ["mount", "-x", "a", "b"], ["mount", "a", "b", "-o"], ["umount"],
    ["umount", "a", "b"], ["umount", "--dry-run", "a"],
    ["snapshot", "-m"], ["snapshot", "a", "b"],
    ["snapshot", "-m", "x", "--name", "y"], ["snapshot", "-m", "a\nb"],
    ["revisions", "a", "b"], ["revisions", "--nonsense"], ["show"],
    ["show", "1", "a", "b"], ["diff"], ["diff", "1", "a", "b"], ["revert"],
    ["revert", "before", "1", "a", "b"], ["history", "a", "b"],
    ["report", "a", "b"], ["status", "a", "b"], ["status", "--in"],
    ["check"], ["check", "a", "b"], ["check", "--json", "a"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_asked_wrongly_is_2_and_says_where_to_read(make_repo, words):
    repo = make_repo()
    before = sorted(os.listdir(repo.base))
    sentence = refusal(repo.cli(*words, check=False), 2)
    assert "--help'" in sentence
    assert sorted(os.listdir(repo.base)) == before


def test_options_may_stand_anywhere_and_end_with_two_dashes(make_repo):
    repo = make_repo()
    repo.cli("snapshot", repo.file, "-m", "behind")
    repo.cli("snapshot", "-mtogether", "--", repo.file)
    repo.cli("snapshot", "--message=equals", repo.file)
    told = [json.loads(line)["description"] for line in
            repo.cli("revisions", repo.file, "--json").stdout.splitlines()]
    assert told == ["behind", "together", "equals"]


def test_init_makes_a_file_and_never_harms_one(make_repo):
    repo = make_repo()
    done = repo.cli("init", "new.repo")
    assert done.stdout == done.stderr == ""
    assert repo.cli("check", "new.repo").returncode == 0
    before = read_all(repo.file)
    assert repo.file in refusal(repo.cli("init", repo.file, check=False))
    assert read_all(repo.file) == before
    refusal(repo.cli("init", "no/such/folder", check=False))
    refusal(repo.cli("init", repo.base, check=False))
    write_all(os.path.join(repo.base, "empty"), b"")
    refusal(repo.cli("init", "empty", check=False))
    assert read_all(os.path.join(repo.base, "empty")) == b""
    os.symlink("nowhere", os.path.join(repo.base, "dangling"))
    refusal(repo.cli("init", "dangling", check=False))
    assert not os.path.exists(os.path.join(repo.base, "nowhere"))


# ---- what it prints ----

def on_terminal(args, cwd):
    """What a command prints on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(a) for a in args], cwd=cwd, env=ENV,
                             stdin=subprocess.DEVNULL, stdout=theirs,
                             stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # its last writer has gone
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert child.wait(harness.seconds(10)) in (0, 1)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table_with_titles(world):
    text = on_terminal([BIN, "revisions", *world.place("")], world.repo.base)
    lines = text.splitlines()
    assert lines[0].split() == ["ID", "KIND", "STATUS", "WHEN", "WHO",
                                "FOLDER", "NAME", "ITEMS", "DESCRIPTION"]
    assert len(lines) == 4 and "\t" not in text
    column = lines[0].index("KIND")
    assert [line[column:].split()[0] for line in lines[1:]] == \
        ["snapshot", "restore", "snapshot"]
    history = on_terminal([BIN, "history", *world.place("rules/Gaps.json")],
                          world.repo.base)
    assert history.splitlines()[0].split()[:4] == ["WHEN", "WHO", "BY",
                                                   "CHANGE"]
    report = on_terminal([BIN, "report", *world.place("")], world.repo.base)
    assert report.splitlines()[0].startswith("WHEN")


def test_wide_characters_do_not_bend_the_table(repo):
    repo.cli("snapshot", "--name", "日本", repo.root)
    repo.cli("snapshot", "--name", "plain", repo.root)
    text = on_terminal([BIN, "revisions", repo.root], repo.base)
    title, wide, plain = text.splitlines()
    assert "日本" in wide
    # Two columns each: what follows stands two characters further left.
    assert len(title[:title.index("NAME")]) == \
        len(wide[:wide.index("日本")]) == len(plain[:plain.index("plain")])


def test_nothing_in_a_name_reaches_the_terminal(repo):
    evil = "e\x1b[31mvil\nname.json"
    repo.write(evil, item(x=1))
    repo.cli("snapshot", "-m", "d\x1b]0;x\x07d", repo.root)
    repo.write(evil, item(x=2))
    for args in (["report"], ["history"], ["revisions"], ["diff", "1"],
                 ["show", "1"]):
        text = on_terminal([BIN, *args, repo.root], repo.base)
        assert "\x1b" not in text and "\x07" not in text and text
        plain = repo.cli(*args, repo.root, check=False).stdout
        assert all("\n" not in line for line in plain.split("\n"))
    told = repo.cli("history", "--json", repo.root).stdout.splitlines()
    assert {json.loads(line)["item"] for line in told} == {evil}


@pytest.mark.parametrize("args", [["revisions"], ["status"], ["diff", "1"],
                                  ["--help"], ["history"]])
def test_output_that_cannot_be_written_is_a_failure(world, args):
    with open("/dev/full", "wb") as full:
        words = args if args[0].startswith("-") else args + world.place("")
        done = subprocess.run([BIN, *words], stdout=full, env=ENV,
                              stderr=subprocess.PIPE, check=False,
                              timeout=harness.seconds(20))
    assert done.returncode != 0
    assert done.stderr.startswith(b"repofs: ")


def test_status_while_a_mount_is_dead_says_so(repo):
    repo.proc.kill()
    repo.proc.wait()
    try:
        for place in (repo.root, repo.path("a"), repo.path("X.json")):
            sentence = refusal(repo.cli("status", place, check=False))
            assert "dead" in sentence
        assert "moment" in repo.cli("status", repo.file).stdout
    finally:
        repo.kill()


def test_a_command_on_a_file_waits_for_nobody(make_repo):
    """Another writer is named, at once."""
    repo = make_repo()
    other = make_repo().mount()
    script = f"exec 9> {repo.file}.lock; flock 9; echo ready; sleep 30"
    with subprocess.Popen(["bash", "-c", script],
                          stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"ready\n"
        assert "demo.repo" in refusal(
            repo.cli("snapshot", repo.file, check=False, limit=5))
        assert repo.cli("status", repo.file).returncode == 0
        holder.kill()
    assert other.cli("snapshot", other.root).stdout == "snapshot 1\n"
