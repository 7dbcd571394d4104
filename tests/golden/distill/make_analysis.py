#!/usr/bin/env python3
"""Makes analysis.json: random predictions over videos of unequal size, and what the analysis says of them, computed from
the definitions one segment at a time: means over drawn segments, not over sums by video.

    python3 tests/golden/distill/make_analysis.py
"""
import json
import os

import numpy as np

CLASSES, VIDEOS, RESAMPLES, LEVEL, BINS, SEED = 9, 12, 300, 0.9, 8, 5
MASK = 2**64 - 1
DRAW_VIDEOS, EXCHANGE_SETS = 0x626F6F74, 0x7065726D


def finalise(x):
    """SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def mix(key, counter):
    return finalise(finalise((key + 0x9E3779B97F4A7C15) & MASK) ^ (counter + 0xD1B54A32D192ED03) & MASK)


def stream(purpose, index):
    key, counter = mix(mix(SEED, purpose), index), 0
    while True:
        yield mix(key, counter)
        counter += 1


def below(draws, bound):
    limit = MASK - MASK % bound
    return next(draw for draw in draws if draw < limit) % bound


def drawn_segments(resample, of_video):
    draws = stream(DRAW_VIDEOS, resample)
    videos = [below(draws, VIDEOS) for _ in range(VIDEOS)]
    return [i for v in videos for i in of_video[v]]


def interval(values, of_video):
    """values: a number or None for each segment; percent."""

    def mean(segments):
        there = [values[i] for i in segments if values[i] is not None]
        return 100 * float(np.mean(there)) if there else None

    draws = [mean(drawn_segments(r, of_video)) for r in range(RESAMPLES)]
    draws = [d for d in draws if d is not None]
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"mean": mean(range(len(values))), "low": float(low), "high": float(high)}


def permutation_p(a, b, of_video):
    """Sets exchanged in whole videos."""
    def difference(x, y):
        return sum(p - q for p, q in zip(x, y) if p is not None and q is not None)

    observed, extreme = abs(difference(a, b)), 0
    for r in range(RESAMPLES):
        draws = stream(EXCHANGE_SETS, r)
        x, y = list(a), list(b)
        for v in range(VIDEOS):
            if v % 64 == 0:
                bits = next(draws)
            if bits >> v % 64 & 1:
                for i in of_video[v]:
                    x[i], y[i] = b[i], a[i]
        extreme += abs(difference(x, y)) >= observed - 1e-9
    return (1 + extreme) / (1 + RESAMPLES)


def softmax(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def reliability(seeds, labels):
    bins = [[] for _ in range(BINS)]
    for rows in seeds:
        for logits, label in zip(rows, labels):
            if logits is None:
                continue
            p = softmax(np.asarray(logits))
            confidence = float(p.max())
            bins[min(int(np.ceil(confidence * BINS)) - 1, BINS - 1)].append((confidence, int(np.argmax(logits)) == label))
    total = sum(len(b) for b in bins)
    out = {"ece": 0.0, "bins": []}
    for i, b in enumerate(bins):
        confidence, accuracy = (float(np.mean([x[k] for x in b])) if b else None for k in (0, 1))
        out["bins"].append({"low": i / BINS, "high": (i + 1) / BINS, "n": len(b), "confidence": confidence,
                            "accuracy": accuracy})
        if b:
            out["ece"] += len(b) / total * abs(confidence - accuracy)
    return out


def hits(seeds, labels, k):
    """The mean over seeds of each segment; None unless all predict it."""
    out = []
    for i, label in enumerate(labels):
        rows = [s[i] for s in seeds]
        if any(r is None for r in rows):
            out.append(None)
            continue
        ranked = [sorted(range(CLASSES), key=lambda c: (-r[c], c))[:k] for r in rows]
        out.append(float(np.mean([label in top for top in ranked])))
    return out


def main():
    rng = np.random.default_rng(11)
    sizes = rng.integers(1, 9, VIDEOS)
    video = [v for v in range(VIDEOS) for _ in range(sizes[v])]
    order = rng.permutation(len(video))  # segments of a video do not lie together in the store
    video = [video[i] for i in order]
    first = list(dict.fromkeys(video))  # videos are numbered as they appear
    video = [first.index(v) for v in video]
    of_video = [[i for i, w in enumerate(video) if w == v] for v in range(VIDEOS)]
    labels = [int(x) for x in rng.integers(-1, CLASSES, len(video))]
    ease = rng.normal(0, 1.5, VIDEOS)  # what makes segments of a video alike
    case = {"classes": CLASSES, "video": video, "label": labels, "resamples": RESAMPLES, "level": LEVEL, "bins": BINS,
            "seed": SEED, "sets": {}, "expected": {"sets": {}, "pairs": []}}
    for name, count, skill, misses in (("student", 3, 2.0, 0.0), ("student_plain", 2, 1.2, 0.1), ("other", 1, 1.0, 0.3)):
        seeds = []
        for _ in range(count):
            rows = []
            for i, label in enumerate(labels):
                logits = rng.integers(-16, 17, CLASSES) / 8.0
                if label >= 0:
                    logits[label] += np.round(8 * max(skill + ease[video[i]], 0)) / 8
                rows.append(None if rng.random() < misses else [float(x) for x in logits])
            seeds.append(rows)
        case["sets"][name] = seeds
        expected = {"n": sum(all(s[i] is not None for s in seeds) for i in range(len(video))),
                    "reliability": reliability(seeds, labels)}
        for metric, k in (("top1", 1), ("top5", 5)):
            values = hits(seeds, labels, k)
            by_seed = [100 * np.mean([hits([s], labels, k)[i] for i in range(len(video)) if values[i] is not None])
                       for s in seeds]
            expected[metric] = interval(values, of_video)
            expected[metric]["seed_sd"] = float(np.std(by_seed, ddof=1)) if count > 1 else None
        case["expected"]["sets"][name] = expected
    for a, b in (("student", "student_plain"), ("student", "other"), ("other", "student_plain")):
        for metric, k in (("top1", 1), ("top5", 5)):
            x, y = (hits(case["sets"][name], labels, k) for name in (a, b))
            both = [p - q if p is not None and q is not None else None for p, q in zip(x, y)]
            found = interval(both, of_video)
            case["expected"]["pairs"].append({"a": a, "b": b, "metric": metric, "difference": found["mean"],
                                              "low": found["low"], "high": found["high"],
                                              "n": sum(d is not None for d in both),
                                              "p": permutation_p(x, y, of_video)})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "analysis.json")
    with open(path, "w") as out:
        json.dump(case, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main()
