"""Whatever is done to rules and integrations: snapshots stay as they are,
reverts are exact, and check has nothing to say.

  SEED=n           replays a run (it is printed)
  REPOFS_ROUNDS=n  how many rounds; each has a repository of its own
  REPOFS_STEPS=n   how many commands in each
"""

import os
import random

import pytest

from harness import SEED
from storm import Storm, fill

ROUNDS = int(os.environ.get("REPOFS_ROUNDS") or 2)
STEPS = int(os.environ.get("REPOFS_STEPS") or 50)

# How often each is chosen.
ALONE = {"copy": 3, "copy_item": 3, "move": 2, "move_folder": 2, "edit": 4,
         "remove": 2, "remove_folder": 1, "snapshot": 2, "revert": 3,
         "undo": 1, "pull": 2, "archive": 2, "closure": 1, "remount": 1}
TOGETHER = {**ALONE, "other": 4}


@pytest.mark.parametrize("weights", [ALONE, TOGETHER],
                         ids=["alone", "together"])
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_whatever_is_done_the_past_stays(repo, weights, round_):
    seed = int(SEED) if SEED else random.SystemRandom().randrange(10**6)
    rng = random.Random(seed + round_)
    print(f"SEED={seed + round_}")
    fill(repo)
    storm = Storm(repo, rng)
    storm.do_snapshot()
    try:
        for _ in range(STEPS):
            storm.step(*rng.choices(list(weights), weights.values()))
        storm.do_remount()
        for number in storm.snapshots:
            assert storm.items(repo.snap(str(number))) == \
                storm.snapshots[number]
    finally:
        storm.calm()
        print("\n".join(storm.log))
