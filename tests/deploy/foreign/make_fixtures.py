"""Makes the fixtures of foreign blocks: a state, an input and the output.

    python make_fixtures.py <packages> <folder>

Of each system a block or two, with random weights and statistics that are not
trivial. The state is fp32, as nets save it; the output is computed of it in fp64,
in evaluation mode, without the activation behind the block.

What computes it stands in the file's metadata as "source". Where a package has the
system's own code, it is that: timm (installed), and in the folder <packages>, as
`pip download --no-deps` brings them, unpacked: repvgg_pytorch 1.0.1, yolov6detect
0.4.1, yolov7detect 1.0.1, yolov9py 1.1.0, ultralytics 8.4. Only the classes of the
blocks are executed. MobileOne by Apple's keys, ACB, DBB and OREPA (but for the block
of RepVGG's kind, which YOLOv7 has) are in no package: they are computed by the
references below, written from their papers.
"""

import ast
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

PACKAGES, OUT = Path(sys.argv[1]), Path(sys.argv[2])
YOLO_EPS = 1e-3


def code_of(file, names):
    """The classes and functions of a file, without what else it imports."""
    source = (PACKAGES / file).read_text()
    space = {"torch": torch, "nn": nn, "F": F, "np": np, "math": math, "init": nn.init}
    for node in ast.parse(source).body:
        if getattr(node, "name", None) in names:
            exec(ast.unparse(node), space)
    return [space[name] for name in names]


def randomize(net):
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.2, 2)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.3)
                module.weight.data[::2] *= -1
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, 0, 0.4)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.3)
    for name, parameter in net.named_parameters():
        if name.endswith(("gamma", "vector")) or "weight_" in name:
            nn.init.normal_(parameter, 0, 0.5)
    return net.eval()


def without_activation(net):
    for name in ("act", "nonlinearity", "activation", "relu"):
        if hasattr(net, name):
            setattr(net, name, nn.Identity())
    return net


def save(name, state, x, y, deployed, source, eps=1e-5, stride=1, padding=1, groups=1):
    tensors = {f"block.{key}": value for key, value in state.items()}
    tensors |= {"input": x, "output": y}
    facts = dict(source=source, deployed=" ".join(sorted(deployed)), eps=eps,
                 stride=stride, padding=padding, groups=groups)
    tensors = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    save_file(tensors, OUT / f"{name}.safetensors",
              {key: str(value) for key, value in facts.items()})
    print(name, sum(t.nbytes for t in tensors.values()), "bytes")


def by_own_code(name, net, deploy, source, channels, shape=(7, 6), eps=1e-5, **facts):
    """`deploy` turns the module `block` of a net into what the system deploys."""
    net = without_activation(randomize(net))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = eps
    holder = nn.ModuleDict({"block": net})
    state = {key: value.clone() for key, value in net.state_dict().items()}
    x = torch.randn(2, channels, *shape, dtype=torch.float64)
    with torch.no_grad():
        y = net.double()(x)
        deploy(holder)
    save(name, state, x, y, holder.state_dict().keys(), source, eps, **facts)


# --------------------------------------------------- systems whose code is at hand

def repvgg():
    conv_bn, Block = code_of("repvgg_pytorch/repvgg.py", ["conv_bn", "RepVGGBlock"])
    source = "repvgg_pytorch 1.0.1"
    deploy = lambda net: net["block"].switch_to_deploy()
    by_own_code("repvgg", Block(4, 4, 3, padding=1, groups=2), deploy, source, 4, groups=2)
    by_own_code("repvgg_stride", Block(3, 4, 3, padding=1, stride=2), deploy, source, 3,
                stride=2)


def yolov6():
    conv_bn, Block = code_of("yolov6detect-0.4.1/yolov6/layers/common.py",
                             ["conv_bn", "RepVGGBlock"])
    by_own_code("yolov6", Block(4, 4), lambda net: net["block"].switch_to_deploy(),
                "yolov6detect 0.4.1", 4, eps=YOLO_EPS)


def yolov7():
    folder = "yolov7detect-1.0.1/yolov7/models/common.py"
    source = "yolov7detect 1.0.1"
    Block = code_of(folder, ["autopad", "RepConv"])[1]
    by_own_code("yolov7", Block(4, 4), lambda net: net["block"].fuse_repvgg_block(),
                source, 4, eps=YOLO_EPS)
    Block = code_of(folder, ["transI_fusebn", "ConvBN", "OREPA_3x3_RepConv",
                             "RepConv_OREPA"])[3]
    deploy = lambda net: net["block"].switch_to_deploy()
    by_own_code("orepa_repvgg", Block(4, 4), deploy, source, 4)
    by_own_code("orepa_repvgg_stride", Block(3, 4, s=2), deploy, source, 3, stride=2)


