"""Writes scripts for imported_script_test.cpp, and reads what it wrote.

    python python_scripts.py write <folder>
    python python_scripts.py check <folder>

"write" makes NAME.pt, and beside it NAME_xy.pt, a script with the buffers x and y:
an input and what the net gives for it in evaluation mode. "check" loads out.pt and
compares its keys and outputs with those of out_keys.txt and out_xy.pt.
"""

import os
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional as F

folder = sys.argv[2]
warnings.simplefilter("ignore")


def path(name):
    return os.path.join(folder, name)


class Pair(nn.Module):
    def __init__(self, x, y):
        super().__init__()
        self.register_buffer("x", x)
        self.register_buffer("y", y)

    def forward(self):
        return self.x


class Block(nn.Module):
    """A residual block with groups, BatchNorm and dropout."""

    def __init__(self, width, groups):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding="same", groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(0.25)

    def forward(self, x):
        return x + self.drop(F.relu(self.norm(self.conv(x))))


class Net(nn.Module):
    def __init__(self, head=10):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 5, stride=2, padding=2, padding_mode="reflect")
        self.blocks = nn.Sequential(Block(8, 1), Block(8, 8))
        self.fc = nn.Linear(8, 16)
        self.head = nn.Linear(16, head)
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x):
        x = self.blocks(F.relu(self.stem(x))).mean((2, 3))
        return self.head(F.relu(self.fc(x * self.scale)))


class Kinds(nn.Module):
    """Every layer that is seen, on inputs [N, 2, 6]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(2, 4, 3, padding=1, groups=2)
        self.up1 = nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1, output_padding=1)
        self.conv2 = nn.Conv2d(2, 4, (3, 1), dilation=(2, 1), padding=(2, 0))
        self.up2 = nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False)
        self.conv3 = nn.Conv3d(6, 4, 3, padding=1)
        self.up3 = nn.ConvTranspose3d(4, 2, 2)
        self.fc = nn.Linear(2, 3)

    def forward(self, x):
        x = self.up1(self.conv1(x)).unflatten(2, (3, 4))
        x = self.up2(self.conv2(x)).unsqueeze(2)
        x = self.up3(self.conv3(x)).flatten(2).mean(2)
        return self.fc(x)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.again = self.first
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.first.weight

    def forward(self, x):
        return self.tied(self.again(self.first(x)))


class Plain(nn.Module):
    """Without a mode, for tracing."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, groups=4)
        self.mix = nn.ConvTranspose2d(8, 4, 3, groups=2)

    def forward(self, x):
        return self.mix(F.relu(self.conv(x))).mean((2, 3))


class OwnConv(nn.Conv2d):
    pass


class OwnNorm(nn.BatchNorm2d):
    pass


class OwnLinear(nn.Linear):
    pass


class Own(nn.Module):
    """Layers whose classes are none of torch.nn's."""

    def __init__(self):
        super().__init__()
        self.conv = OwnConv(3, 4, 3)
        self.norm = OwnNorm(4)
        self.fc = OwnLinear(4, 10)

    def forward(self, x):
        return self.fc(F.relu(self.norm(self.conv(x))).mean((2, 3)))


class Function(nn.Module):
    """A dropout that is no module."""

    def __init__(self, p=0.5):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.p = p

    def forward(self, x):
        return F.dropout(self.fc(x), self.p, self.training)


class Free(nn.Module):
    """Operators that have a mode, and do the same in each."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Conv2d(4, 4, 1)
        self.norm = nn.InstanceNorm2d(4)

    def forward(self, x):
        return F.dropout(self.norm(self.fc(x)), 0.0, self.training)


class Fixed(nn.Module):
    """A script that has one mode for its BatchNorm, as it says."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        mean, var = self.norm.running_mean, self.norm.running_var
        x = F.batch_norm(x, mean, var, training=False)
        return self.fc(x.mean((2, 3)))


class Wrap(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x.sub_(1.0))


