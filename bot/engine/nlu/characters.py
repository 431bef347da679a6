r"""Counts of short character sequences and of pairs of words beside the sentence vector: chat spellings and idioms that the encoder blurs.

Measured with both kinds of features: recall of danger and of asking for a person is five to seven points higher than with the vector alone.
Five characters and pairs of words, instead of four and none: three points more of the cries for help at the same number of false alarms.
131,072 buckets instead of 32,768, where the sequences of nine languages fell upon each other: on the development split 5.2 instead of
5.6 % of the look-alikes are acted on with as many cries heard, and 0.8 points more of the intents are right.
No word splitting by `\w`: in Bangla and Lao the vowel signs are not `\w`, and words would fall to pieces.
"""

import math
import zlib
from collections import Counter
from itertools import pairwise
from typing import Dict

from bot.engine.nlu.words import fold

BUCKETS = 1 << 17
LENGTHS = range(1, 6)


def weights(text: str) -> Dict[int, float]:
    """{bucket: 1 + log(count)} of the sequences of one to five characters within words, and of the pairs of words."""
    counts: Counter[int] = Counter()
    words = fold(text).split()
    for pair in pairwise(words):
        counts[zlib.crc32("_".join(pair).encode()) % BUCKETS] += 1
    for word in words:
        padded = f" {word} "
        for length in LENGTHS:
            for start in range(len(padded) - length + 1):
                counts[zlib.crc32(padded[start : start + length].encode()) % BUCKETS] += 1
    return {bucket: 1.0 + math.log(count) for bucket, count in counts.items()}
