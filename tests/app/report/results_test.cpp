#include "trainers/app/report/results.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace expandnet::examples {
namespace {

std::string reading_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

RunResult some_run(std::uint64_t seed, double accuracy) {
  RunResult run;
  run.recipe = "ck+fc";
  run.seed = seed;
  run.state = "finished";
  run.train_parameters = 1745766;
  run.deploy_parameters = 66186;
  run.chosen_epoch = 1;
  run.validation = {{"accuracy", accuracy}};
  run.test = {{"accuracy", accuracy - 0.01}, {"top5", accuracy + 0.1}};
  LayerReport layer;
  layer.path = "conv1";
  layer.strategy = "CK";
  layer.widths = "3 -> 12 -> 32 -> 8";
  layer.parameters_before = 3292;
  layer.parameters_after = 1184;
  layer.error_fp64 = 1e-16 * static_cast<double>(seed + 1);
  layer.error_dtype = 1e-7;
  layer.dtype = "Float";
  run.layers = {layer};
  train::EpochRecord record;
  record.epoch = 1;
  record.learning_rate = 0.01;
  record.training = {{"loss", 1.5}, {"accuracy", 0.5}};
  record.validation = {{"loss", 1.25}, {"accuracy", accuracy}};
  record.seconds = 2;
  run.epochs = {record};
  return run;
}

VariantResult some_variant() {
  VariantResult variant;
  variant.recipe = "ck+fc";
  variant.step_ms = 12.5;
  variant.ratio_to_compact = 1.25;
  variant.runs = {some_run(0, 0.80), some_run(1, 0.84), some_run(2, 0.85)};
  return variant;
}

ReportHeader some_header() {
  ReportHeader header;
  header.title = "A net </script> on images";
  header.configuration = "epochs=3\nexpand=[none,ck+fc]\n";
  return header;
}

TEST(Shown, HasNoShareOfNothing) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const tasks::Metrics metrics = {{"loss", nan}, {"mean_iou", nan}};
  EXPECT_EQ(shown(metrics, {"mean_iou", "mIoU"}), "-");
  EXPECT_EQ(shown(metrics, {"loss", "loss", /*share=*/false}), "nan");
  EXPECT_EQ(shown({{"mean_iou", 0.5}}, {"mean_iou", "mIoU"}), "50.00%");
}

TEST(ResultsTable, HasMeansAndSampleDeviationsInPercent) {
  // The mean of 80, 84 and 85 is 83; the sum of squares 9 + 1 + 4, over 2.
  EXPECT_EQ(results_table({some_variant()}),
            "variant  parameters trained  deployed  ms/step  x compact  "
            "validation % (n)        test % (n)  contraction error\n"
            "ck+fc             1,745,766    66,186    12.50       1.25  "
            "83.00 ± 2.65 (3)  82.00 ± 2.65 (3)            3.0e-16\n");
}

TEST(ResultsTable, SaysHowManyParametersNarrowingKeeps) {
  auto variant = some_variant();
  for (auto& run : variant.runs) run.kept_parameters = 762215;
  EXPECT_EQ(results_table({variant}),
            "variant        parameters trained  deployed  ms/step  x compact  "
            "validation % (n)        test % (n)  contraction error\n"
            "ck+fc    1,745,766 (762,215 kept)    66,186    12.50       1.25  "
            "83.00 ± 2.65 (3)  82.00 ± 2.65 (3)            3.0e-16\n");
}

TEST(ResultsTable, HasAColumnForEachMetricThatIsShown) {
  EXPECT_EQ(results_table({some_variant()},
                          {{"accuracy", "accuracy"}, {"top5", "top-5"}}),
            "variant  parameters trained  deployed  ms/step  x compact  "
            "validation % (n)        test % (n)       top-5 % (n)  "
            "contraction error\n"
            "ck+fc             1,745,766    66,186    12.50       1.25  "
            "83.00 ± 2.65 (3)  82.00 ± 2.65 (3)  93.00 ± 2.65 (3)  "
            "          3.0e-16\n");
}

TEST(ResultsTable, TakesMetricsOfAnyTask) {
  VariantResult variant;
  variant.recipe = "cl";
  variant.runs = {RunResult{}};
  variant.runs.front().validation = {{"mean_iou", 0.5}};
  variant.runs.front().test = {{"mean_iou", 0.25}, {"boundary", 3.5}};
  EXPECT_EQ(results_table({variant}, {{"mean_iou", "mIoU"},
                                      {"boundary", "distance", false}}),
            "variant  parameters trained  deployed  ms/step  x compact  "
            "validation % (n)  test % (n)  distance (n)  contraction error\n"
            "cl                        -         -        -          -  "
            "       50.00 (1)   25.00 (1)      3.50 (1)                  -\n");
}

TEST(ResultsTable, LeavesOutWhatIsNotKnown) {
  VariantResult variant;
  variant.recipe = "none";
  variant.runs = {RunResult{}};
  EXPECT_EQ(results_table({variant}),
            "variant  parameters trained  deployed  ms/step  x compact  "
            "validation % (n)  test % (n)  contraction error\n"
            "compact                   -         -        -          -         "
            "        -           -                  -\n");
}

TEST(RunResults, AreReadAsTheyWereWritten) {
  const auto object = to_json(some_run(3, 0.8));
  EXPECT_EQ(to_json(read_run_result(text_of(object))), object);
  auto narrowed = some_run(3, 0.8);
  narrowed.kept_parameters = 762215;
  narrowed.layers.front().parameters_kept = 1000;
  const auto kept = to_json(narrowed);
  EXPECT_EQ(kept["kept_parameters"], 762215);
  EXPECT_EQ(kept["layers"][0]["kept_parameters"], 1000);
  EXPECT_EQ(to_json(read_run_result(text_of(kept))), kept);
  auto unfinished = some_run(std::numeric_limits<std::uint64_t>::max(), 0.8);
  unfinished.test.reset();
  unfinished.validation.reset();
  const auto other = to_json(unfinished);
  EXPECT_TRUE(other["test_accuracy"].is_null());
  EXPECT_EQ(to_json(read_run_result(text_of(other, 2))), other);
}

