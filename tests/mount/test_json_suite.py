"""Valid and invalid JSON by the book: JSONTestSuite, if it is at hand, and a
table of our own."""

import errno
import glob
import os

import pytest

from harness import CORPUS, read_all, wait_until, write_all

SUITE = sorted(glob.glob(os.path.join(CORPUS, "json-test-suite/*.json")))

# What the standard leaves open, decided once: these are taken, since they
# say something exact; other i_ files are not.
TAKEN = {
    "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json",
    "i_structure_500_nested_arrays.json",
}
# Valid by the standard, but not as an item: no text on top, no key twice, no
# \\u0000 in a key or a string, no integer beyond 64 bits.
NO_ITEM = {
    "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json", "y_string_null_escape.json",
    "y_structure_lonely_false.json", "y_structure_lonely_int.json",
    "y_structure_lonely_negative_real.json",
    "y_structure_lonely_null.json", "y_structure_lonely_string.json",
    "y_structure_lonely_true.json", "y_structure_string_empty.json",
    "y_string_space.json",
}
ON_TOP_ALONE = {n for n in NO_ITEM if "structure" in n or "space" in n}

# The same in small, where the suite is not at hand.
OWN = {
    "y_a.json": b"{}", "y_b.json": b'[1, -0.5e-3, "\\u00e9", null]',
    "y_c.json": b'\t{"a": {"b": [true, false]}}\r\n',
    "y_d.json": '["é \U0001f600"]'.encode(), "y_e.json": b"[1e2, 0, -0]",
    "n_a.json": b"{'a': 1}", "n_b.json": b"[1,]", "n_c.json": b"[01]",
    "n_d.json": b'["\t"]', "n_e.json": b"[NaN]", "n_f.json": b"[1] x",
    "n_g.json": b'["\xff"]', "n_h.json": b"\xef\xbb\xbf[]",
    "n_i.json": b'{"a" 1}', "n_j.json": b'["\\x"]', "n_k.json": b"[.5]",
    "n_l.json": b"[5.]", "n_m.json": b"[+1]", "n_n.json": b"// c\n[]",
    "n_o.json": b"[\x00]", "n_p.json": b"[1\x00]", "n_q.json": b"[]]",
}


def cases():
    if SUITE:
        return {os.path.basename(p): read_all(p) for p in SUITE}
    return OWN


def wanted(name, wrapped):
    if name in NO_ITEM:
        return wrapped and name in ON_TOP_ALONE
    return name.startswith("y_") or name in TAKEN


def direct(repo, path, data):
    write_all(path, data)


def by_rename(repo, path, data):
    write_all(repo.path("temp"), data)
    os.rename(repo.path("temp"), path)


def verdict(repo, way, data, name="case"):
    """Is it taken as an item? Each case has a name of its own: else what was
    there before would come back when this is refused."""
    path = repo.path(name + ".json")
    try:
        way(repo, path, data)
    except OSError as e:
        assert e.errno == errno.EINVAL, e
        wait_until(f"{data[:60]!r} to go", lambda: not os.path.exists(path),
                   3)
        return False
    assert read_all(path) == data
    return data != b""  # else a draft


@pytest.mark.parametrize("wrapped", [False, True],
                         ids=["as it is", "wrapped in an object"])
@pytest.mark.parametrize("way", [direct, by_rename],
                         ids=["direct", "rename"])
def test_no_disagreement_with_the_book(repo, way, wrapped):
    wrong = []
    for name, data in cases().items():
        text = b'{"a": ' + data + b"}" if wrapped else data
        if verdict(repo, way, text, name) != wanted(name, wrapped):
            wrong.append(name)
    assert wrong == []
    repo.umount()
    repo.check()


def test_the_suite_is_whole():
    if os.path.isdir(CORPUS):
        assert len(SUITE) == 318
        assert {os.path.basename(p) for p in SUITE} >= TAKEN | NO_ITEM


@pytest.mark.parametrize("text, taken", [
    (b'{"a": 1, "b": {"a": 1}}', True), (b'{"a": 1, "a": 1}', False),
    (b'{"a": 1, "\\u0061": 2}', False), (b"[9223372036854775807]", True),
    (b"[9223372036854775808]", False), (b"[-9223372036854775808]", True),
    (b"[1e308]", True), (b"[1e309]", False), (b'["\\ud83d\\ude00"]', True),
    (b'["\\ud83d"]', False), (b'["\\u0000"]', False),
    (b"[" * 2000 + b"]" * 2000, True), (b"[" * 3000 + b"]" * 3000, False),
    (b'""', False), (b"0", False), (b"null", False), (b" ", False),
    (b"{}\n\n\t ", True), (b"{}\x00", False), (b"{} {}", False),
    ('{"é": "é"}'.encode("utf-16"), False)],
    ids=lambda v: repr(v[:24]) if isinstance(v, bytes) else "")
def test_this_text_is_decided(repo, text, taken):
    assert verdict(repo, direct, text, "one") == taken
    assert verdict(repo, by_rename, text, "two") == taken
