"""Random operations by several programs against the model.

  SEED=n           replays a run (it is printed)
  REPOFS_ROUNDS=n  how many rounds; each has a repository of its own
  REPOFS_STEPS=n   how many operations between two remounts
"""

import os
import random
import threading

import pytest

from harness import SEED
from model_tree import Unsure
from player import NAMES, Player
from world import World

ROUNDS = int(os.environ.get("REPOFS_ROUNDS") or 0)
STEPS = int(os.environ.get("REPOFS_STEPS") or 40)
MOUNTS = 3  # in a round
PROGRAMS = 4


def new_random(round_):
    seed = int(SEED) if SEED else random.SystemRandom().randrange(10**6)
    print(f"SEED={seed + round_}")
    return random.Random(seed + round_)


def play(player, steps):
    """Random operations, and a look at all after each."""
    world, rng = player.world, player.rng
    for _ in range(steps):
        player.step()
        world.compare()
        world.compare_absent(NAMES, rng)
        if rng.random() < 0.3:
            world.compare_past(rng.choice(world.pasts), rng)


def compare_all(world, rng):
    """After a remount nothing is cached."""
    world.compare()
    for past in world.pasts:
        world.compare_past(past, rng)


@pytest.mark.parametrize("round_", range(ROUNDS or 3))
def test_programs_do_what_the_model_does(repo, round_):
    rng = new_random(round_)
    world = World(repo)
    player = Player(world, rng)
    world.snapshot(world.model.root)
    try:
        for _ in range(MOUNTS):
            world.start(PROGRAMS)
            play(player, STEPS)
            world.stop()
            repo.remount()
            compare_all(world, rng)
            world.compare_versions()
    except Unsure as e:
        print(f"given up: {e}")
    repo.umount()
    repo.check()


class Side(threading.Thread):
    """Programs that have a folder for themselves."""

    def __init__(self, repo, name, seed):
        super().__init__(name=name)
        self.world = World(repo, name)
        self.rng = random.Random(seed)
        self.player = Player(self.world, self.rng)
        self.failure = None
        self.sure = True

    def run(self):
        try:
            play(self.player, STEPS)
            self.world.stop()
        except Unsure as e:
            print(f"given up: {e}")
            self.sure = False
        except BaseException as e:
            self.failure = e
            print(self.world.story(f"{self.name} ended"))


@pytest.mark.tsan
@pytest.mark.parametrize("round_", range(ROUNDS or 1))
def test_programs_in_folders_of_their_own(repo, round_):
    """All at once. What happens in one folder is nothing to the others."""
    rng = new_random(round_)
    sides = []
    for name in ("left", "middle", "right"):
        os.mkdir(repo.path(name))
        sides.append(Side(repo, name, rng.random()))
        sides[-1].world.snapshot(sides[-1].world.model.root)
        sides[-1].world.start(PROGRAMS - 1)
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    for side in sides:
        if side.failure:
            raise side.failure
    repo.remount()
    for side in sides:
        if side.sure:
            compare_all(side.world, side.rng)
    repo.umount()
    repo.check()
