// scene.h: images of several objects on a textured ground.
#pragma once

#include <expandnet/data/images/image.h>
#include <expandnet/data/sets/annotated_image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::examples {

/// Grey pictures of single objects on black, 28x28 bytes each.
struct ObjectPictures {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
};

inline constexpr std::int64_t kObjectSide = 28;

/// The classes of Fashion-MNIST as names without spaces and slashes.
[[nodiscard]] const std::vector<std::string>& scene_classes();

struct SceneOptions {
  std::int64_t size = 128;   ///< pixels of a side
  std::int64_t objects = 5;  ///< at most; at least one
  std::uint64_t seed = 0;
};

/// The values of masks: 0 is ground.
inline constexpr std::uint8_t kVoid = 255;  ///< belongs to nothing

struct Scene {
  data::Image image;
  /// A box is the extent of an object's visible pixels. Truncated: part of it
  /// lies outside the scene. Difficult: three quarters of it or more are
  /// hidden.
  std::vector<data::AnnotatedObject> objects;
  std::vector<bool> occluded;  ///< of each object, whether others hide a part
  std::vector<std::uint8_t> class_mask;   ///< [size, size]: label + 1
  std::vector<std::uint8_t> object_mask;  ///< likewise: place + 1
};

/// Composes scene `index` of pictures drawn from those with the numbers `pool`:
/// scaled, tinted, one over the other. Objects of which less than 24 pixels are
/// visible are void. All arithmetic is that of integers, so that a seed gives
/// the same pixels everywhere.
///
/// Throws `c10::Error` for a size below 32 or above 4096, for objects that are
/// not 1 to 100, and an empty pool.
[[nodiscard]] Scene compose_scene(const ObjectPictures& pictures,
                                  const std::vector<std::int64_t>& pool,
                                  std::int64_t index,
                                  const SceneOptions& options);

}  // namespace expandnet::examples
