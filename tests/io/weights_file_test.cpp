#include <ATen/Functions.h>
#include <c10/util/StringUtil.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "files.h"
#include "io/pytorch/pytorch_files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

std::string failure_to_take(const std::string& path,
                            const std::string& key = "") {
  return failure_of([&] { static_cast<void>(read_weights(path, key)); });
}

TEST(WeightsFile, TellsTheFormatByTheContent) {
  const ScratchFolder folder;
  const Weights weights = {{{"w", at::ones({2})}}, {}};
  for (const auto* name : {"net.safetensors", "net.pt", "net.pth"}) {
    write_weights(weights, folder / name);
    std::filesystem::rename(folder / name, folder / "net");

    const auto read = read_weights(folder / "net");

    ASSERT_EQ(read.tensors.size(), 1U);
    EXPECT_EQ(read.tensors[0].first, "w");
    EXPECT_TRUE(read.tensors[0].second.equal(at::ones({2})));
  }
}

/// The names that are read of a file with these, each with a comma behind it.
std::string read_as(const std::vector<std::string>& names,
                    const std::string& file,
                    WrapperNames wrappers = WrapperNames::kDropped) {
  const ScratchFolder folder;
  Weights weights;
  for (const auto& name : names) {
    weights.tensors.emplace_back(name, at::ones({2}));
  }
  write_weights(weights, folder / file);
  // The order of files of safetensors is by dtype and name.
  std::set<std::string> read;
  for (const auto& item : read_weights(folder / file, "", wrappers).tensors) {
    read.insert(item.first);
  }
  return c10::Join(",", read) + ",";
}

class WrapperNamesOf : public ::testing::TestWithParam<const char*> {};

TEST_P(WrapperNamesOf, GoByOneRule) {
  const std::string file = GetParam();

  EXPECT_EQ(read_as({"module.a.w", "module.b"}, file), "a.w,b,");
  EXPECT_EQ(read_as({"module.module.w"}, file), "w,");
  EXPECT_EQ(read_as({"module.w", "b"}, file), "b,module.w,");
  EXPECT_EQ(read_as({"_orig_mod.w"}, file), "w,");
  EXPECT_EQ(read_as({"module._orig_mod.w"}, file), "w,");
  EXPECT_EQ(read_as({"net._orig_mod.w", "b"}, file), "b,net.w,");
  EXPECT_EQ(read_as({"a_orig_mod.w"}, file), "a_orig_mod.w,");
  EXPECT_EQ(read_as({"_fsdp_wrapped_module.a._fsdp_wrapped_module.w"}, file),
            "a.w,");
  EXPECT_EQ(read_as({"module.w", "n_averaged"}, file), "w,");
  EXPECT_EQ(read_as({"w", "n_averaged"}, file), "n_averaged,w,");
  EXPECT_EQ(read_as({"model.w"}, file), "model.w,");
  EXPECT_EQ(read_as({"_orig_mod.w", "w"}, file), "_orig_mod.w,w,");
  EXPECT_EQ(read_as({"module."}, file), "module.,");
}

TEST_P(WrapperNamesOf, StayWhereTheUserSaysSo) {
  EXPECT_EQ(read_as({"module._orig_mod.w"}, GetParam(), WrapperNames::kKept),
            "module._orig_mod.w,");
}

INSTANTIATE_TEST_SUITE_P(Io, WrapperNamesOf,
                         ::testing::Values("x.safetensors", "x.pt"),
                         [](const auto& file) {
                           return std::string(file.param).substr(2);
                         });

TEST(WeightsFile, NotesWhatWrappersLeft) {
  const ScratchFolder folder;
  write_weights(
      {{{"module._orig_mod.w", at::ones({2})}, {"n_averaged", at::ones({1})}},
       {}},
      folder / "x.pt");

  EXPECT_EQ(read_weights(folder / "x.pt").notes,
            (std::vector<std::string>{
                "without \"n_averaged\", the counter of "
                "torch.optim.swa_utils.AveragedModel",
                "names without \"_orig_mod.\", which a wrapper puts into "
                "them",
                "names without \"module.\", which a wrapper puts into "
                "them"}));
}

TEST(WeightsFile, NotesThatTheAttributeOfLightningStays) {
  const ScratchFolder folder;
  write_weights({{{"model.w", at::ones({2})}}, {}}, folder / "x.pt");

  EXPECT_EQ(read_weights(folder / "x.pt").notes,
            std::vector<std::string>{
                "all names begin with \"model.\", which stays: only under the "
                "key \"state_dict\" it is Lightning's"});
}

