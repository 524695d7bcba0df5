"""The items that the benchmark works on: real ones where they are at hand,
else generated ones of the same sizes."""

import json
import os
import random

CORPUS = os.path.join(os.path.dirname(__file__),
                      "../../../shared/corpus/1integrate")
WORDS = ("road bridge tunnel lane width speed limit node edge surface check "
         "rule action session overlap duplicate polygon domain value null "
         "equals distance buffer within touches crosses attribute").split()


def generated(count):
    """(path, text) of @count items; median 8 KB, some much larger."""
    rng = random.Random(1)
    for i in range(count):
        size = int(min(400_000, rng.lognormvariate(9.0, 1.0)))
        parts = []
        while size > 0:
            part = {"name": f"{rng.choice(WORDS)} {rng.randrange(10**6)}",
                    "description": " ".join(rng.choices(WORDS, k=8)),
                    "value": rng.random()}
            parts.append(part)
            size -= 190
        kind = rng.choice(("rules", "actions", "action_maps"))
        yield (f"{kind}/{rng.choice(WORDS)}/{rng.choice(WORDS)} {i}.json",
               json.dumps({"name": f"item {i}", "parts": parts}, indent=2))


def real():
    """(path, text) of the corpus."""
    for folder, _, names in sorted(os.walk(CORPUS)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", newline="") as f:
                yield os.path.relpath(path, CORPUS), f.read()


def make(folder, count):
    """Write @count items below @folder; returns (paths, bytes, origin)."""
    source = list(real()) if os.path.isdir(CORPUS) else []
    origin = "real items" if source else "generated items"
    if not source:
        source = list(generated(min(count, 1000)))
    paths, total = [], 0
    for i in range(count):
        path, text = source[i % len(source)]
        copy = i // len(source)
        if copy:
            # Another set: other folders, and no two contents alike.
            path = f"set {copy}/{path}"
            text = text.replace("{", '{"benchmark copy": %d, ' % copy, 1) \
                if text.startswith("{") and text[1:].strip() != "}" else text
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="") as f:
            total += f.write(text)
        paths.append(path)
    return paths, total, origin


def edit(folder, path, mark):
    """A small edit: read, change a few bytes at the end, save."""
    full = os.path.join(folder, path)
    with open(full, "rb") as f:
        text = f.read().rstrip()
    end = text[-1:]
    body = text[:-1].rstrip()
    at = body.rfind(b', "edited": ')
    if at >= 0 and body[at + 12:].isdigit():
        body = body[:at]
    with open(full, "wb") as f:
        if end == b"}" and not body.endswith(b"{"):
            f.write(body + b', "edited": %d}' % mark)
        else:
            f.write(text + b" " * (1 + mark % 50))
