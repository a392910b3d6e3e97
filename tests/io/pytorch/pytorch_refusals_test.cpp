// What read_pytorch and write_pytorch refuse, and how.
#include <ATen/ops/quantize_per_tensor.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>

#include "files.h"
#include "io/pytorch/pytorch_files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using pickles::call;
using pickles::dict;
using pickles::global;
using pickles::integer;
using pickles::storage;
using pickles::tensor;
using pickles::text;
using pickles::two_floats;

const std::string kAgain = "; fetch the file or save it again";

/// What read_pytorch says of the file, its path left out.
std::string refusal(const std::string& file, const std::string& key = "") {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x.pt", file);
  auto message = failure_of([&] { (void)read_pytorch(path, key); });
  const auto quoted = "\"" + path + "\"";
  EXPECT_EQ(message.substr(0, quoted.size()), quoted);
  return message.substr(quoted.size());
}

/// Of a checkpoint that these instructions make.
std::string refusal_of_file(const std::string& instructions,
                            const std::string& key = "") {
  return refusal(pytorch_file(instructions), key);
}

/// Of a state dict with this value for "w".
std::string refusal_of_one(const std::string& instructions) {
  const auto message = refusal_of_file(
      dict(text("w") + instructions + text("b") + two_floats()));
  const std::string start = ", tensor \"w\": ";
  EXPECT_EQ(message.substr(0, start.size()), start);
  return message.substr(start.size());
}

TEST(PyTorchRefusals, FilesOfOtherKinds) {
  const std::string rule = ": the file must be one of torch.save, got ";

  EXPECT_EQ(refusal("\x80\x04N."),
            rule +
                "another pickle; load it in Python and save its tensors with "
                "torch.save");
  EXPECT_EQ(refusal(std::string(257, 'x') + "ustar"),
            rule +
                "a tar file; unpack it; one that PyTorch before 0.1.10 wrote "
                "must be loaded and saved again");
  EXPECT_EQ(refusal(""), rule + "an empty one; give a file of torch.save");
  EXPECT_EQ(refusal("no PyTorch"),
            rule +
                "one that begins with 6e 6f 20 50 79 54 6f 72; give a file of "
                "torch.save");
}

TEST(PyTorchRefusals, TensorsThatTogetherClaimMoreThanTheFileHas) {
  const auto repeated = [](int count) {
    std::string entries;
    for (int i = 0; i < count; ++i) {
      entries += text("t" + std::to_string(i)) +
                 tensor(storage("FloatStorage", "0", 6), 0, {1 << 24}, {0});
    }
    return pytorch_file(dict(entries), {{"data/0", std::string(24, '\0')}});
  };
  // 64 MiB each, of 24 bytes: four are enough.
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x.pt", repeated(4));
  EXPECT_EQ(read_pytorch(path).tensors.size(), 4U);
  EXPECT_EQ(refusal(repeated(5)),
            ": tensors that share 24 bytes may have up to 268435840 together, "
            "got 335544320; save fewer of them, or only one of those that are "
            "the same");
}

TEST(PyTorchRefusals, ZipFilesOfOtherKinds) {
  const std::string script =
      ": the file must be one of torch.save in Python, got one of TorchScript "
      "or of LibTorch's torch::save; in Python, "
      "torch.save(torch.jit.load(path).state_dict(), other)";
  EXPECT_EQ(refusal(zip_of({{"n/data.pkl", ""}, {"n/constants.pkl", ""}})),
            script);
  EXPECT_EQ(refusal(zip_of({{"n/data.pkl", ""}, {"n/code/net.py", ""}})),
            script);
  EXPECT_EQ(refusal(zip_of({{"n/archive_format", "pt2"}})),
            ": the file must be one of torch.save, got one of torch.export; in "
            "Python, torch.save(torch.export.load(path).state_dict, other)");
  EXPECT_EQ(refusal(zip_of({{"n/byteorder", "big"}})),
            ": the bytes of numbers must be in little-endian order, got "
            "\"big\"; save the file on a little-endian machine");
  EXPECT_EQ(refusal(zip_of({{"a/b.txt", ""}})),
            ": the file must hold \"a/data.pkl\", got none" + kAgain);
  EXPECT_EQ(refusal(zip_of({})),
            ": the file must hold \"data.pkl\", got none" + kAgain);
}

