// Files of torch.save from before PyTorch 1.6, put together by hand.
#include "io/pytorch/legacy_file.h"

#include <ATen/core/Tensor.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <string>

#include "files.h"
#include "io/dtypes.h"
#include "io/pytorch/pytorch_files.h"

namespace expandnet::testing {
namespace {

using namespace pickles;

const std::string kFetchOldFile = "; fetch the file or save it again";

/// The magic number of the files as a pickle.
const std::string kOldMagic =
    whole("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
const std::string kOldSystem = whole(dict(text("little_endian") + "\x88"));

/// The id of a storage, with a view: "N", or a tuple.
std::string old_storage(const std::string& type, const std::string& name,
                        std::int64_t numel, const std::string& view) {
  return tuple(text("storage") + global("torch", type) + text(name) +
               text("cpu") + integer(numel) + view) +
         "Q";
}

std::string old_file(const std::string& instructions, const std::string& names,
                     const std::string& storages) {
  return kOldMagic + whole(integer(1001)) + kOldSystem + whole(instructions) +
         whole(names) + storages;
}

/// Names as a list, of any protocol.
std::string list_of(const std::string& items) { return "](" + items + "e"; }

const std::string kSix = little(6, 8) + floats(6);
const std::string kSixFloats = old_storage("FloatStorage", "7", 6, "N");

Weights old_weights(const std::string& file) {
  const ScratchFolder folder;
  return read_pytorch(write_bytes(folder / "x.pth", file));
}

std::string old_refusal(const std::string& file) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x.pth", file);
  const auto message = failure_of([&] { (void)read_pytorch(path); });
  return message.substr(path.size() + 2);
}

TEST(LegacyFile, ReadsTensorsOfOneStorage) {
  const auto weights = old_weights(
      old_file(dict(text("t") + tensor(kSixFloats, 1, {2, 2}, {1, 2}) +
                    text("all") + tensor(kSixFloats, 0, {6}, {1})),
               list_of(text("7")), kSix));

  const auto t = tensor_of(weights, "t");
  EXPECT_TRUE(t.equal(at::tensor({2.0F, 4.0F, 3.0F, 5.0F}).view({2, 2})));
  EXPECT_TRUE(t.is_alias_of(tensor_of(weights, "all")));
}

TEST(LegacyFile, ReadsStoragesInTheOrderOfTheirNames) {
  const auto bytes = old_storage("ByteStorage", "b", 3, "N");
  const auto empty = old_storage("HalfStorage", "e", 0, "N");
  const auto weights = old_weights(old_file(
      dict(text("f") + tensor(kSixFloats, 0, {6}, {1}) + text("b") +
           tensor(bytes, 0, {3}, {1}) + text("e") + tensor(empty, 0, {0}, {1})),
      list_of(text("b") + text("e") + text("7")),
      little(3, 8) + "\x01\x02\x03" + little(0, 8) + kSix));

  EXPECT_EQ(tensor_of(weights, "f")[5].item<float>(), 6.0F);
  EXPECT_EQ(tensor_of(weights, "b")[2].item<int>(), 3);
  EXPECT_EQ(tensor_of(weights, "e").numel(), 0);
}

TEST(LegacyFile, CountsFromTheViewOfAStorage) {
  const auto view = old_storage("FloatStorage", "7", 6,
                                tuple(text("8") + integer(2) + integer(3)));

  const auto weights =
      old_weights(old_file(dict(text("v") + tensor(view, 1, {2}, {1}) +
                                text("all") + tensor(kSixFloats, 0, {6}, {1})),
                           list_of(text("7")), kSix));

  const auto v = tensor_of(weights, "v");
  EXPECT_TRUE(v.equal(at::tensor({4.0F, 5.0F})));
  EXPECT_TRUE(v.is_alias_of(tensor_of(weights, "all")));
}

TEST(LegacyFile, ReadsWhatPython2Writes) {
  const auto short_text = [](const std::string& text) {
    return "U" + little(text.size(), 1) + text;
  };
  const auto id =
      tuple(short_text("storage") + global("torch", "FloatStorage") +
            short_text("7") + short_text("cuda:0") + integer(6) + "N") +
      "Q";
  const auto pair = list_of(short_text("w") + tensor(id, 0, {2, 3}, {3, 1}));
  const auto state = call(global("collections", "OrderedDict"), list_of(pair)) +
                     dict(short_text("_metadata") + ordered_dict()) + "b";

  const auto weights =
      old_weights(old_file(dict(short_text("state_dict") + state +
                                short_text("seed") + "I4000000000\n"),
                           list_of(short_text("7")), kSix));

  EXPECT_TRUE(
      tensor_of(weights, "w").equal(at::arange(1.0F, 7.0F).view({2, 3})));
}

/// As torch.save(net, path): classes are ids that bring their source.
TEST(LegacyFile, ReadsModulesWithTheirSource) {
  const auto type = tuple(text("module") + global("net", "Net") +
                          text("/home/me/net.py") + text("class Net: ...")) +
                    "Q";
  const auto net = type + ")\x81" +
                   dict(text("_parameters") +
                        dict(text("w") + tensor(kSixFloats, 0, {6}, {1})) +
                        text("_buffers") + "}" + text("_modules") + "}") +
                   "b";

  const auto weights = old_weights(old_file(net, list_of(text("7")), kSix));

  EXPECT_EQ(tensor_of(weights, "w").numel(), 6);
}

TEST(LegacyFileErrors, NameWhatDamageLeft) {
  const auto one = dict(text("w") + tensor(kSixFloats, 0, {6}, {1}));
  const auto good = old_file(one, list_of(text("7")), kSix);
  const auto storages_at = std::to_string(good.size() - kSix.size());
  const auto begin_of_end = ", byte " + storages_at + ": ";

  EXPECT_EQ(old_refusal(good.substr(0, good.size() - 1)),
            begin_of_end +
                "storage \"7\" must have 24 bytes after their number, got 23" +
                kFetchOldFile);
  EXPECT_EQ(old_refusal(good.substr(0, good.size() - 30)),
            begin_of_end +
                "storage \"7\" must have 24 bytes after their number, got 0" +
                kFetchOldFile);
  EXPECT_EQ(old_refusal(good + "x"),
            ", byte " + std::to_string(good.size()) +
                ": the file must end after its storages, "
                "got 1 more bytes" +
                kFetchOldFile);
  EXPECT_EQ(
      old_refusal(old_file(one, list_of(text("7")), little(5, 8) + floats(6))),
      begin_of_end +
          "storage \"7\" must have the 6 elements that the pickle "
          "tells, got 5" +
          kFetchOldFile);
  EXPECT_EQ(old_refusal(kOldMagic + whole(integer(1000))),
            ": the protocol of the file must be 1001, got the int 1000" +
                kFetchOldFile);
  EXPECT_EQ(old_refusal(kOldMagic),
            ", byte 15: an instruction must find all of its bytes, 1, got 0" +
                kFetchOldFile);
}

TEST(LegacyFileErrors, NameWhatTheListOfStoragesLacks) {
  const auto one = dict(text("w") + tensor(kSixFloats, 0, {6}, {1}));

  EXPECT_EQ(
      old_refusal(old_file(one, "N", kSix)),
      ": the names of the storages must be a list, got None" + kFetchOldFile);
  EXPECT_EQ(old_refusal(old_file(one, list_of(text("8")), kSix)),
            ": a name of the list must be a storage's, got the text \"8\"" +
                kFetchOldFile);
  EXPECT_EQ(old_refusal(old_file(one, list_of(integer(7)), kSix)),
            ": a name of the list must be a storage's, got the int 7" +
                kFetchOldFile);
  EXPECT_EQ(
      old_refusal(old_file(one, list_of(text("7") + text("7")), kSix + kSix)),
      ": a storage may stand once in the list, got \"7\" again" +
          kFetchOldFile);
  EXPECT_EQ(old_refusal(old_file(one, "]", "")),
            ": the file must hold every storage, got no storage \"7\"" +
                kFetchOldFile);
  EXPECT_EQ(
      old_refusal(old_file(
          dict(text("w") + tensor(kSixFloats, 0, {6}, {1}) + text("v") +
               tensor(old_storage("FloatStorage", "7", 5, "N"), 0, {5}, {1})),
          list_of(text("7")), kSix)),
      ": storage \"7\" must have one size and dtype, got 24 and 20 bytes" +
          kFetchOldFile);
  EXPECT_EQ(
      old_refusal(old_file(
          dict(text("w") +
               tensor(old_storage("QInt8Storage", "7", 6, "N"), 0, {6}, {1})),
          list_of(text("7")), kSix)),
      ": a storage must be of a dense dtype, got torch.QInt8Storage; convert "
      "the tensor before it is saved");
}

TEST(LegacyFileErrors, NameViewsThatAreNone) {
  const auto refused = [](const std::string& view, std::int64_t size) {
    return old_refusal(old_file(
        dict(text("w") +
             tensor(old_storage("FloatStorage", "7", 6, view), 0, {size}, {1})),
        list_of(text("7")), kSix));
  };
  const auto view = [](std::int64_t offset, std::int64_t numel) {
    return tuple(text("8") + integer(offset) + integer(numel));
  };

  EXPECT_EQ(refused("\x88", 1),
            ": a view of a storage must be None or a tuple of three, got True" +
                kFetchOldFile);
  EXPECT_EQ(refused(view(4, 3), 1),
            ": a view must lie in its storage of 24 bytes, got 12 bytes from "
            "byte 16" +
                kFetchOldFile);
  EXPECT_EQ(refused(view(-1, 3), 1),
            ": the offset of a view must be an int from 0 on, got the int -1" +
                kFetchOldFile);
  EXPECT_EQ(refused(view(3, 3), 4),
            ", tensor \"w\": a tensor must lie in its storage of 12 bytes, got "
            "sizes [4], strides [1] from element 0" +
                kFetchOldFile);
}

}  // namespace
}  // namespace expandnet::testing
