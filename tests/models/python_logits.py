"""Runs a network of Python on a state and images that LibTorch saved.

    python python_logits.py <net> <state> <images> <logits>

torchvision's networks, and MobileNetV1 as it is usually written; torchvision has
none.
"""

import sys

import torch
import torchvision
from torch import nn


class MobileNetV1(nn.Module):
    def __init__(self):
        super().__init__()

        def conv_bn(i, o, stride):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, stride, 1, bias=False),
                nn.BatchNorm2d(o),
                nn.ReLU(inplace=True),
            )

        def conv_dw(i, o, stride):
            return nn.Sequential(
                nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False),
                nn.BatchNorm2d(i),
                nn.ReLU(inplace=True),
                nn.Conv2d(i, o, 1, 1, 0, bias=False),
                nn.BatchNorm2d(o),
                nn.ReLU(inplace=True),
            )

        self.model = nn.Sequential(
            conv_bn(3, 32, 2),
            conv_dw(32, 64, 1),
            conv_dw(64, 128, 2),
            conv_dw(128, 128, 1),
            conv_dw(128, 256, 2),
            conv_dw(256, 256, 1),
            conv_dw(256, 512, 2),
            conv_dw(512, 512, 1),
            conv_dw(512, 512, 1),
            conv_dw(512, 512, 1),
            conv_dw(512, 512, 1),
            conv_dw(512, 512, 1),
            conv_dw(512, 1024, 2),
            conv_dw(1024, 1024, 1),
            nn.AvgPool2d(7),
        )
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x):
        return self.fc(self.model(x).view(-1, 1024))


NETS = {
    "mobilenet_v1": MobileNetV1,
    "mobilenet_v2": torchvision.models.mobilenet_v2,
    "shufflenet_v2": torchvision.models.shufflenet_v2_x0_5,
}


def state_of(path):
    return torch.jit.load(path).state_dict()


name, state, images, logits = sys.argv[1:]
net = NETS[name]().eval()
net.load_state_dict(state_of(state), strict=True)
(batch,) = state_of(images).values()
with torch.no_grad():
    torch.save(net(batch), logits)