TEST(PyTorchRefusals, DamagedFiles) {
  const auto whole = pytorch_file(dict(text("w") + two_floats()));
  const std::string end =
      ": a zip file must end with the record of its directory, got none in the "
      "last 100 bytes";
  EXPECT_EQ(refusal(whole.substr(0, 100)), end + kAgain);
  EXPECT_EQ(refusal(patched(whole, whole.find(floats(2)), "x")),
            ": the bytes of \"x/data/0\" must have the checksum of the "
            "directory, got another" +
                kAgain);
  EXPECT_EQ(refusal(patched(whole, 64, "x")),
            ": the bytes of \"x/data.pkl\" must have the checksum of the "
            "directory, got another" +
                kAgain);
  EXPECT_EQ(refusal_of_file("N)"),
            ", x/data.pkl, byte 4: a pickle must end with its only value, got "
            "more" +
                kAgain);
}

TEST(PyTorchRefusals, CheckpointsWithoutWeights) {
  const std::string net =
      "; save the state dict: torch.save(net.state_dict(), "
      "path)";
  EXPECT_EQ(refusal_of_file(global("my.nets", "Net") + ")\x81}b"),
            ": a checkpoint must be a dictionary or a module, got a call of "
            "my.nets.Net" +
                net);
  EXPECT_EQ(refusal_of_file(two_floats()),
            ": a checkpoint must be a dictionary or a module, got a call of "
            "torch._utils._rebuild_tensor_v2" +
                net);
  const auto generator = dict(text("epoch") + integer(3) + integer(1) + "N" +
                              text("gen") + dict(text("w") + two_floats()));
  const std::string list =
      "got \"epoch\" (the int 3), the int 1 (None), \"gen\" (a dictionary of "
      "1)";
  EXPECT_EQ(refusal_of_file(generator),
            ": a checkpoint must hold tensors, or one state dict, " + list +
                "; give the key of the dictionary that holds them");
  EXPECT_EQ(refusal_of_file(generator, "model"),
            ": \"model\" must be a dictionary of tensors, " + list +
                "; give the key of one");
  EXPECT_EQ(refusal_of_file(generator, "epoch"),
            ": \"epoch\" must be a dictionary of tensors, " + list +
                "; give the key of one");
  std::string many;
  for (int i = 0; i < 22; ++i) many += integer(i) + "N";
  const auto message = refusal_of_file(dict(many));
  EXPECT_NE(message.find("the int 19 (None) and 2 more; give"),
            std::string::npos)
      << message;
}

TEST(PyTorchRefusals, CheckpointsWithSeveralStateDicts) {
  const auto weights = dict(text("w") + two_floats());
  EXPECT_EQ(
      refusal_of_file(dict(text("net") + weights + text("model") + weights)),
      ": one dictionary must hold the weights, got \"model\" and "
      "\"net\"; give the key of one");
}

TEST(PyTorchRefusals, AStateDictAroundAnother) {
  const auto weights = dict(text("w") + two_floats());
  EXPECT_EQ(refusal_of_file(dict(text("model") + weights +
                                 text("fc.chain.0.weight") + two_floats())),
            ": one dictionary must hold the weights, got \"model\" and, beside "
            "it, \"fc.chain.0.weight\"; give the key \"model\", or save the "
            "others in a file of their own");
}

TEST(PyTorchRefusals, NamesThatAreNone) {
  EXPECT_EQ(refusal_of_file(
                dict(text("w") + two_floats() + text("w") + two_floats())),
            ": names of tensors must differ, got \"w\" twice" + kAgain);
  EXPECT_EQ(
      refusal_of_file(dict(integer(1) + two_floats())),
      ": the name of a tensor must be text in UTF-8, got the int 1" + kAgain);
  for (const auto& name :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(refusal_of_file(dict(text(name) + two_floats())).substr(0, 57),
              ": the name of a tensor must be text in UTF-8, got the tex");
  }
}

