// place.h: where the kernel of a branch stands in that of its layer.
//
// At the centre: the layer's kernel is larger by an even number in every side.
// The branch may have finer groups, a multiple of the layer's; it then fills
// the diagonal of blocks that they are in the layer's groups. Both functions
// return views of one shape, [groups, out, *sides, in, r] for the r groups of
// the branch in each of the layer's. So the sum of branches, its gradient and
// its repetition (FoldLoop) are additions and copies between such views.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace expandnet {

/// The part of a layer's kernel [groups, out, taps, in] with these `sides` that
/// a branch's kernel with the sides `part` and as many groups covers.
at::Tensor place_of(const at::Tensor& layer,
                    const std::vector<std::int64_t>& sides,
                    const std::vector<std::int64_t>& part,
                    std::int64_t part_groups);

/// A branch's kernel [groups, out, taps, in] in the shape of its place.
at::Tensor to_place(const at::Tensor& branch,
                    const std::vector<std::int64_t>& part,
                    std::int64_t layer_groups);

/// The inverse of `to_place`, a copy where the groups differ.
at::Tensor from_place(const at::Tensor& placed, std::int64_t branch_groups);

}  // namespace expandnet
