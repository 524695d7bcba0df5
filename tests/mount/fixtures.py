"""Fixtures of the mounted tests, and of those with windows; see harness.py."""

import os
import shutil
import tempfile
import time

import pytest

import harness
import tmux


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: many items or many rounds")
    config.addinivalue_line("markers", "tsan: worth a thread sanitizer")
    config.addinivalue_line(
        "markers", "mount(options): what the repository is mounted with")


@pytest.fixture
def make_repo(tmp_path):
    """A function that makes repositories, mounted; all are cleared away."""
    repos = []

    def make(options="", name="r", **kw):
        base = tmp_path / (name + str(len(repos)))
        base.mkdir()
        repo = harness.Repo(base, options, **kw)
        repos.append(repo)
        return repo.init()

    yield make
    failure = None
    for repo in repos:
        try:
            repo.close()
        except AssertionError as e:
            failure = failure or e
    if failure:
        raise failure


@pytest.fixture
def repo(make_repo, request):
    """A new repository, mounted (@pytest.mark.mount("options"))."""
    mark = request.node.get_closest_marker("mount")
    return make_repo(*(mark.args if mark else ())).mount()


@pytest.fixture
def actor(repo):
    """A function that starts other processes, standing in the root."""
    actors = []

    def start(cwd=None):
        one = harness.Actor(cwd or repo.root)
        actors.append(one)
        repo.actors.append(one)
        return one

    yield start
    for one in actors:
        one.end()


@pytest.fixture
def terminal(tmp_path):
    """A function that runs a program in a terminal of its own."""
    opened = []

    def start(args, cwd=None, env=None, **kw):
        one = tmux.Terminal(str(tmp_path), args, cwd=cwd, env=env, **kw)
        opened.append(one)
        return one

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def corpus(tmp_path):
    return harness.corpus(tmp_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of the daemon's log."""
    outcome = yield
    report = outcome.get_result()
    repo = getattr(item, "funcargs", {}).get("repo")
    if report.failed and repo and os.path.exists(repo.log):
        report.sections.append(("daemon", repo.log_text()[-4000:]))


@pytest.fixture
def shared_repo(make_repo):
    """Mounted for all users, where all users can come by: a test's own
    folder is its owner's alone."""
    base = tempfile.mkdtemp(prefix="repofs-shared-")
    os.chmod(base, 0o755)
    repo = harness.Repo(base, "allow_other").init().mount()
    yield repo
    try:
        repo.close()
    finally:
        shutil.rmtree(base, ignore_errors=bool(
            harness.mount_device(repo.root)))


@pytest.fixture
def small_disk(tmp_path):
    base = tmp_path / "full"
    base.mkdir()
    harness.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", base])
    yield base
    for _ in range(50):
        if harness.run(["umount", base], check=False).returncode == 0:
            return
        time.sleep(0.1)
    harness.run(["umount", "-l", base])
