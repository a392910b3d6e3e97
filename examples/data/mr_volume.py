"""mr_volume.py: a brain's MR volume as images with masks, for expandnet-segmentation.

    python3 mr_volume.py FOLDER [TEMPLATES]

writes the slices of the volume ch2 and of its regions aal (Debian's package
mricron-data, in /usr/share/mricron/templates unless TEMPLATES is another folder) into

    FOLDER/train/images, FOLDER/train/masks   the left hemisphere
    FOLDER/test/images, FOLDER/test/masks     the right one, mirrored
    FOLDER/classes.txt

One slice across the body's axis a file, from below; slices without a region are left
out. The 116 regions are merged to ten classes, by their names. Needs nothing but
Python.
"""

import gzip
import os
import struct
import sys
import zlib

OUTSIDE = "outside"
# The class of each region, by how its name begins. The first that fits counts.
CLASSES = [
    ("Frontal", "frontal"), ("Precentral", "frontal"), ("Rolandic", "frontal"),
    ("Supp_Motor", "frontal"), ("Olfactory", "frontal"), ("Rectus", "frontal"),
    ("Insula", "insula"),
    ("Cingulum", "cingulum"),
    ("Hippocampus", "limbic"), ("ParaHippocampal", "limbic"), ("Amygdala", "limbic"),
    ("Calcarine", "occipital"), ("Cuneus", "occipital"), ("Lingual", "occipital"),
    ("Occipital", "occipital"),
    ("Postcentral", "parietal"), ("Parietal", "parietal"), ("SupraMarginal", "parietal"),
    ("Angular", "parietal"), ("Precuneus", "parietal"), ("Paracentral", "parietal"),
    ("Caudate", "basal ganglia"), ("Putamen", "basal ganglia"),
    ("Pallidum", "basal ganglia"),
    ("Thalamus", "thalamus"),
    ("Fusiform", "temporal"), ("Heschl", "temporal"), ("Temporal", "temporal"),
    ("Cerebelum", "cerebellum"), ("Vermis", "cerebellum"),
]


def read_volume(path):
    """Width, height, depth and the bytes, x fastest, of a NIfTI file of bytes."""
    with gzip.open(path) as file:
        content = file.read()
    header_size, = struct.unpack("<i", content[:4])
    dimensions = struct.unpack("<8h", content[40:56])
    kind, bits = struct.unpack("<2h", content[70:74])
    if header_size != 348 or dimensions[0] != 3 or (kind, bits) != (2, 8):
        sys.exit(f"{path}: must be NIfTI of three dimensions and bytes")
    start = int(struct.unpack("<f", content[108:112])[0])
    width, height, depth = dimensions[1:4]
    voxels = content[start:start + width * height * depth]
    if len(voxels) != width * height * depth:
        sys.exit(f"{path}: must be whole")
    return width, height, depth, voxels


def read_regions(path):
    """The name of each region, by its number."""
    regions = {}
    with open(path) as file:
        for line in file:
            words = line.split()
            if words:
                regions[int(words[0])] = words[1]
    return regions


def class_of(region):
    for beginning, name in CLASSES:
        if region.startswith(beginning):
            return name
    sys.exit(f"aal: no class for the region {region}")


def left_is_first(width, voxels, regions):
    """Whether regions of the left hemisphere lie at small x."""
    is_left = bytes(regions.get(value, "").endswith("_L") for value in range(256))
    sides = [0, 0]
    flags = voxels.translate(is_left)
    for start in range(0, len(flags), width):
        row = flags[start:start + width]
        sides[0] += sum(row[:width // 2])
        sides[1] += sum(row[width - width // 2:])
    return sides[0] > sides[1]


def write_png(path, width, rows):
    """Writes rows of bytes as a grey PNG."""
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))

    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n"
                   + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = sys.argv[1]
    templates = sys.argv[2] if len(sys.argv) == 3 else "/usr/share/mricron/templates"
    width, height, depth, image = read_volume(os.path.join(templates, "ch2.nii.gz"))
    *size, labels = read_volume(os.path.join(templates, "aal.nii.gz"))
    if size != [width, height, depth]:
        sys.exit("aal must have the size of ch2")
    regions = read_regions(os.path.join(templates, "aal.nii.txt"))

    names = [OUTSIDE] + sorted({name for _, name in CLASSES})
    to_class = bytes(names.index(class_of(regions[value])) if value in regions else 0
                     for value in range(256))
    left_first = left_is_first(width, labels, regions)
    half = width // 2  # the slice in the middle belongs to none

    def half_rows(voxels, z, first):
        # From the front of the head down, and from the outside to the middle.
        for y in reversed(range(height)):
            start = (z * height + y) * width
            row = voxels[start:start + width]
            yield row[:half] if first else row[:-half - 1:-1]

    for part, first in (("train", left_first), ("test", not left_first)):
        for kind in ("images", "masks"):
            os.makedirs(os.path.join(folder, part, kind), exist_ok=True)
        for z in range(depth):
            mask = [row.translate(to_class) for row in half_rows(labels, z, first)]
            if not any(map(any, mask)):
                continue
            name = f"{z:03}.png"
            write_png(os.path.join(folder, part, "masks", name), half, mask)
            write_png(os.path.join(folder, part, "images", name), half,
                      list(half_rows(image, z, first)))
    with open(os.path.join(folder, "classes.txt"), "w") as file:
        file.write("".join(name + "\n" for name in names))


main()
