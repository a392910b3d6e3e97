"""Writes a model of timm or torchvision for real_models_test.cpp, and reads it back.

    python python_real_models.py write <model> <folder>
    python python_real_models.py check <model> <folder>

"write" scripts the model into net.pt. Beside it stands xy.pt, a script with the
buffers x and y: images, and the model's logits. "check" loads the trained out.pt and
compares its logits with those in out.pth, and those of the model with its weights.
"""

import os
import sys
import warnings

import torch
from torch import nn

SIZE, CLASSES = 64, 10
verb, name, folder = sys.argv[1:]
library, model = name.split("/")
warnings.simplefilter("ignore")


class Pair(nn.Module):
    def __init__(self, x, y):
        super().__init__()
        self.register_buffer("x", x)
        self.register_buffer("y", y)

    def forward(self):
        return self.x


def path(file):
    return os.path.join(folder, file)


def make():
    if library == "timm":
        import timm

        more = {"img_size": SIZE} if model.startswith("vit") else {}
        return timm.create_model(model, num_classes=CLASSES, scriptable=True, **more)
    import torchvision

    more = {"image_size": SIZE} if model.startswith("vit") else {}
    return getattr(torchvision.models, model)(num_classes=CLASSES, **more)


def wake(net):
    """Gives every layer a part in the logits: new models have scales near zero."""
    for key, tensor in net.named_parameters():
        if tensor.numel() == 1 or tensor.squeeze().dim() == 1:
            is_bias = key.endswith("bias")
            nn.init.uniform_(tensor, -0.1 if is_bias else 0.5, 0.1 if is_bias else 1.5)
    net.train()
    for _ in range(5):
        net(torch.randn(8, 3, SIZE, SIZE))
    return net


def write():
    torch.manual_seed(0)
    with torch.no_grad():
        net = wake(make())
        torch.jit.script(net).save(path("net.pt"))
        x = torch.randn(4, 3, SIZE, SIZE)
        torch.jit.script(Pair(x, net.eval()(x))).save(path("xy.pt"))


def check():
    loaded = torch.jit.load(path("out.pt"))
    pair = torch.load(path("out.pth"), weights_only=True)
    net = make().eval()
    net.load_state_dict(loaded.state_dict())
    with torch.no_grad():
        for run in (loaded, net):
            error = (run(pair["x"]) - pair["y"]).abs().max() / pair["y"].abs().max()
            assert error <= 1e-5, f"{name}: relative error {error}"


{"write": write, "check": check}[verb]()
