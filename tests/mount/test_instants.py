"""A name that is saved over is there at every instant."""

import pytest

from harness import item, write_all

# Each way of saving, over and over, by a program that has read the item.
SAVERS = {
    "rename over": """
for n in range(400):
    read("a.json")
    write(".goutputstream-" + str(n), text(n))
    os.rename(".goutputstream-" + str(n), "a.json")
""",
    "truncate": """
for n in range(400):
    read("a.json")
    write("a.json", text(n))
""",
}

PRELUDE = """
import json, os, sys, time
def read(name):
    with open(name, "rb") as f:
        return f.read()
def write(name, text):
    with open(name, "wb") as f:
        f.write(text)
def text(n):
    return json.dumps({"n": n, "fill": "x" * (n * 37 % 9000)}).encode()
"""

# What others do with the name meanwhile.
LOOK = """
end = time.monotonic() + 60
answer = 0
while not os.path.exists("../done") and time.monotonic() < end:
    found = read("a.json")
    if WHOLE:
        json.loads(found)
    os.stat("a.json")
    os.chmod("a.json", 0o644)
    assert os.access("a.json", os.R_OK)
    assert "a.json" in os.listdir(".")
    answer += 1
"""


@pytest.mark.parametrize("how", SAVERS)
def test_the_name_is_there_and_what_is_opened_whole(repo, actor, how):
    """A file that is saved in place may be read half by half, on any disk."""
    repo.copy_in(item(n=-1, fill="12345"), "a.json")
    whole = str(how == "rename over")
    lookers = [actor(), actor(), actor()]
    for one in lookers:
        one.begin(PRELUDE + LOOK.replace("WHOLE", whole))
    repo.python(PRELUDE + SAVERS[how], limit=60)
    write_all(repo.base + "/done", b"")
    for one in lookers:
        answer = one.answer()
        assert isinstance(answer, int) and answer > 1, answer
    assert repo.names() == ["a.json"]
    assert len(repo.versions("a.json")) == 401
