import pytest

pytest.register_assert_rewrite("editors", "fixtures", "harness", "tmux")

from fixtures import *  # noqa: E402,F401,F403
