"""Evaluates images as torchvision does.

    python python_transforms.py <resize> <size> <folder>

writes beside each <name>.jpg, as [size, size, 3] bytes, <name>.pil, of its
transforms on PIL's images, and <name>.tensor, of those on tensors.
"""

import pathlib
import sys

from PIL import Image
from torchvision import transforms

resize, size = int(sys.argv[1]), int(sys.argv[2])
on_pil = transforms.Compose(
    [transforms.Resize(resize), transforms.CenterCrop(size), transforms.PILToTensor()]
)
on_tensors = transforms.Compose(
    [
        transforms.PILToTensor(),
        transforms.Resize(resize, antialias=True),
        transforms.CenterCrop(size),
    ]
)
for path in pathlib.Path(sys.argv[3]).glob("*.jpg"):
    image = Image.open(path).convert("RGB")
    for transform, ending in (on_pil, ".pil"), (on_tensors, ".tensor"):
        pixels = transform(image).permute(1, 2, 0).contiguous()
        path.with_suffix(ending).write_bytes(pixels.numpy().tobytes())
