"""timm's nets before and after the contraction of their blocks.

    python python_foreign.py write <net> <folder>
    python python_foreign.py check <net> <folder>

`write` saves a net with random weights and statistics that are not trivial, and its
logits. `check` loads what was made of it into the net that timm re-parameterizes
itself, strictly, and compares the logits.
"""

import sys

import timm
import torch
from safetensors.torch import load_file, save_file

verb, name, folder = sys.argv[1:]
SAME_LOGITS = 1e-5  # relative to the largest; the weights are rounded to fp32


def made():
    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=10)


def with_statistics(net):
    """Each BatchNorm takes those of its own input, changed a little, in turn."""
    net.eval()

    def set_statistics(norm, inputs):
        values = inputs[0].transpose(0, 1).flatten(1)
        noise = lambda: torch.rand_like(norm.running_mean)
        norm.running_mean.copy_(values.mean(1) * (0.9 + 0.2 * noise()))
        norm.running_var.copy_(values.var(1) * (0.8 + 0.4 * noise()) + 1e-3)
        norm.weight.copy_(0.7 + 0.6 * noise())
        norm.bias.copy_(0.4 * noise() - 0.2)

    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
    hooks = [module.register_forward_pre_hook(set_statistics)
             for module in net.modules() if isinstance(module, norms)]
    net(torch.randn(4, 3, 96, 96))
    for hook in hooks:
        hook.remove()
    for key, parameter in net.named_parameters():
        if key.endswith("gamma"):
            parameter.copy_(0.1 + 0.2 * torch.rand_like(parameter))
    return net


with torch.no_grad():
    if verb == "write":
        net = with_statistics(made())
        images = torch.randn(2, 3, 96, 96)
        save_file(net.state_dict(), f"{folder}/train.safetensors")
        logits = net.double()(images.double())
        save_file({"images": images, "logits": logits}, f"{folder}/io.safetensors")
    else:
        net = timm.utils.reparameterize_model(made().eval())
        net.load_state_dict(load_file(f"{folder}/deployed.safetensors"), strict=True)
        io = load_file(f"{folder}/io.safetensors")
        logits = net.double()(io["images"].double())
        error = (logits - io["logits"]).abs().max() / io["logits"].abs().max()
        print(f"{name}: relative error {error:.1e}, logits up to {logits.abs().max():.1e}")
        assert error <= SAME_LOGITS, f"{error} is above {SAME_LOGITS}"
        spread = (logits[0] - logits[1]).abs().max() / logits.abs().max()
        assert spread > 1e-2, "the logits do not depend on the image"
