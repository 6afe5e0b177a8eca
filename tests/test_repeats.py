"""What a session remembers: the JSON that grows with each memory is always that of what is kept."""

from __future__ import annotations

import random

import orjson

from ocpp_crosswalk.repeats import KEPT_IDENTITIES, KEPT_IDS, AnsweredIds, Identities


def test_answers_by_id_are_saved_as_they_are_kept() -> None:
    rng = random.Random(1)
    answered = AnsweredIds()
    kept: dict[str, list[str]] = {}
    for number in range(500):
        row = [str(rng.randrange(40)), f"mark{number}", f'[3,"x",{{"n":{number}}}]']
        answered.keep(*row)
        kept.pop(row[0], None)
        kept[row[0]] = row
        if len(kept) > KEPT_IDS:
            del kept[next(iter(kept))]
        assert orjson.loads(orjson.dumps(answered.as_json())) == list(kept.values())
        assert answered.find(row[0], row[1]) == row[2]
        assert answered.find(row[0], "another") is None
        if rng.random() < 0.1:
            answered = AnsweredIds(orjson.loads(orjson.dumps(answered.as_json())))
    answered.clear()
    assert orjson.dumps(answered.as_json()) == b"[]"


def test_identities_are_saved_as_they_are_kept() -> None:
    rng = random.Random(2)
    memory = Identities()
    newest: dict[str, int] = {}
    for number in range(2000):
        name = f"A:{rng.randrange(120)}"
        newest[name] = number
        if rng.random() < 0.7:
            memory.keep_answer(name, {"n": number})
        else:
            memory.keep_exchange(name, {"n": number}, longer=rng.random() < 0.5)
        saved = orjson.loads(orjson.dumps(memory.as_json()))
        assert 0 < len(saved) <= KEPT_IDENTITIES
        for identity, entry in saved.items():
            found = memory.answer(identity) or memory.unanswered(identity)
            assert found == {"n": newest[identity]} == (entry.get("answer") or entry.get("exchange"))
        if rng.random() < 0.1:
            memory = Identities(saved)