TEST(PyTorchRefusals, TensorsInsideOtherValues) {
  const auto refused = [](const std::string& value) {
    return refusal_of_file(
        dict(text("w") + two_floats() + text("inner") + value));
  };
  const auto message = [](const std::string& value) {
    return ": an entry that holds a tensor must be one, got \"inner\", " +
           value +
           "; save its tensors under names of their own, dequantized, or leave "
           "it out";
  };
  EXPECT_EQ(refused(pickles::tuple(two_floats() + "N")),
            message("a tuple of 2"));
  EXPECT_EQ(refused("](" + two_floats() + "e"), message("a list of 1"));
  EXPECT_EQ(refused(dict(text("v") + two_floats())),
            message("a dictionary of 1"));
  // As packed parameters of a quantized layer: a call, deeper down.
  EXPECT_EQ(refused(pickles::tuple(
                call(global("torch._utils", "_rebuild_qtensor"),
                     pickles::tuple(storage("QInt8Storage", "0", 8))) +
                "N")),
            message("a tuple of 2"));
  // In the state of an object, its items, its keywords, and the former ones.
  const auto object = global("argparse", "Namespace") + ")\x81";
  const auto held = dict(text("v") + two_floats());
  for (const auto& given :
       {object + held + "b", object + held + "bNb", object + held + "a",
        object + text("v") + two_floats() + "sNNs",
        object + two_floats() + "aNaNa", global("m", "C") + ")" + held + "\x92",
        global("m", "C") + ")" + held + "\x92Na"}) {
    EXPECT_EQ(refused("](" + given + "e"), message("a list of 1"));
  }
}

TEST(PyTorchRefusals, ModulesWithOtherParts) {
  const auto module = [](const std::string& parameters,
                         const std::string& modules) {
    return global("net", "Net") + ")\x81" +
           dict(text("_parameters") + dict(parameters) + text("_buffers") +
                "}" + text("_modules") + dict(modules)) +
           "b";
  };
  const auto message = [](const std::string& value) {
    return ": a module must hold modules and dense tensors, got " + value +
           "; save the state dict: torch.save(net.state_dict(), path)";
  };
  const auto packed = global("torch.nn.quantized", "Packed") + ")\x81Nb";

  EXPECT_EQ(refusal_of_file(module("", text("fc") + packed)),
            message("a call of torch.nn.quantized.Packed at \"fc\""));
  EXPECT_EQ(refusal_of_file(module(text("w") + integer(3), "")),
            message("the int 3 at \"w\""));
  EXPECT_EQ(
      refusal_of_file(module(integer(1) + two_floats(), "")),
      ": the name of a tensor must be text in UTF-8, got the int 1" + kAgain);
  EXPECT_EQ(refusal_of_file(module(
                text("w") + two_floats() + text("w") + two_floats(), "")),
            ": names of tensors must differ, got \"w\" twice" + kAgain);
}

TEST(PyTorchRefusals, ModulesWithoutEnd) {
  // Each module holds the next twice: 2^40 names.
  std::string inner =
      global("net", "Net") + ")\x81" +
      dict(text("_parameters") + dict(text("w") + two_floats()) +
           text("_buffers") + "}" + text("_modules") + "}") +
      "b";
  for (int i = 0; i < 40; ++i) {
    const auto memo = "q" + std::string(1, static_cast<char>(i + 1));
    const auto again = "h" + std::string(1, static_cast<char>(i + 1));
    inner = global("net", "Net") + ")\x81" +
            dict(text("_parameters") + "}" + text("_buffers") + "}" +
                 text("_modules") +
                 dict(text("a") + inner + memo + text("b") + again)) +
            "b";
  }

  EXPECT_EQ(
      refusal_of_file(inner),
      ": the tree of a pickled module may have 67108864 bytes of names, "
      "got more; save the state dict: torch.save(net.state_dict(), path)");
}

TEST(PyTorchRefusals, TensorsByName) {
  EXPECT_EQ(refusal_of_one(call(global("os", "system"), text("true"))),
            "global must be one of those that hold dense tensors, got "
            "os.system; leave it out, or save dense tensors only: "
            "torch.save(net.state_dict(), "
            "path)");
  EXPECT_EQ(
      refusal_of_one(tensor(storage("FloatStorage", "0", 2), 0, {3}, {1})),
      "a tensor must lie in its storage of 8 bytes, got sizes [3], "
      "strides [1] from element 0" +
          kAgain);
}

