"""Writes and reads the files that the tests of safetensors compare.

    python python_safetensors.py write <file>
    python python_safetensors.py check <file>

Both know the same tensors: four shapes of each dtype that the installed package
has, and metadata. `check` fails, naming the tensor, unless the file holds them.
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import save, save_file

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "U16": "uint16",
    "I32": "int32",
    "U32": "uint32",
    "I64": "int64",
    "U64": "uint64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
SHAPES = [(), (0, 3), (5,), (2, 3, 2)]
METADATA = {"é": 'quoted "\\\n\x01'}


def is_known(dtype):
    """Whether the installed packages have it: older ones lack some."""
    try:
        save({"t": torch.empty(1, dtype=getattr(torch, dtype))})
        return True
    except (AttributeError, KeyError, ValueError):
        return False


def sample(dtype, shape):
    """As sample() in dtypes.h."""
    dtype = getattr(torch, dtype)
    count = dtype.itemsize * torch.Size(shape).numel()
    modulus = 2 if dtype == torch.bool else 251
    values = (1 + 37 * torch.arange(count)) % modulus
    return values.to(torch.uint8).view(dtype).reshape(shape)


def bits(tensor):
    return tensor.contiguous().flatten().view(torch.uint8)


tensors = {
    f"{name}/{i}": sample(dtype, shape)
    for name, dtype in DTYPES.items()
    if is_known(dtype)
    for i, shape in enumerate(SHAPES)
}
verb, path = sys.argv[1:]
if verb == "write":
    save_file(tensors, path, METADATA)
else:
    with safe_open(path, "pt") as file:
        assert file.metadata() == METADATA, file.metadata()
        assert set(file.keys()) == set(tensors), sorted(file.keys())
        for name, tensor in tensors.items():
            read = file.get_tensor(name)
            assert read.dtype == tensor.dtype, (name, read.dtype)
            assert read.shape == tensor.shape, (name, read.shape)
            assert torch.equal(bits(read), bits(tensor)), name