class Tied(nn.Module):
    """Images of any size, through one layer twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.again = self.first
        self.fc = nn.Linear(3, 10)

    def forward(self, x):
        return self.fc(self.again(self.first(x)).mean((2, 3)))


class WithoutGradient(Tied):
    def forward(self, x):
        with torch.no_grad():
            return self.fc(self.first(x).mean((2, 3)))


class HalfUsed(Tied):
    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(3, 10)


class OneImage(Tied):
    def forward(self, x):
        return self.fc(self.first(x).mean((2, 3))[:1])


class BareNorm(Tied):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, affine=False)

    def forward(self, x):
        return self.fc(self.norm(self.first(x)).mean((2, 3)))


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x, y):
        return self.fc(x) + y


class Dictionary(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return {"out": self.fc(x)}


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return torch.ops.expandnet_test.twice(self.fc(x))


def save(name, net, x, save_as=torch.jit.script):
    with torch.no_grad():
        script = save_as(net)
        script.save(path(name + ".pt"))
        net.eval()
        torch.jit.script(Pair(x, net(x))).save(path(name + "_xy.pt"))


def traced(x):
    return lambda net: torch.jit.trace(net, x)


def write():
    torch.manual_seed(0)
    images = torch.randn(4, 3, 12, 12)
    save("net", Net(), images)
    save("net_eval", Net().eval(), images)
    save("three", Net(3), images)
    save("kinds", Kinds(), torch.randn(2, 2, 6))
    save("shared", Shared(), torch.randn(3, 4))
    small = torch.randn(2, 4, 6, 6)
    save("traced", Plain(), small, traced(small))
    save("traced_mode", Net().eval(), images, traced(images))
    for mode in ("train", "eval"):
        vectors = torch.randn(3, 4)
        net = Function()
        net.train(mode == "train")
        script = torch.jit.trace(net, vectors, check_trace=False)
        script.save(path("traced_function_" + mode + ".pt"))
    torch.jit.trace(Own().eval(), images).save(path("traced_own.pt"))
    part = torch.jit.trace(Own().eval(), images)
    torch.jit.script(Wrap(part)).save(path("traced_part.pt"))
    torch.jit.trace(Free(), small).save(path("traced_free.pt"))
    save("own", Own(), images)
    torch.jit.script(Fixed()).save(path("fixed.pt"))
    save("in_place", InPlace(), torch.randn(3, 4))
    torch.jit.script(Tied()).save(path("tied.pt"))
    torch.jit.script(WithoutGradient()).save(path("without_gradient.pt"))
    torch.jit.script(HalfUsed()).save(path("half_used.pt"))
    torch.jit.script(OneImage()).save(path("one_image.pt"))
    torch.jit.script(BareNorm()).save(path("bare_norm.pt"))
    torch.jit.script(Tied().half()).save(path("half.pt"))
    torch.jit.script(Tied().requires_grad_(False)).save(path("frozen.pt"))
    moded = traced(images)(Net().eval())
    moded.train()
    moded.save(path("traced_training.pt"))
    torch.jit.script(Two()).save(path("two.pt"))
    torch.jit.script(Dictionary()).save(path("dictionary.pt"))
    torch.jit.script(nn.ReLU()).save(path("no_parameters.pt"))
    library = torch.library.Library("expandnet_test", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x * 2, "CPU")
    torch.jit.script(Custom()).save(path("custom.pt"))
    torch.save(Net().state_dict(), path("state.pt"))


def check():
    with open(path("out_keys.txt"), encoding="utf-8") as file:
        keys = file.read().split()
    loaded = torch.jit.load(path("out.pt"))
    assert list(loaded.state_dict()) == keys, list(loaded.state_dict())
    pair = torch.jit.load(path("out_xy.pt")).state_dict()
    y = loaded(pair["x"])
    assert (y - pair["y"]).abs().max() <= 1e-6 * pair["y"].abs().max()
    net = Net()
    net.load_state_dict(loaded.state_dict())
    assert (net.eval()(pair["x"]) - y).abs().max() <= 1e-6 * y.abs().max()


{"write": write, "check": check}[sys.argv[1]]()