/// A checkpoint of Lightning, and the same at another key.
TEST(WeightsFile, DropsTheAttributeOfLightning) {
  const ScratchFolder folder;
  const auto read = [&](const std::string& key) {
    const auto path = write_bytes(
        folder / "x.ckpt",
        pytorch_file(pickles::dict(
            pickles::text(key) +
            pickles::dict(pickles::text("model.w") + pickles::two_floats()))));
    return read_weights(path).tensors.at(0).first;
  };

  EXPECT_EQ(read("state_dict"), "w");
  EXPECT_EQ(read("net"), "model.w");
}

TEST(WeightsFile, ReadsTiedTensorsUnderAllTheirNames) {
  const ScratchFolder folder;
  const auto path = folder / "tied.safetensors";
  write_weights({{{"a.weight", at::ones({2})}},
                 {{"b.weight", "a.weight"},
                  {"out", "a.weight"},
                  {"c.weight", "d.weight"}}},
                path);

  const auto read = read_weights(path);

  ASSERT_EQ(read.tensors.size(), 3U);
  EXPECT_EQ(read.tensors[1].first, "b.weight");
  EXPECT_TRUE(read.tensors[1].second.is_same(read.tensors[0].second));
  EXPECT_EQ(read.tensors[2].first, "out");
  EXPECT_TRUE(read.tensors[2].second.is_same(read.tensors[0].second));
  EXPECT_EQ(read.metadata.size(), 1U);
  EXPECT_EQ(read.notes, std::vector<std::string>{
                            "\"out\" is \"a.weight\", as the metadata say"});
}

const std::string kFirst = "model-00001-of-00002.safetensors";
const std::string kSecond = "model-00002-of-00002.safetensors";

/// The index of two shards, which hold a tensor each.
std::string write_shards(const ScratchFolder& folder,
                         const std::string& weight_map) {
  write_weights({{{"fc.chain.0.weight", at::ones({2})}}, {{"format", "pt"}}},
                folder / kFirst);
  write_weights({{{"fc.chain.1.weight", at::zeros({3})}}, {}},
                folder / kSecond);
  return write_bytes(
      folder / "model.safetensors.index.json",
      R"({"metadata": {"total_size": 20}, "weight_map": )" + weight_map + "}");
}

std::string entry(const std::string& name, const std::string& file) {
  return "\"" + name + "\": \"" + file + "\"";
}

TEST(WeightsFile, ReadsAllShardsOfAnIndex) {
  const ScratchFolder folder;
  const auto index =
      write_shards(folder, "{" + entry("fc.chain.1.weight", kSecond) + ", " +
                               entry("fc.chain.0.weight", kFirst) + "}");

  const auto read = read_weights(index);

  ASSERT_EQ(read.tensors.size(), 2U);
  EXPECT_EQ(read.tensors[0].first, "fc.chain.0.weight");
  EXPECT_TRUE(read.tensors[0].second.equal(at::ones({2})));
  EXPECT_EQ(read.tensors[1].first, "fc.chain.1.weight");
  EXPECT_TRUE(read.tensors[1].second.equal(at::zeros({3})));
  EXPECT_EQ(read.metadata.at("format"), "pt");
}

TEST(WeightsFile, ReadsTiedTensorsOfShards) {
  const ScratchFolder folder;
  write_weights({{{"a.weight", at::ones({2})}}, {{"b.weight", "a.weight"}}},
                folder / kFirst);
  write_weights({{{"fc.weight", at::zeros({3})}}, {}}, folder / kSecond);
  const auto index =
      write_bytes(folder / "model.safetensors.index.json",
                  R"({"metadata": {"total_size": 20, "c.weight": "a.weight"},
                      "weight_map": {)" +
                      entry("a.weight", kFirst) + ", " +
                      entry("fc.weight", kSecond) + "}}");

  const auto read = read_weights(index);

  ASSERT_EQ(read.tensors.size(), 4U);
  EXPECT_EQ(read.tensors[2].first, "b.weight");
  EXPECT_EQ(read.tensors[3].first, "c.weight");
  for (const auto i : {2U, 3U}) {
    EXPECT_TRUE(read.tensors[i].second.is_same(read.tensors[0].second));
  }
}

