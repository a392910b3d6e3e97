"""Reads images with boxes as torchvision's transforms.v2 do, an epoch for each
line of stdin.

    python3 -c SCRIPT LIST BATCH_SIZE IMAGE_SIZE DECODER

LIST is a file of JSON: of each image its path, its boxes (left, top, right,
bottom) and their labels. DECODER is pil or tensor: what decodes the files, and
what the transforms work on. All is done in this process, on one core. Answers
each line with the number of images read.
"""

import json
import os
import sys

import torch
from PIL import Image
from torchvision import io, tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional


def read_pil(path):
    return Image.open(path).convert("RGB")


def read_tensor(path):
    return tv_tensors.Image(io.decode_image(io.read_file(path), io.ImageReadMode.RGB))


class Boxes(torch.utils.data.Dataset):
    def __init__(self, file, read, transform):
        with open(file) as text:
            self.images = json.load(text)
        self.read = read
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        entry = self.images[index]
        image = self.read(entry["path"])
        boxes = tv_tensors.BoundingBoxes(
            torch.tensor(entry["boxes"], dtype=torch.float32).reshape(-1, 4),
            format="XYXY",
            canvas_size=functional.get_size(image),
        )
        target = {"boxes": boxes, "labels": torch.tensor(entry["labels"])}
        return self.transform(image, target)


def main():
    file, decoder = sys.argv[1], sys.argv[4]
    batch_size, image_size = map(int, sys.argv[2:4])
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    torch.manual_seed(0)
    factor = (1 / 1.5, 1.5)
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(image_size, scale=(0.36, 1), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=factor, saturation=factor, hue=0.1),
            v2.ClampBoundingBoxes(),
            v2.SanitizeBoundingBoxes(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0, 0, 0), (1, 1, 1)),
        ]
    )
    read = {"pil": read_pil, "tensor": read_tensor}[decoder]
    loader = torch.utils.data.DataLoader(
        Boxes(file, read, transform),
        batch_size=batch_size,
        shuffle=True,
        collate_fn=lambda items: (
            torch.stack([image for image, _ in items]),
            [target for _, target in items],
        ),
    )
    for _ in sys.stdin:
        print(sum(len(images) for images, _ in loader), flush=True)


if __name__ == "__main__":
    main()
