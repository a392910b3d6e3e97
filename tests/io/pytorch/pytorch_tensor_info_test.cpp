#include "io/pytorch/pytorch_tensor_info.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "files.h"
#include "io/pytorch/pytorch_files.h"

namespace expandnet::testing {
namespace {

using pickles::call;
using pickles::dict;
using pickles::global;
using pickles::integer;
using pickles::integers;
using pickles::ordered_dict;
using pickles::storage;
using pickles::tensor;
using pickles::tensor_arguments;
using pickles::text;
using pickles::tuple;
using pickles::two_floats;

const std::string kTensor = "\"x.pt\", tensor \"w\"";

/// The value that the instructions make, as a tensor.
PyTorchTensorInfo info_in(const std::string& instructions) {
  const auto bytes = pickles::whole(instructions);
  const auto pickle = read_pickle(kTensor, bytes);
  // The name of the storage would be a view into the bytes: leave it out.
  auto info = pytorch_tensor_info(kTensor, pickle, pickle.root);
  info.storage = {};
  return info;
}

/// What is said of it, the place and the remedy left out.
std::string refusal_of_info(const std::string& instructions) {
  const auto message = failure_of([&] { (void)info_in(instructions); });
  const auto remedy = message.find("; fetch the file or save it again");
  EXPECT_NE(remedy, std::string::npos) << message;
  EXPECT_EQ(message.substr(0, kTensor.size() + 2), kTensor + ": ");
  return message.substr(kTensor.size() + 2, remedy - kTensor.size() - 2);
}

std::string floats_at(std::int64_t offset,
                      const std::vector<std::int64_t>& sizes,
                      const std::vector<std::int64_t>& strides) {
  return tensor(storage("FloatStorage", "0", 6), offset, sizes, strides);
}

std::string v3(const std::string& last, const std::string& name = "0") {
  const auto untyped =
      tuple(text("storage") + global("torch.storage", "UntypedStorage") +
            text(name) + text("cpu") + integer(6)) +
      "Q";
  return call(global("torch._utils", "_rebuild_tensor_v3"),
              tensor_arguments(untyped, 1, {2}, {1}) + last);
}

TEST(PyTorchTensorInfo, IsAllThatTheCallTells) {
  const auto info = info_in(floats_at(1, {2, 3}, {2, 1}));

  EXPECT_EQ(info.dtype, FileDtype::kFloat32);
  EXPECT_EQ(info.storage_bytes, 24);
  EXPECT_EQ(info.offset, 1);
  EXPECT_EQ(info.sizes, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(info.strides, (std::vector<std::int64_t>{2, 1}));
  EXPECT_FALSE(info.conjugate);
  EXPECT_FALSE(info.negative);
}

TEST(PyTorchTensorInfo, HasTheDtypeThatFollowsAnUntypedStorage) {
  EXPECT_EQ(info_in(v3(global("torch", "uint16"))).dtype, FileDtype::kUInt16);
  EXPECT_EQ(info_in(v3(global("torch", "float8_e4m3fn"))).storage_bytes, 6);
}

const std::string kGlobalRule =
    kTensor + ": global must be one of those that hold dense tensors, got ";
const std::string kGlobalRemedy =
    "; leave it out, or save dense tensors only: "
    "torch.save(net.state_dict(), path)";

std::string failure_of_info(const std::string& instructions) {
  return failure_of([&] { (void)info_in(instructions); });
}

TEST(PyTorchTensorInfoErrors, NameGlobalsThatHoldNoDenseTensor) {
  for (const auto& name :
       {"_rebuild_qtensor", "_rebuild_sparse_tensor",
        "_rebuild_meta_tensor_no_storage", "_rebuild_nested_tensor"}) {
    EXPECT_EQ(failure_of_info(call(global("torch._utils", name), "")),
              kGlobalRule + "torch._utils." + name + kGlobalRemedy);
  }
  EXPECT_EQ(failure_of_info(call(global("os", "system"), text("true"))),
            kGlobalRule + "os.system" + kGlobalRemedy);
  EXPECT_EQ(failure_of_info(call(global("os", "_rebuild_tensor_v2"), "")),
            kGlobalRule + "os._rebuild_tensor_v2" + kGlobalRemedy);
  EXPECT_EQ(failure_of_info(call(call(global("m", "f"), ""), "")),
            kGlobalRule + "a call of m.f" + kGlobalRemedy);
  EXPECT_EQ(
      failure_of_info(call(global("torch._tensor", "_rebuild_from_type_v2"),
                           global("torch._utils", "_rebuild_tensor_v2") +
                               global("my", "Tensor") + ")N")),
      kGlobalRule + "my.Tensor" + kGlobalRemedy);
}

TEST(PyTorchTensorInfoErrors, NameStateThatIsDropped) {
  EXPECT_EQ(failure_of_info(two_floats() + "Nb"),
            kTensor +
                ": a tensor must be what its function makes of its arguments, "
                "got a call of torch._utils._rebuild_tensor_v2 with more "
                "state; load the file and save it again with a newer PyTorch");
}

TEST(PyTorchTensorInfoErrors, NameDtypesThatAreNotWholeBytes) {
  const std::string remedy = "; convert the tensor before it is saved";
  EXPECT_EQ(failure_of_info(tensor(storage("QInt8Storage", "0", 2), 0, {}, {})),
            kTensor +
                ": a storage must be of a dense dtype, got torch.QInt8Storage" +
                remedy);
  EXPECT_EQ(
      failure_of_info(v3(global("torch", "bits8"))),
      kTensor + ": dtype must be one of whole bytes, got torch.bits8" + remedy);
  EXPECT_EQ(failure_of_info(v3("N")),
            kTensor + ": dtype must be one of whole bytes, got None" + remedy);
}

TEST(PyTorchTensorInfoErrors, NameCallsOfAnotherForm) {
  EXPECT_EQ(refusal_of_info("N"), "a tensor must be made by a call, got None");
  EXPECT_EQ(refusal_of_info(
                call(global("torch._utils", "_rebuild_parameter"), "NNN")),
            "a tensor must be made by a call, got None");
  EXPECT_EQ(
      refusal_of_info(call(global("torch._utils", "_rebuild_tensor"), "NNN")),
      "_rebuild_tensor takes 4 arguments, got 3");
  EXPECT_EQ(refusal_of_info(v3("NNN")),
            "_rebuild_tensor_v3 takes 7 or 8 arguments, got 9");
  auto wrapped = two_floats();
  for (int i = 0; i < 5; ++i) {
    wrapped = call(global("torch._utils", "_rebuild_parameter"),
                   wrapped + "\x88" + ordered_dict());
  }
  EXPECT_EQ(refusal_of_info(wrapped),
            "a tensor may be wrapped 4 times, got "
            "more");
}

TEST(PyTorchTensorInfoErrors, NameStoragesOfAnotherForm) {
  EXPECT_EQ(refusal_of_info(tensor("N", 0, {}, {})),
            "a storage must be given by an id of five or six, got None");
  EXPECT_EQ(refusal_of_info(tensor(text("module") + "Q", 0, {}, {})),
            "a storage must be given by an id of five or six, got the text "
            "\"module\"");
  EXPECT_EQ(
      refusal_of_info(tensor("NNN\x87Q", 0, {}, {})),
      "a storage must be given by an id of five or six, got a tuple of 3");
  EXPECT_EQ(
      refusal_of_info(tensor(storage("FloatStorage", "0", -1), 0, {}, {})),
      "elements of a storage must be an int from 0 on, got the int -1");
  const auto id = text("storage") + global("torch", "DoubleStorage") +
                  text("0") + text("cpu");
  const auto large = "\x8a\x08" + pickles::little(~0ULL >> 1U, 8);
  EXPECT_EQ(refusal_of_info(tensor(tuple(id + large) + "Q", 0, {}, {})),
            "a storage must have less than 2^63 bytes, got 9223372036854775807 "
            "elements");
  EXPECT_EQ(refusal_of_info(
                tensor(tuple(text("storage") + global("torch", "FloatStorage") +
                             "N" + text("cpu") + integer(1)) +
                           "Q",
                       0, {}, {})),
            "the name of a storage must be text, got None");
  EXPECT_EQ(
      refusal_of_info(call(
          global("torch._utils", "_rebuild_tensor_v2"),
          tuple(text("storage") + global("torch.storage", "UntypedStorage") +
                text("0") + text("cpu") + integer(4)) +
              "Q" + integer(0) + "))" + "\x89N")),
      "a tensor must have a dtype, got a storage without any");
}

TEST(PyTorchTensorInfoErrors, NameSizesThatAreNone) {
  EXPECT_EQ(refusal_of_info(floats_at(-1, {1}, {1})),
            "offset must be an int from 0 on, got the int -1");
  EXPECT_EQ(refusal_of_info(floats_at(0, {-1}, {1})),
            "size must be an int from 0 on, got the int -1");
  EXPECT_EQ(refusal_of_info(floats_at(0, {1}, {-1})),
            "stride must be an int from 0 on, got the int -1");
  EXPECT_EQ(refusal_of_info(floats_at(0, {1, 1}, {1})),
            "a tensor must have a stride for each size, got 1 for [1, 1]");
  const std::vector<std::int64_t> many(65, 1);
  EXPECT_EQ(refusal_of_info(floats_at(0, many, many)),
            "sizes must be a tuple of at most 64, got a tuple of 65");
}

TEST(PyTorchTensorInfoErrors, NameTensorsThatLeaveTheirStorage) {
  const std::string rule = "a tensor must lie in its storage of 24 bytes, got ";
  EXPECT_EQ(failure_of_info(floats_at(5, {}, {})), "");
  EXPECT_EQ(refusal_of_info(floats_at(6, {}, {})),
            rule + "sizes [], strides [] from element 6");
  EXPECT_EQ(failure_of_info(floats_at(0, {2, 3}, {3, 1})), "");
  EXPECT_EQ(refusal_of_info(floats_at(1, {2, 3}, {3, 1})),
            rule + "sizes [2, 3], strides [3, 1] from element 1");
  EXPECT_EQ(failure_of_info(floats_at(9, {0, 3}, {3, 1})), "");
  // Products and sums that no 64 bits hold.
  constexpr std::int64_t kLarge = (1LL << 31U) - 1;
  const std::string large = std::to_string(kLarge);
  EXPECT_EQ(refusal_of_info(floats_at(0, {kLarge, kLarge, 9}, {0, 0, 0})),
            rule + "sizes [" + large + ", " + large +
                ", 9], strides [0, 0, 0] from element 0");
  EXPECT_EQ(refusal_of_info(floats_at(0, {kLarge, kLarge, 0, 9}, {0, 0, 0, 0})),
            rule + "sizes [" + large + ", " + large +
                ", 0, 9], strides [0, 0, 0, 0] from element 0");
  EXPECT_EQ(refusal_of_info(floats_at(0, {kLarge, 9}, {kLarge, kLarge})),
            rule + "sizes [" + large + ", 9], strides [" + large + ", " +
                large + "] from element 0");
}

TEST(PyTorchTensorInfoErrors, NameTensorsThatClaimMoreThanTheirStorage) {
  EXPECT_EQ(failure_of_info(floats_at(0, {1 << 12, 1 << 12}, {0, 0})), "");
  EXPECT_EQ(failure_of_info(floats_at(0, {1 << 30, 0}, {0, 0})), "");
  EXPECT_EQ(failure_of_info(floats_at(0, {(1 << 24) + 1, 1}, {0, 1})),
            kTensor +
                ": a tensor may have more bytes than its storage, of 24, up to "
                "67108864, got 67108868 for sizes [16777217, 1]; save it "
                "contiguous");
  EXPECT_EQ(failure_of_info(floats_at(0, {1 << 30, 1 << 30}, {0, 0})),
            kTensor +
                ": a tensor may have more bytes than its storage, of 24, up to "
                "67108864, got 4611686018427387904 for sizes [1073741824, "
                "1073741824]; save it contiguous");
}

TEST(PyTorchTensorInfoErrors, NameMetadataOfAnotherForm) {
  const auto with = [](const std::string& metadata) {
    return call(
        global("torch._utils", "_rebuild_tensor_v2"),
        tensor_arguments(storage("IntStorage", "0", 2), 0, {}, {}) + metadata);
  };
  EXPECT_EQ(failure_of_info(with("N")), "");
  EXPECT_EQ(failure_of_info(with(dict(text("conj") + "\x89"))), "");
  EXPECT_EQ(refusal_of_info(with(")")),
            "metadata must be a dictionary, got a tuple of 0");
  EXPECT_EQ(refusal_of_info(with(dict("NN"))),
            "a key of metadata must be text, got None");
  EXPECT_EQ(refusal_of_info(with(dict(text("conj") + "N"))),
            "metadata must be True or False, got None");
  for (const auto& name : {"conj", "neg"}) {
    EXPECT_EQ(refusal_of_info(with(dict(text(name) + "\x88"))),
              "a conjugate must be complex, and a negative part of one, got "
              "int32");
  }
}

}  // namespace
}  // namespace expandnet::testing