TEST(WeightsFile, ReadsTheIndexOfAVariant) {
  const ScratchFolder folder;
  const auto index =
      write_shards(folder, "{" + entry("fc.chain.1.weight", kSecond) + ", " +
                               entry("fc.chain.0.weight", kFirst) + "}");
  const auto variant = folder / "model.safetensors.index.fp16.json";
  std::filesystem::rename(index, variant);

  EXPECT_EQ(read_weights(variant).tensors.size(), 2U);
}

/// Other programs name files so, too.
TEST(WeightsFile, ReadsFilesBesideAForeignIndex) {
  const ScratchFolder folder;
  const auto path = folder / "own.pth";
  write_weights({{{"w", at::ones({2})}}, {}}, path);
  for (const auto& index : {R"({"own.pth": 1e999})", "own.pth", "",
                            R"({"weight_map": ["own.pth"]})"}) {
    write_bytes(folder / "x.index.json", index);
    EXPECT_EQ(failure_to_take(path), "");
  }
  write_bytes(folder / "x.index.json", R"({"own.pth": 1e999})");
  EXPECT_EQ(failure_to_take(folder / "x.index.json"),
            "\"" + (folder / "x.index.json") +
                "\": an index must be JSON in UTF-8, got a number out of "
                "range; fetch the files again");
}

TEST(WeightsFile, ReadsNumberedCheckpoints) {
  const ScratchFolder folder;
  for (const auto* name : {"net-00010.pth", "net-00011.pth"}) {
    write_weights({{{"w", at::ones({2})}}, {}}, folder / name);
  }

  EXPECT_EQ(failure_to_take(folder / "net-00010.pth"), "");
  write_bytes(folder / "net-00009.pth", "text");
  EXPECT_EQ(failure_to_take(folder / "net-00010.pth"), "");
}

TEST(WeightsFileErrors, NameAPartByItsNeighbour) {
  const ScratchFolder folder;
  write_weights({{{"a", at::ones({2})}}, {}}, folder / "own-00001.safetensors");
  write_weights({{{"b", at::ones({2})}}, {}}, folder / "own-00002.safetensors");
  const auto message = [&](const char* path, const std::string& other) {
    return "\"" + (folder / path) +
           "\": weights must be read whole, got one of several parts, as \"" +
           other +
           "\" has other tensors; give an index of them, or give a whole file "
           "a name without a number";
  };
  EXPECT_EQ(failure_to_take(folder / "own-00001.safetensors"),
            message("own-00001.safetensors", "own-00002.safetensors"));
  EXPECT_EQ(failure_to_take(folder / "own-00002.safetensors"),
            message("own-00002.safetensors", "own-00001.safetensors"));
}

TEST(WeightsFileErrors, NameTheIndexOfAShardThatABrowserNamed) {
  const ScratchFolder folder;
  const auto path = folder / "pytorch_model-00001-of-00002 (1).bin";
  write_weights({{{"w", at::ones({2})}}, {}}, folder / "w.pth");
  std::filesystem::rename(folder / "w.pth", path);

  EXPECT_EQ(failure_to_take(path),
            "\"" + path +
                "\": weights must be read whole, got one shard of several; "
                "give the index: pytorch_model.bin.index.json");
}

TEST(WeightsFileErrors, NameTheIndexOfAShard) {
  const ScratchFolder folder;
  write_shards(folder, "{}");  // no other says it: the name does
  const auto message = [](const std::string& path) {
    return "\"" + path +
           "\": weights must be read whole, got one shard of several; give the "
           "index: model.safetensors.index.json";
  };
  EXPECT_EQ(failure_to_take(folder / kFirst), message(folder / kFirst));

  std::filesystem::rename(folder / kFirst, folder / "a.safetensors");
  EXPECT_EQ(failure_to_take(folder / "a.safetensors"), "");
  write_bytes(folder / "model.safetensors.index.json",
              R"({"weight_map": {"v": "a.safetensors", "w": "b"}})");
  EXPECT_EQ(failure_to_take(folder / "a.safetensors"),
            message(folder / "a.safetensors"));
  std::filesystem::rename(folder / "a.safetensors",
                          folder / "net-00001-of-00001.safetensors");
  EXPECT_EQ(failure_to_take(folder / "net-00001-of-00001.safetensors"), "");
}

