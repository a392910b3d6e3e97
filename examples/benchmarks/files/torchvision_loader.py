"""Reads a folder of images as torchvision does, an epoch for each line of stdin.

    python3 -c SCRIPT FOLDER WORKERS BATCH_SIZE IMAGE_SIZE CORES

WORKERS 0 reads in this process. CORES 1 keeps it, and its workers, on one core.
Answers each line with the number of images read.
"""

import os
import sys

import torch
from torchvision import datasets, transforms


def main():
    folder = sys.argv[1]
    workers, batch_size, image_size, cores = map(int, sys.argv[2:])
    if cores == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(image_size),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(folder, transform),
        batch_size=batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    for _ in sys.stdin:
        print(sum(len(images) for images, _ in loader), flush=True)


if __name__ == "__main__":
    main()
