// nets.h: the networks of expandnet-cifar, and the images that they see.
#pragma once

#include <expandnet/data/batches.h>
#include <expandnet/data/image_set.h>
#include <expandnet/train/model.h>

#include <optional>
#include <string>

#include "cifar/arguments.h"
#include "trainer/trainee.h"

namespace expandnet::examples::cifar {

/// The compact network, with new values.
train::Model compact_net(const Arguments& arguments, std::int64_t classes);

/// Its trainee of a recipe, on the machine.
Trainee make_trainee(const Arguments& arguments, std::int64_t classes,
                     const std::string& recipe, const Machine& machine);

/// "SmallNet 7x7 on cifar10"
std::string title_of(const Arguments& arguments);

/// All images of a data set, on the device, split by --split-seed.
struct Images {
  data::ImageSet training;
  data::ImageSet validation;
  data::ImageSet test;
};
Images load_images(const Arguments& arguments, c10::Device device);

/// Everything that runs of these arguments are made of.
Maker make_maker(const Arguments& arguments, const Images& images,
                 const Machine& machine);

/// The images of one set as they are shown for evaluation.
data::Batches plain_batches(const Arguments& arguments,
                            const data::ImageSet& set,
                            c10::MemoryFormat memory_format);

/// Loads a run's contracted weights into its compact net. Throws `c10::Error`
/// where there are none.
train::Model load_run(const std::string& folder, const Arguments& arguments,
                      std::int64_t classes, c10::Device device);

}  // namespace expandnet::examples::cifar
