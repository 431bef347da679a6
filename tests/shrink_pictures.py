"""Make the manual's pictures small: the 256 colours that a page has most of are enough. `make pictures` runs it with Rasa's Pillow.

    .venv-engine/bin/python tests/shrink_pictures.py docs/pictures

Changes each PNG that gets smaller, in place; prints how many bytes there are afterwards.
"""

import io
import sys
from pathlib import Path

from PIL import Image

COLOURS = 256


def shrink(path: Path) -> None:
    """One picture. Not one palette for an average: the one blue word of a page would become grey."""
    with Image.open(path) as picture:
        full = picture.convert("RGB")
    known = [colour for _, colour in sorted(full.getcolors(full.width * full.height), reverse=True)[:COLOURS]]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in known for part in colour] + [0] * 3 * (COLOURS - len(known)))
    flat = full.quantize(palette=palette, dither=Image.Dither.NONE)
    made = io.BytesIO()
    flat.save(made, "PNG", optimize=True)
    if made.tell() < path.stat().st_size:
        path.write_bytes(made.getvalue())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for one in sorted(folder.glob("*.png")):
        shrink(one)
    print(sum(one.stat().st_size for one in folder.iterdir()))
