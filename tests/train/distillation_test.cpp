#include <expandnet/train/distillation.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using train::distillation_loss;
using train::DistillationOptions;

/// Logits of a student that learns and of its teacher, and labels.
struct Lesson {
  at::Tensor student, teacher, labels;
};

Lesson random_lesson(at::ScalarType dtype = at::kDouble) {
  torch::manual_seed(0);
  const auto logits = [&] { return torch::randn({6, 5}).mul(3).to(dtype); };
  return {logits().requires_grad_(), logits(),
          torch::randint(5, {6}, at::kLong)};
}

/// exp(logits / T) / sum(exp(logits / T)) of one example.
std::vector<double> probabilities(const at::Tensor& logits,
                                  double temperature) {
  std::vector<double> result;
  double sum = 0;
  for (std::int64_t c = 0; c < logits.size(0); ++c) {
    result.push_back(std::exp(logits[c].item<double>() / temperature));
    sum += result.back();
  }
  for (auto& value : result) value /= sum;
  return result;
}

double loss_by_hand(const Lesson& lesson, double temperature, double weight) {
  double divergence = 0;
  double cross_entropy = 0;
  const auto examples = lesson.student.size(0);
  for (std::int64_t n = 0; n < examples; ++n) {
    const auto student = probabilities(lesson.student[n], temperature);
    const auto teacher = probabilities(lesson.teacher[n], temperature);
    for (std::size_t c = 0; c < student.size(); ++c) {
      divergence += teacher[c] * std::log(teacher[c] / student[c]);
    }
    const auto label = lesson.labels[n].item<std::int64_t>();
    cross_entropy -= std::log(
        probabilities(lesson.student[n], 1)[static_cast<std::size_t>(label)]);
  }
  return (weight * temperature * temperature * divergence +
          (1 - weight) * cross_entropy) /
         static_cast<double>(examples);
}

class Distillation : public ::testing::TestWithParam<DistillationOptions> {};

TEST_P(Distillation, IsTheFormulaWrittenOut) {
  const auto [temperature, weight] = GetParam();
  const auto lesson = random_lesson();
  const auto expected = loss_by_hand(lesson, temperature, weight);

  const auto loss = distillation_loss(lesson.student, lesson.teacher,
                                      lesson.labels, GetParam());

  EXPECT_EQ(loss.dim(), 0);
  EXPECT_NEAR(loss.item<double>(), expected, kDouble.tolerance * expected);
}

TEST_P(Distillation, HasTheGradientOfTheFormula) {
  const auto [temperature, weight] = GetParam();
  const auto [student, teacher, labels] = random_lesson();

  distillation_loss(student, teacher, labels, GetParam()).backward();

  const auto soft = temperature * (student / temperature)
                                      .softmax(1)
                                      .sub((teacher / temperature).softmax(1));
  const auto hard = student.softmax(1) - torch::one_hot(labels, 5);
  const auto expected = (weight * soft + (1 - weight) * hard) / 6;
  EXPECT_LE(relative_error(student.grad(), expected), kDouble.tolerance);
}

std::string name_of_options(
    const ::testing::TestParamInfo<DistillationOptions>& info) {
  const auto [temperature, weight] = info.param;
  return "Temperature" + std::to_string(std::lround(temperature)) + "Percent" +
         std::to_string(std::lround(100 * weight));
}

INSTANTIATE_TEST_SUITE_P(Train, Distillation,
                         ::testing::Values(DistillationOptions{},
                                           DistillationOptions{1, 0.5},
                                           DistillationOptions{4, 0},
                                           DistillationOptions{20, 1}),
                         name_of_options);

TEST(DistillationLoss, IsCrossEntropyWithoutSoftTargets) {
  const auto [student, teacher, labels] = random_lesson();

  EXPECT_EQ(distillation_loss(student, teacher, labels, {4, 0}).item<double>(),
            torch::cross_entropy_loss(student, labels).item<double>());
}

TEST(DistillationLoss, IsZeroForAStudentThatEqualsItsTeacher) {
  const auto [student, teacher, labels] = random_lesson();

  EXPECT_EQ(distillation_loss(teacher, teacher, labels, {4, 1}).item<double>(),
            0);
}

TEST(DistillationLoss, SendsTheTeacherNoGradient) {
  const auto [student, teacher, labels] = random_lesson();
  teacher.requires_grad_();

  distillation_loss(student, teacher, labels).backward();

  EXPECT_TRUE(student.grad().defined());
  EXPECT_FALSE(teacher.grad().defined());
}

TEST(DistillationLoss, IsComputedInFloatForHalfPrecision) {
  for (const auto dtype : {at::kHalf, at::kBFloat16}) {
    const auto [student, teacher, labels] = random_lesson(dtype);
    const auto exact = distillation_loss(student.to(at::kDouble),
                                         teacher.to(at::kDouble), labels);

    const auto loss = distillation_loss(student, teacher, labels);
    loss.backward();

    EXPECT_EQ(loss.scalar_type(), at::kFloat);
    EXPECT_LE(relative_error(loss, exact), kFloat.tolerance);
    EXPECT_EQ(student.grad().scalar_type(), dtype);
  }
}

TEST(DistillationLossErrors, NameTheValue) {
  const auto [student, teacher, labels] = random_lesson();
  const auto error = [&](const Lesson& lesson,
                         const DistillationOptions& options = {}) {
    return error_of([&] {
      static_cast<void>(distillation_loss(lesson.student, lesson.teacher,
                                          lesson.labels, options));
    });
  };
  const auto infinity = std::numeric_limits<double>::infinity();

  EXPECT_EQ(error({student, teacher.slice(1, 1), labels}),
            "distillation_loss: student and teacher must both have logits [N, "
            "classes], got [6, 5] and [6, 4]");
  EXPECT_EQ(error({student[0], teacher[0], labels}),
            "distillation_loss: student and teacher must both have logits [N, "
            "classes], got [5] and [5]");
  EXPECT_EQ(error({student, teacher, labels.slice(0, 1)}),
            "distillation_loss: there must be one label for each of 6 "
            "examples, got labels of [5]");
  EXPECT_EQ(error({student, teacher, labels}, {0, 0.5}),
            "distillation_loss: temperature must be positive and finite, got "
            "0");
  EXPECT_EQ(error({student, teacher, labels}, {infinity, 0.5}),
            "distillation_loss: temperature must be positive and finite, got "
            "inf");
  EXPECT_EQ(error({student, teacher, labels}, {4, -0.1}),
            "distillation_loss: weight must be from 0 to 1, got -0.1");
  EXPECT_EQ(error({student, teacher, labels}, {4, 1.5}),
            "distillation_loss: weight must be from 0 to 1, got 1.5");
}

}  // namespace
}  // namespace expandnet::testing