TEST(WeightsFileErrors, NameWhatIndexAndShardsDoNotAgreeOn) {
  const ScratchFolder folder;
  const auto refusal = [&](const std::string& weight_map) {
    const auto index = write_shards(folder, weight_map);
    auto message = failure_to_take(index);
    const auto begin = "\"" + index + "\": ";
    EXPECT_EQ(message.substr(0, begin.size()), begin);
    return message.substr(begin.size());
  };
  const std::string again = "; fetch the files again";
  const auto first = entry("fc.chain.0.weight", kFirst);

  EXPECT_EQ(refusal("{" + first + "," + entry("w", kSecond) + "}"),
            "a tensor must be where weight_map says, got "
            "\"fc.chain.1.weight\" in \"" +
                kSecond + "\"" + again);
  EXPECT_EQ(refusal("{" + first + "," + entry("w", kFirst) + "}"),
            "a tensor must be where weight_map says, got no \"w\" in \"" +
                kFirst + "\"" + again);
  EXPECT_EQ(refusal("{" + first + "," + first + "}"),
            "a name may stand once in an index, got \"fc.chain.0.weight\" "
            "again" +
                again);
  EXPECT_EQ(refusal("{" + entry("w", "../w") + "}"),
            "weight_map must give a file beside the index, got \"../w\" for "
            "\"w\"" +
                again);
  EXPECT_EQ(refusal("{\"w\": 1}"),
            "weight_map must give a file beside the index, got another value "
            "for \"w\"" +
                again);
  EXPECT_EQ(refusal("[]"),
            "an index must hold the object weight_map, got none" + again);
  EXPECT_EQ(refusal("{"),
            "an index must be JSON in UTF-8, got a mistake at byte 50" + again);
}

TEST(WeightsFileErrors, NameWhatIsNoFileOfWeights) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "text");
  const auto begin = "\"" + path + "\": ";

  EXPECT_EQ(failure_to_take(path),
            begin +
                "a file of weights must be of safetensors or PyTorch, got "
                "one that begins with 74 65 78 74; pass a .safetensors, "
                ".pt or .pth file");
  write_bytes(path, "");
  EXPECT_EQ(failure_to_take(path),
            begin +
                "a file of weights must be of safetensors or PyTorch, got "
                "an empty one; pass a .safetensors, .pt or .pth file");
  EXPECT_EQ(failure_to_take(folder / "none"), "cannot open \"" +
                                                  (folder / "none") +
                                                  "\": No such file or "
                                                  "directory");
}

TEST(WeightsFileErrors, NameWhatStandsInForAFileOfWeights) {
  const ScratchFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const auto path = write_bytes(folder / "x", bytes);
    const auto begin =
        "\"" + path +
        "\": a file of weights must be of safetensors or PyTorch, got ";
    const auto message = failure_to_take(path);
    EXPECT_EQ(message.substr(0, begin.size()), begin);
    return message.substr(std::min(begin.size(), message.size()));
  };

  EXPECT_EQ(refusal("version https://git-lfs.github.com/spec/v1\noid"),
            "a pointer of git-lfs; fetch it with git lfs pull");
  for (const auto* page : {"<!DOCTYPE html><html>", "\n <html lang=\"en\">"}) {
    EXPECT_EQ(refusal(page),
              "a page of HTML; fetch the file itself, which that page may "
              "link");
  }
  EXPECT_EQ(refusal("\x1f\x8b\x08"), "one packed by gzip; unpack it");
  EXPECT_EQ(refusal("BZh9"), "one packed by bzip2; unpack it");
  EXPECT_EQ(refusal(std::string("\xfd\x37zXZ\0", 6)),
            "one packed by xz; unpack it");
  EXPECT_EQ(refusal("\x28\xb5\x2f\xfd"), "one packed by zstd; unpack it");
  EXPECT_EQ(refusal(zip_of({{"net/best.pth", "text"}})),
            "a zip file around \"net/best.pth\"; unpack it");
}

TEST(WeightsFileErrors, NameAKeyThatOnlyCheckpointsHave) {
  const ScratchFolder folder;
  const auto path = folder / "net.safetensors";
  write_weights({{{"w", at::ones({2})}}, {}}, path);

  EXPECT_EQ(failure_to_take(path, "model"),
            "\"" + path +
                "\": only checkpoints have entries, got the key \"model\"; "
                "leave it out");
}

TEST(WeightsFileErrors, NameTheEndingOfNoFormat) {
  EXPECT_EQ(error_of([] { write_weights({}, "net.onnx"); }),
            "\"net.onnx\": a file of weights must end in .safetensors, .pt or "
            ".pth, got .onnx; name it so");
  EXPECT_EQ(error_of([] { write_weights({}, "net"); }),
            "\"net\": a file of weights must end in .safetensors, .pt or .pth, "
            "got no ending; name it so");
}

}  // namespace
}  // namespace expandnet::testing
