#!/usr/bin/env python3
"""Makes metrics.json: random predictions and their scores, computed one sample at a time by the definitions.

Logits are multiples of 1/8 within 32 of each other, so that half precision keeps them exactly, and many are tied.
    python3 tests/golden/distill/make_metrics.py
"""
import json
import os

import numpy as np

ACTIONS, VERBS, NOUNS, SEGMENTS, K = 24, 5, 7, 120, 6
NEVER = -1


def ranked(values, allowed):
    """Classes of `allowed`, largest value first, ties to the lower id."""
    return sorted(allowed, key=lambda c: (-values[c], c))


def score(rankings, labels, classes, many_shot_and, many_shot_or):
    """rankings: a list of classes per sample; labels: the class or NEVER."""
    hit1 = [len(r) > 0 and r[0] == y and y != NEVER for r, y in zip(rankings, labels)]
    hit5 = [y in r[:5] and y != NEVER for r, y in zip(rankings, labels)]
    have = sorted(set(y for y in labels if y != NEVER))
    if not have:
        return None

    def accuracy(c, hits):
        mine = [h for h, y in zip(hits, labels) if y == c]
        return float(np.mean(mine)) if mine else 0.0

    def class_mean(chosen, hits):
        return 100 * float(np.mean([accuracy(c, hits) for c in chosen])) if len(chosen) else None

    predicted = set(r[0] for r in rankings if r and r[0] != NEVER)
    return {
        "top1": 100 * float(np.mean(hit1)),
        "top5": 100 * float(np.mean(hit5)),
        "class_mean_top1": class_mean(have, hit1),
        "class_mean_top1_all": class_mean(range(classes), hit1),
        "class_mean_top1_labels_or_predictions": class_mean(sorted(set(have) | predicted), hit1),
        "many_shot_recall5": class_mean([c for c in have if c in many_shot_and], hit5),
        "many_shot_recall5_or": class_mean([c for c in have if c in many_shot_or], hit5),
    }


def marginal(logits, stored, part, parts):
    top = max(logits[c] for c in stored)
    mass = [0.0] * parts
    for c in stored:
        if part[c] != NEVER:
            mass[part[c]] += float(np.exp(logits[c] - top))
    return ranked(mass, [p for p in range(parts) if mass[p] > 0])


def all_scores(case, logits, k, chosen):
    verb, noun = case["verb_of"], case["noun_of"]
    ms_verbs, ms_nouns = set(case["many_shot_verbs"]), set(case["many_shot_nouns"])
    both = {a for a in range(ACTIONS) if verb[a] in ms_verbs and noun[a] in ms_nouns}
    either = {a for a in range(ACTIONS) if verb[a] in ms_verbs or noun[a] in ms_nouns}
    scored = [i for i in chosen if case["predicted"][i]]
    stored = {i: ranked(logits[i], range(ACTIONS))[:k] for i in scored}
    actions = [stored[i] for i in scored]
    labels = {name: [case[name][i] for i in scored] for name in ("action", "verb", "noun")}
    out = {"n": len(scored), "coverage": len(scored) / len(chosen)}
    out["action"] = score(actions, labels["action"], ACTIONS, both, either)
    for name, part, parts, flags in (("verb", verb, VERBS, ms_verbs), ("noun", noun, NOUNS, ms_nouns)):
        out[name] = score([[part[a] for a in r[:5]] for r in actions], labels[name], parts, flags, flags)
        by_mass = [marginal(logits[i], stored[i], part, parts) for i in scored]
        out[name]["marginal"] = score(by_mass, labels[name], parts, flags, flags)
    return out


def main():
    rng = np.random.default_rng(7)
    pairs = rng.permutation(VERBS * NOUNS)[:ACTIONS]
    case = {
        "actions": ACTIONS, "verbs": VERBS, "nouns": NOUNS, "k": K,
        "verb_of": [int(p) // NOUNS for p in pairs], "noun_of": [int(p) % NOUNS for p in pairs],
        "many_shot_verbs": [0, 3], "many_shot_nouns": [1, 2, 6],
    }
    case["verb_of"][5] = NEVER  # an action whose verb nobody knows
    # The last five actions are never a label, and some labels are not known.
    action = rng.integers(0, ACTIONS - 5, SEGMENTS)
    action[rng.random(SEGMENTS) < 0.05] = NEVER
    case["action"] = [int(a) for a in action]
    case["verb"] = [case["verb_of"][a] if a != NEVER else int(rng.integers(0, VERBS)) for a in case["action"]]
    case["noun"] = [case["noun_of"][a] if a != NEVER else int(rng.integers(0, NOUNS)) for a in case["action"]]
    case["predicted"] = [int(p) for p in rng.random(SEGMENTS) < 0.9]
    case["group"] = ["new" if g else "seen" for g in rng.random(SEGMENTS) < 0.3]
    case["seeds"] = []
    expected = {"dense": [], "topk": []}
    for seed in range(3):
        eighths = rng.integers(-32, 33, (SEGMENTS, ACTIONS))
        for i, a in enumerate(case["action"]):
            if a != NEVER and rng.random() < 0.5:
                eighths[i, a] += 32
        case["seeds"].append([[int(x) for x in row] for row in eighths])
        logits = eighths / 8.0
        for encoding, k in (("dense", ACTIONS), ("topk", K)):
            groups = {}
            for name in ("new", "seen"):
                groups[name] = all_scores(case, logits, k, [i for i in range(SEGMENTS) if case["group"][i] == name])
            whole = all_scores(case, logits, k, list(range(SEGMENTS)))
            expected[encoding].append({**whole, "groups": groups})
    case["expected"] = expected
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json")
    with open(path, "w") as out:
        json.dump(case, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main()
