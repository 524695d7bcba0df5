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
def screen(tmp_path, request):
    """A screen of its own; a picture of it is kept if the test fails."""
    one = desktop.Screen(str(tmp_path))
    yield one
    try:
        if getattr(request.node, "has_failed", True):
            one.picture(request.node.name)
    finally:
        one.close()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.has_failed = outcome.get_result().failed