def yolov9():
    Block = code_of("yolov9/models/common.py", ["autopad", "Conv", "RepConvN"])[2]
    by_own_code("yolov9", Block(3, 4), lambda net: net["block"].fuse_convs(),
                "yolov9py 1.1.0", 3, eps=YOLO_EPS)
    Block = code_of("ultralytics/nn/modules/conv.py", ["autopad", "Conv", "RepConv"])[2]
    by_own_code("yolov9_identity", Block(4, 4, bn=True, g=2),
                lambda net: net["block"].fuse_convs(), "ultralytics 8.4.190", 4,
                eps=YOLO_EPS, groups=2)


def timm_blocks():
    import timm
    from timm.models import byobnet, fastvit, repghost, repvit

    source = f"timm {timm.__version__}"

    def make(name, net, channels, **facts):
        deploy = lambda holder: timm.utils.reparameterize_model(holder, inplace=True)
        by_own_code(f"timm_{name}", net, deploy, source, channels, **facts)

    make("repvgg", byobnet.RepVggBlock(4, 4, group_size=2), 4, groups=2)
    make("mobileone", byobnet.MobileOneBlock(4, 4, num_conv_branches=3, group_size=1), 4,
         groups=4)
    make("mobileone_stride", byobnet.MobileOneBlock(3, 4, stride=2), 3, stride=2)
    make("fastvit_mixer", fastvit.RepMixer(4, 3, layer_scale_init_value=0.1), 4, groups=4)
    make("fastvit_mixer_plain", fastvit.RepMixer(4, 3, layer_scale_init_value=None), 4,
         groups=4)
    make("fastvit_large", fastvit.ReparamLargeKernelConv(
        3, 6, 7, stride=2, group_size=1, small_kernel=3), 3, stride=2, padding=3, groups=3,
        shape=(9, 8))
    make("fastvit_position", fastvit.RepConditionalPosEnc(4, 4), 4, padding=3, groups=4)
    make("repvit_mixer", repvit.RepVggDw(4, 3), 4, groups=4)
    make("repvit_mixer_legacy", repvit.RepVggDw(4, 3, legacy=True), 4, groups=4)
    make("repvit_conv", repvit.ConvNorm(3, 4, 3, 2, 1), 3, stride=2)
    make("repvit_head", repvit.RepVitClassifier(5, 3, distillation=True), 5, shape=())

    # The activation of RepGhost is within: the input is that of what is folded.
    net = randomize(repghost.RepGhostModule(3, 4, relu=False))
    state = {key: value.clone() for key, value in net.state_dict().items()}
    net = net.double()
    seen = []
    net.cheap_operation.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    with torch.no_grad():
        y = net(torch.randn(2, 3, 7, 6, dtype=torch.float64))
        net.switch_to_deploy()
    save("timm_repghost", state, seen[0], y,
         [f"block.{key}" for key in net.state_dict()], source, groups=4)


# -------------------------------------------------------- references from the papers

PAPER = "reference written from the paper"


def norm(state, name, channels):
    state |= {f"{name}.weight": torch.rand(channels) + 0.5,
              f"{name}.bias": torch.randn(channels) * 0.3,
              f"{name}.running_mean": torch.randn(channels) * 0.3,
              f"{name}.running_var": torch.rand(channels) * 2 + 0.2,
              f"{name}.num_batches_tracked": torch.tensor(7)}


def weight(state, name, *shape):
    state[name] = torch.randn(*shape) * 0.4


class Reference:
    """A state whose layers can be run in fp64."""

    def __init__(self, state, groups=1, stride=1):
        self.state, self.groups, self.stride = state, groups, stride

    def __getitem__(self, name):
        return self.state[name].double()

    def conv(self, x, name, padding=0, stride=None):
        return F.conv2d(x, self[f"{name}.weight"], None, stride or self.stride, padding,
                        1, self.groups)

    def norm(self, x, name):
        return F.batch_norm(x, self[f"{name}.running_mean"], self[f"{name}.running_var"],
                            self[f"{name}.weight"], self[f"{name}.bias"])


def double_input(channels, shape=(7, 6)):
    return torch.randn(2, channels, *shape, dtype=torch.float64)


