"""Fixtures of the tests with windows: those of the mounted tests, and a
screen."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../mount"))
pytest.register_assert_rewrite("desktop", "fixtures", "harness", "tmux")

import desktop  # noqa: E402
from fixtures import *  # noqa: E402,F401,F403


@pytest.fixture
def screen(tmp_path):
    one = desktop.Screen(str(tmp_path))
    yield one
    one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure leaves a picture of the screen as it is then, and shows what
    the programs said last."""
    outcome = yield
    report = outcome.get_result()
    screen = getattr(item, "funcargs", {}).get("screen")
    if report.failed and screen and call.when != "teardown":
        report.sections.append(("screen", screen.picture(item.name)))
