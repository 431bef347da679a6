"""Make the manual's pictures small: 128 colours are enough for a page. Run by `make pictures` with Rasa's environment, which has Pillow.

    .venv-engine/bin/python tests/shrink_pictures.py docs/pictures

Changes each PNG that gets smaller, in place; prints how many bytes there are afterwards.
"""

import io
import sys
from pathlib import Path

from PIL import Image

COLOURS = 128


def shrink(path: Path) -> None:
    """One picture."""
    with Image.open(path) as picture:
        flat = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    made = io.BytesIO()
    flat.save(made, "PNG", optimize=True)
    if made.tell() < path.stat().st_size:
        path.write_bytes(made.getvalue())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for one in sorted(folder.glob("*.png")):
        shrink(one)
    print(sum(one.stat().st_size for one in folder.iterdir()))