def mobileone(name, inputs, outputs, side, branches, groups=1, stride=1):
    state = {}
    identity = inputs == outputs and stride == 1
    for i in range(branches):
        weight(state, f"rbr_conv.{i}.conv.weight", outputs, inputs // groups, side, side)
        norm(state, f"rbr_conv.{i}.bn", outputs)
    if side > 1:
        weight(state, "rbr_scale.conv.weight", outputs, inputs // groups, 1, 1)
        norm(state, "rbr_scale.bn", outputs)
    if identity:
        norm(state, "rbr_skip", outputs)
    net, x = Reference(state, groups, stride), double_input(inputs)
    y = sum(net.norm(net.conv(x, f"rbr_conv.{i}.conv", side // 2), f"rbr_conv.{i}.bn")
            for i in range(branches))
    if side > 1:
        y = y + net.norm(net.conv(x, "rbr_scale.conv"), "rbr_scale.bn")
    if identity:
        y = y + net.norm(x, "rbr_skip")
    save(name, state, x, y, ["block.reparam_conv.weight", "block.reparam_conv.bias"],
         PAPER, stride=stride, padding=side // 2, groups=groups)


def acb(name, side, padding):
    state = {}
    for branch, shape in dict(square=(side, side), ver=(side, 1), hor=(1, side)).items():
        weight(state, f"{branch}_conv.weight", 4, 3, *shape)
        norm(state, f"{branch}_bn", 4)
    net, x = Reference(state), double_input(3, (9, 8))
    crop = side // 2 - padding  # of the sides that a thin kernel does not pad
    inner = lambda x, rows, columns: x[:, :, rows:x.size(2) - rows, columns:x.size(3) - columns]
    y = (net.norm(net.conv(x, "square_conv", padding), "square_bn")
         + net.norm(net.conv(inner(x, 0, crop), "ver_conv", (padding, 0)), "ver_bn")
         + net.norm(net.conv(inner(x, crop, 0), "hor_conv", (0, padding)), "hor_bn"))
    save(name, state, x, y, ["block.fused_conv.weight", "block.fused_conv.bias"], PAPER,
         padding=padding)


def identity_kernel(channels, width):
    one = torch.zeros(channels, width, 1, 1, dtype=torch.float64)
    for i in range(channels):
        one[i, i % width] = 1
    return one


def dbb(name, inputs, outputs, side, groups=1, stride=1, inner=None):
    """Between two layers the border holds what BatchNorm makes of a zero."""
    state, depthwise, padding = {}, groups == outputs, side // 2
    weight(state, "dbb_origin.conv.weight", outputs, inputs // groups, side, side)
    norm(state, "dbb_origin.bn", outputs)
    if not depthwise:
        weight(state, "dbb_avg.conv.weight", outputs, inputs // groups, 1, 1)
        norm(state, "dbb_avg.bn.bn", outputs)
        weight(state, "dbb_1x1.conv.weight", outputs, inputs // groups, 1, 1)
        norm(state, "dbb_1x1.bn", outputs)
    norm(state, "dbb_avg.avgbn", outputs)
    first = "conv1" if inner else "idconv1"
    inner = inner or inputs
    weight(state, f"dbb_1x1_kxk.{first}.weight", inner, inputs // groups, 1, 1)
    norm(state, "dbb_1x1_kxk.bn1.bn", inner)
    weight(state, "dbb_1x1_kxk.conv2.weight", outputs, inner // groups, side, side)
    norm(state, "dbb_1x1_kxk.bn2", outputs)

    net, x = Reference(state, groups, stride), double_input(inputs)

    def norm_and_pad(x, name):
        border = net.norm(torch.zeros(1, x.size(1), 1, 1, dtype=torch.float64), name)
        padded = F.pad(net.norm(x, name) - border, [padding] * 4)
        return padded + border

    y = net.norm(net.conv(x, "dbb_origin.conv", padding), "dbb_origin.bn")
    if depthwise:
        average = F.avg_pool2d(x, side, stride, padding)
    else:
        y = y + net.norm(net.conv(x, "dbb_1x1.conv"), "dbb_1x1.bn")
        average = norm_and_pad(net.conv(x, "dbb_avg.conv", stride=1), "dbb_avg.bn.bn")
        average = F.avg_pool2d(average, side, stride)
    y = y + net.norm(average, "dbb_avg.avgbn")
    kernel = net[f"dbb_1x1_kxk.{first}.weight"]
    if first == "idconv1":
        kernel = kernel + identity_kernel(inputs, inputs // groups)
    z = norm_and_pad(F.conv2d(x, kernel, groups=groups), "dbb_1x1_kxk.bn1.bn")
    y = y + net.norm(net.conv(z, "dbb_1x1_kxk.conv2"), "dbb_1x1_kxk.bn2")
    save(name, state, x, y, ["block.dbb_reparam.weight", "block.dbb_reparam.bias"], PAPER,
         stride=stride, padding=padding, groups=groups)


def orepa(name, inputs, outputs, groups=1):
    """The kernels act one after the other on the padded input."""
    state, wide, side = {}, inputs // groups, 3
    inner = inputs if groups <= 4 else 2 * inputs
    for kind, shape in {"origin": (side, side), "avg_conv": (1, 1), "pfir_conv": (1, 1),
                        "1x1": (1, 1)}.items():
        weight(state, f"weight_orepa_{kind}", outputs, wide, *shape)
    state["weight_orepa_avg_avg"] = torch.full((side, side), 1 / side**2)
    half = outputs / 2
    prior = torch.zeros(outputs, side, side)
    for i in range(outputs):
        for row in range(side):
            for column in range(side):
                at, frequency = (row, i + 1) if i < half else (column, i + 1 - half)
                prior[i, row, column] = math.cos(math.pi * (at + 0.5) * frequency / side)
    state["weight_orepa_prior"] = prior
    weight(state, "weight_orepa_1x1_kxk_idconv1", inner, wide, 1, 1)
    state["id_tensor"] = identity_kernel(inner, wide).float()
    weight(state, "weight_orepa_1x1_kxk_conv2", outputs, inner // groups, side, side)
    weight(state, "weight_orepa_gconv_dw", 8 * inputs, 1, side, side)
    weight(state, "weight_orepa_gconv_pw", outputs, 8 * inputs // groups, 1, 1)
    weight(state, "vector", 6, outputs)
    norm(state, "bn", outputs)

    net, x = Reference(state), double_input(inputs)
    of = lambda kind: net[f"weight_orepa_{kind}"]
    conv = lambda x, kernel: F.conv2d(x, kernel, groups=groups)
    each = lambda x, kernels: F.conv2d(x, kernels.unsqueeze(1), groups=outputs)
    padded = F.pad(x, [side // 2] * 4)
    centre = x
    # The rows of the last 1x1 count the groups first.
    rows = of("gconv_pw").reshape(outputs // groups, groups, -1, 1, 1)
    rows = rows.transpose(0, 1).reshape(outputs, -1, 1, 1)
    branches = [
        conv(padded, of("origin")),
        each(conv(padded, of("avg_conv")), of("avg_avg").expand(outputs, side, side)),
        each(conv(padded, of("pfir_conv")), of("prior")),
        conv(conv(padded, of("1x1_kxk_idconv1") + net["id_tensor"]), of("1x1_kxk_conv2")),
        conv(centre, of("1x1")),
        conv(F.conv2d(padded, of("gconv_dw"), groups=inputs), rows),
    ]
    y = sum(branch * factors.reshape(1, -1, 1, 1)
            for branch, factors in zip(branches, net["vector"]))
    save(name, state, x, net.norm(y, "bn"),
         ["block.orepa_reparam.weight", "block.orepa_reparam.bias"], PAPER, groups=groups)


def orepa_1x1():
    state, inputs, outputs = {}, 3, 5
    weight(state, "weight_or1x1_origin", outputs, inputs, 1, 1)
    weight(state, "weight_or1x1_l2i_conv1", inputs, inputs, 1, 1)
    weight(state, "weight_or1x1_l2i_conv2", outputs, inputs, 1, 1)
    weight(state, "vector", 2, outputs)
    norm(state, "bn", outputs)
    net, x = Reference(state), double_input(inputs)
    factors = net["vector"].reshape(2, 1, -1, 1, 1)
    y = F.conv2d(x, net["weight_or1x1_origin"]) * factors[0]
    y = y + F.conv2d(F.conv2d(x, net["weight_or1x1_l2i_conv1"]),
                     net["weight_or1x1_l2i_conv2"]) * factors[1]
    save("orepa_1x1", state, x, net.norm(y, "bn"),
         ["block.or1x1_reparam.weight", "block.or1x1_reparam.bias"], PAPER, padding=0)


torch.manual_seed(0)
OUT.mkdir(exist_ok=True)
repvgg()
yolov6()
yolov7()
yolov9()
timm_blocks()
mobileone("mobileone", 4, 4, 3, branches=3, groups=4)
mobileone("mobileone_stride", 3, 4, 3, branches=1, stride=2)
mobileone("mobileone_1x1", 4, 4, 1, branches=2)
acb("acb", 3, 1)
acb("acb_cropped", 5, 1)
dbb("dbb", 3, 4, 3)
dbb("dbb_stride", 4, 4, 5, stride=2)
dbb("dbb_grouped", 4, 6, 3, groups=2, inner=8)
dbb("dbb_depthwise", 4, 4, 3, groups=4, stride=2, inner=8)
orepa("orepa", 3, 4)
orepa("orepa_grouped", 4, 6, groups=2)
orepa_1x1()