TEST(PyTorchRefusals, ArraysOfNumPyBesideTensors) {
  EXPECT_EQ(refusal_of_one(call(global("numpy.core.multiarray", "_reconstruct"),
                                text("b")) +
                           "Nb"),
            "global must be one of those that hold dense tensors, got "
            "numpy.core.multiarray._reconstruct; leave it out, or save dense "
            "tensors only: torch.save(net.state_dict(), path)");
}

TEST(PyTorchRefusals, FilesOfOtherTensorsOnly) {
  EXPECT_EQ(refusal_of_file(dict(
                text("q") +
                call(global("torch._utils", "_rebuild_qtensor"), integer(1)))),
            ", tensor \"q\": global must be one of those that hold dense "
            "tensors, got torch._utils._rebuild_qtensor; leave it out, or save "
            "dense tensors only: torch.save(net.state_dict(), path)");
}

TEST(PyTorchRefusals, StoragesThatAreNotInTheFile) {
  EXPECT_EQ(
      refusal_of_one(tensor(storage("FloatStorage", "7", 2), 0, {2}, {1})),
      "the file must hold \"x/data/7\", got none" + kAgain);
  EXPECT_EQ(
      refusal_of_one(tensor(storage("FloatStorage", "0", 3), 0, {3}, {1})),
      "its storage \"0\" must have 12 bytes, got 8" + kAgain);
  EXPECT_EQ(refusal_of_one(tensor(storage("BoolStorage", "0", 8), 0, {1}, {1})),
            "elements of torch.bool must be 0 or 1, got another byte" + kAgain);
}

TEST(PyTorchRefusals, TensorsThatCannotBeWritten) {
  const ScratchFolder folder;
  const auto refused = [&](const std::string& name, const at::Tensor& tensor) {
    return error_of([&] {
      write_pytorch({{{name, tensor}}, {}}, folder / "x.pt");
    });
  };
  const std::string where = "write_pytorch: tensor \"w\" must ";
  const auto ones = at::ones({2, 2});

  EXPECT_EQ(refused("w", {}), where + "be defined, got none; leave it out");
  EXPECT_EQ(refused("w", ones.to_sparse()),
            where +
                "have its elements in memory, got a sparse one; make it a "
                "dense one first");
  EXPECT_EQ(refused("w", at::quantize_per_tensor(ones, 1, 0, at::kQInt8)),
            where +
                "have its elements in memory, got a quantized one; make it a "
                "dense one first");
  EXPECT_EQ(refused("w", ones.to(at::kMeta)),
            where +
                "have its elements in memory, got one on the meta device; make "
                "it a dense one first");
  EXPECT_EQ(refused("w", at::empty({1}, at::ScalarType::Bits8)),
            where + "have a dtype of whole bytes, got Bits8; convert it");
  EXPECT_EQ(refused("\xff", ones),
            "write_pytorch: the name of a tensor must be UTF-8, got "
            "\"\\xff\"; write it in UTF-8");
  EXPECT_EQ(error_of([&] {
              write_pytorch({{{"w", ones}, {"w", ones}}, {}}, folder / "x.pt");
            }),
            "write_pytorch: names of tensors must differ, got \"w\" again; "
            "rename one");
  EXPECT_EQ(folder.size(), 0);
}

TEST(PyTorchRefusals, AFullDiskLeavesTheOldFile) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x.pt", "old");
  std::string message;
  {
    const FileSizeLimit limit(10000);
    message = failure_of([&] {
      write_pytorch({{{"w", at::ones({100, 100})}}, {}}, path);
    });
  }

  EXPECT_EQ(message, "cannot write \"" + path +
                         "\": File too large; raise the limit on the size of "
                         "files (ulimit -f) or choose another disk");
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(folder.size(), 1);
}

TEST(PyTorchRefusals, NoFile) {
  const ScratchFolder folder;

  EXPECT_EQ(
      failure_of([&] { (void)read_pytorch(folder / "x.pt"); }),
      "cannot open \"" + (folder / "x.pt") + "\": No such file or directory");
}

}  // namespace
}  // namespace expandnet::testing