TEST(RunResults, KeepWhatIsKnownOfClasses) {
  auto run = some_run(3, 0.8);
  EXPECT_FALSE(to_json(run).contains("classes"));
  run.classes = tasks::ClassScores{
      {"ap", "AP"}, "recall", "precision", {{0.5, {1, 0.25}}, {{}, {}}}};
  const auto object = to_json(run);
  EXPECT_TRUE(object["classes"]["classes"][1]["value"].is_null());
  const auto again = *read_run_result(text_of(object)).classes;
  EXPECT_EQ(again.classes, run.classes->classes);
  EXPECT_EQ(to_json(again), object["classes"]);
  auto damaged = object;
  damaged["classes"]["classes"][0]["curve"][1] = "0.25";
  EXPECT_THROW((void)read_run_result(text_of(damaged)), std::runtime_error);
}

TEST(ClassesTable, NamesClassesWhereTheyHaveNames) {
  const tasks::ClassScores scores = {
      {"ap", "AP"}, "", "", {{0.51234, {}}, {{}, {}}, {1, {}}}};
  EXPECT_EQ(classes_table(scores, {"dog", "cat\n"}),
            "class      AP %\n"
            "dog       51.23\n"
            "cat\\x0a       -\n"
            "2        100.00\n");
}

TEST(RunResults, AreReadFromBeforeChainsWereNarrowed) {
  auto old = to_json(some_run(0, 0.8));
  old.erase("kept_parameters");
  old["layers"][0].erase("kept_parameters");
  EXPECT_EQ(read_run_result(text_of(old)).kept_parameters, std::nullopt);
  EXPECT_EQ(to_json(read_run_result(text_of(old))), to_json(some_run(0, 0.8)));
}

TEST(RunResults, AreRefusedWhereTheyAreDamaged) {
  const auto refusal = [](const char* key, const nlohmann::json& value) {
    auto object = to_json(some_run(0, 0.8));
    object[key] = value;
    return reading_error_of([&] { read_run_result(text_of(object)); });
  };
  EXPECT_EQ(refusal("seed", -1),
            "seed must be a count, got a value of type number");
  EXPECT_EQ(refusal("train_parameters", 1e300),
            "train_parameters must be a count, got a value of type number");
  EXPECT_EQ(refusal("deploy_parameters", std::uint64_t{1} << 63U),
            "deploy_parameters must be at most 9223372036854775807, got "
            "9223372036854775808");
  EXPECT_EQ(refusal("test_accuracy", "high"),
            "test_accuracy must be a number, got a value of type string");
  EXPECT_NE(refusal("name", nullptr), "");
  EXPECT_NE(refusal("layers", 1), "");
  EXPECT_NE(refusal("epochs", {{{"epoch", 1}}}), "");
}

TEST(RunResults, MayBeNestedToAnyDepthWithoutHarm) {
  const std::string deep(1U << 20U, '[');
  EXPECT_NE(reading_error_of([&] { read_run_result(deep); }), "");
  const auto closed = "{\"name\":\"none\",\"seed\":" + deep +
                      std::string(deep.size(), ']') + "}";
  EXPECT_EQ(reading_error_of([&] { read_run_result(closed); }),
            "seed must be a count, got a value of type array");
}

TEST(ResultsJson, HoldsPathsThatAreNoUtf8) {
  auto header = some_header();
  header.command = "expandnet-cifar train --out \xff";
  const auto text = text_of(results_json(header, {some_variant()}));
  EXPECT_EQ(nlohmann::json::parse(text)["command"],
            "expandnet-cifar train --out \xef\xbf\xbd");
  EXPECT_NE(report_html(header, {some_variant()}).find("--out \xef\xbf\xbd"),
            std::string::npos);
}

TEST(ResultsJson, HasAListOverSeeds) {
  const auto object = results_json(some_header(), {some_variant()});
  const auto& variant = object["variants"][0];
  EXPECT_EQ(variant["seeds"], (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(variant["validation_accuracy"],
            (std::vector<double>{0.80, 0.84, 0.85}));
  EXPECT_EQ(variant["test_top5"].size(), 3);
  EXPECT_EQ(object["metrics"][0]["name"], "accuracy");
  EXPECT_EQ(variant["contraction_error"], 3e-16);
  EXPECT_EQ(variant["layers"][0]["chain"], "CK 3 -> 12 -> 32 -> 8");
  EXPECT_EQ(object["configuration"]["epochs"], "3");
  EXPECT_EQ(object["configuration"]["expand"], "none ck+fc");
}

TEST(ReportHtml, HoldsItsDataWhateverTheyContain) {
  const auto page = report_html(some_header(), {some_variant()});
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const auto begin = page.find(start) + start.size();
  const auto end = page.find("</script>", begin);
  const auto data =
      nlohmann::ordered_json::parse(page.substr(begin, end - begin));
  EXPECT_EQ(data["title"], "A net </script> on images");
  EXPECT_EQ(data["variants"][0]["runs"][2]["epochs"][0]["training_loss"], 1.5);
  EXPECT_EQ(page.find("http://"), page.find("http://www.w3.org"));
  EXPECT_EQ(page.find("https://"), std::string::npos);
}

}  // namespace
}  // namespace expandnet::examples
