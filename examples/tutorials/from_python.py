"""from_python.py: the Python side of from_python.cpp.

    python from_python.py write FOLDER
    from_python FOLDER
    python from_python.py load FOLDER
    python from_python.py onnx FOLDER

writes a net as TorchScript, trains it in C++, and loads it again: into the script,
into the class, and as ONNX (which needs the packages onnx and onnxscript).
"""

import os
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, padding=2, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1, stride=2)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv1(x)))
        return self.fc(torch.relu(self.conv2(x)).mean((2, 3)))


def write():
    torch.manual_seed(0)
    torch.jit.script(Net()).save("net.pt")


def loaded():
    """The trained net as a script, and as the class that it was."""
    script = torch.jit.load("trained.pt").eval()
    net = Net().eval()
    net.load_state_dict(script.state_dict())
    return script, net


def load():
    script, net = loaded()
    x = torch.randn(4, 1, 28, 28)
    with torch.no_grad():
        torch.testing.assert_close(net(x), script(x), rtol=1e-5, atol=1e-5)
    print("Python computes the same")


def to_onnx():
    from onnx.reference import ReferenceEvaluator

    _, net = loaded()
    x = torch.randn(4, 1, 28, 28)
    torch.onnx.export(net, (x,), "net.onnx", input_names=["x"])
    (logits,) = ReferenceEvaluator("net.onnx").run(None, {"x": x.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(logits), net(x), rtol=1e-4, atol=1e-5)
    print("ONNX computes the same")


os.chdir(sys.argv[2])
{"write": write, "load": load, "onnx": to_onnx}[sys.argv[1]]()
