"""Writes and reads files of torch.save for python_pytorch_test.cpp.

    python python_pytorch.py write <folder>
    python python_pytorch.py check <folder>

"write" makes files, and beside each, as text, what is in it: for each tensor a
line of name, dtype, sizes, strides, offset, and its elements in hexadecimal.
"write_torchvision" makes one of a network. "check" loads x.pt, which is ours,
with weights_only=True, and compares it with x.txt.
"""

import argparse
import collections
import os
import sys

import torch
from torch import nn

folder = sys.argv[2]


def path(name):
    return os.path.join(folder, name)


def elements_of(tensor):
    packed = tensor.detach().resolve_conj().resolve_neg().reshape(-1).contiguous()
    return bytes(packed.view(torch.uint8).tolist()).hex()


def line_of(name, tensor):
    def numbers(values):
        return ",".join(map(str, values))

    return "\t".join(
        [
            name,
            str(tensor.dtype),
            numbers(tensor.shape),
            numbers(tensor.stride()),
            str(tensor.storage_offset()),
            elements_of(tensor),
        ]
    )


def state(name, tensors):
    with open(path(name + ".txt"), "w", encoding="utf-8") as file:
        for key, tensor in tensors.items():
            file.write(line_of(key, tensor) + "\n")


def save(name, content, tensors, **options):
    torch.save(content, path(name + ".pt"), **options)
    state(name, tensors)


def sample(dtype, *shape):
    """Bytes 1, 38, 75 and so on, modulo 251; of bools, modulo 2."""
    count = torch.empty(shape, dtype=dtype).nbytes
    modulus = 2 if dtype == torch.bool else 251
    values = [(1 + 37 * i) % modulus for i in range(count)]
    flat = torch.tensor(values, dtype=torch.uint8)
    return flat.view(dtype).view(shape) if count else torch.empty(shape, dtype=dtype)


def dtypes():
    names = """bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64
    complex32 complex64 complex128 uint16 uint32 uint64 float8_e4m3fn float8_e5m2
    float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"""
    return [getattr(torch, n) for n in names.split() if hasattr(torch, n)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.head.weight
        self.register_buffer("scratch", torch.ones(3), persistent=False)
        self.register_parameter("none", None)
        self.again = self.tied
        self.outside = [torch.ones(1)]


def write():
    torch.manual_seed(0)
    net = Net()
    plain = net.state_dict()
    for protocol in (2, 3, 4, 5):
        save(f"protocol{protocol}", plain, plain, pickle_protocol=protocol)
    save("parameters", dict(net.named_parameters()), dict(net.named_parameters()))
    parallel = nn.DataParallel(net).state_dict()
    save("parallel", {"model": parallel}, plain)

    optimizer = torch.optim.Adam(net.parameters())
    net.head(torch.randn(2, 4)).sum().backward()
    optimizer.step()
    trained = net.state_dict()
    checkpoint = {
        "epoch": 3,
        "best_acc1": torch.tensor(91.2),
        "args": argparse.Namespace(lr=0.1, betas=(0.9, 0.999), name="x", seed=1 << 70),
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
        "history": collections.defaultdict(list, loss=[1.5, float("inf")]),
        "classes": {"a", "b"},
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "shape": torch.Size([2, 3]),
        "cycle": [],
        "state_dict": trained,
    }
    checkpoint["cycle"].append(checkpoint["cycle"])
    try:
        import numpy

        checkpoint["scalar"] = numpy.float64(0.5)
        checkpoint["array"] = numpy.arange(3)
    except ImportError:
        pass
    for protocol in (2, 5):
        save(f"checkpoint{protocol}", checkpoint, trained, pickle_protocol=protocol)

    many = {}
    for dtype in dtypes():
        for shape in ((), (0, 3), (5,), (2, 3, 2)):
            many[f"{dtype}/{shape}"] = sample(dtype, *shape)
    save("dtypes", many, many)

    set_crc32 = getattr(torch.serialization, "set_crc32_options", None)
    if set_crc32:
        set_crc32(False)
    save("unchecked", plain, plain)
    if set_crc32:
        set_crc32(True)

    base = torch.arange(24.0)
    views = collections.OrderedDict(
        base=base,
        transposed=base.view(4, 6).t(),
        offset=base[5:9],
        expanded=base[:1].expand(3, 2),
        empty=base[24:].view(0, 3),
        channels_last=torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        conjugate=sample(torch.complex64, 3).conj(),
        negative=sample(torch.complex64, 3).conj().imag,
    )
    views["attributes"] = torch.ones(2)
    views["attributes"].label = "w"
    views["parameter"] = nn.Parameter(torch.ones(2))
    views["parameter"].label = "p"
    views["buffer"] = getattr(nn, "Buffer", nn.Parameter)(torch.ones(2))
    save("views", views, views)

    save("net", net, plain)
    save("net_in_checkpoint", {"epoch": 1, "model": net}, plain)
    old = {"_use_new_zipfile_serialization": False}
    for protocol in (2, 4):
        save(f"legacy{protocol}", plain, plain, pickle_protocol=protocol, **old)
    save("legacy_checkpoint", checkpoint, trained, **old)
    save("legacy_views", views, views, **old)
    save("legacy_net", net, plain, **old)
    save("legacy_dtypes", many, many, **old)
    save("empty_legacy", {}, {}, **old)
    quantized = torch.quantize_per_tensor(torch.ones(2), 1, 0, torch.qint8)
    torch.save({"a": torch.ones(1), "q": quantized}, path("quantized.pt"))
    torch.save({"a": torch.ones(1), "s": torch.eye(2).to_sparse()}, path("sparse.pt"))
    with torch.no_grad():
        torch.jit.script(nn.Linear(1, 1)).save(path("script.pt"))


def write_torchvision():
    import torchvision

    net = torchvision.models.shufflenet_v2_x0_5().state_dict()
    save("torchvision", net, net)


def check():
    with open(path("x.txt"), encoding="utf-8") as file:
        expected = file.read().splitlines()
    for mmap in (False, True):
        loaded = torch.load(path("x.pt"), weights_only=True, mmap=mmap)
        assert type(loaded) is collections.OrderedDict, type(loaded)
        found = [line_of(name, tensor) for name, tensor in loaded.items()]
        assert found == expected, (found, expected)
        assert not any(tensor.requires_grad for tensor in loaded.values())


{"write": write, "write_torchvision": write_torchvision, "check": check}[sys.argv[1]]()
