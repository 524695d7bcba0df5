import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../mount"))
pytest.register_assert_rewrite("desktop", "fixtures", "harness", "tmux")

import desktop  # noqa: E402
from fixtures import *  # noqa: E402,F401,F403


@pytest.fixture
def screen(tmp_path, request):
    """A screen with a session bus; a picture of it if the test fails."""
    one = desktop.Screen(str(tmp_path))
    yield one
    report = getattr(request.node, "report_call", None)
    if report is None or report.failed:
        one.picture(request.node.name)
    one.close()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if call.when == "call":
        item.report_call = report
