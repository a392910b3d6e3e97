"""Loads contracted weights into torchvision's network, and runs it.

    python python_contracted.py <net> <weights>... <images> <logits>

Each file of weights has to fit exactly, and all have to give the same logits.
"""

import sys

import torch
import torchvision
from safetensors.torch import load_file

NETS = {
    "mobilenet_v2": torchvision.models.mobilenet_v2,
    "shufflenet_v2": torchvision.models.shufflenet_v2_x0_5,
}


def state_of(path):
    if path.endswith(".safetensors"):
        return load_file(path)
    if path.endswith(".torchscript.pt"):
        return torch.jit.load(path).state_dict()
    return torch.load(path, weights_only=True)


name, *files, images, logits = sys.argv[1:]
batch = load_file(images)["images"]
results = []
with torch.no_grad():
    for path in files:
        net = NETS[name]().eval()
        net.load_state_dict(state_of(path), strict=True)
        results.append(net(batch))
        if path.endswith(".torchscript.pt"):
            results.append(torch.jit.load(path)(batch))
for result in results[1:]:
    torch.testing.assert_close(result, results[0], rtol=1e-5, atol=1e-5)
torch.save({"logits": results[0]}, logits)
