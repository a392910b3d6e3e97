#include "fold/place.h"

#include "fold/sides.h"

namespace expandnet {

namespace {

/// All sizes one after another.
Sides shape_of(Sides front, const Sides& sides, const Sides& back) {
  front.insert(front.end(), sides.begin(), sides.end());
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

}  // namespace

at::Tensor place_of(const at::Tensor& layer, const Sides& sides,
                    const Sides& part, std::int64_t part_groups) {
  const auto groups = layer.size(0);
  const auto ratio = part_groups / groups;
  auto place =  // [g, r, out, *sides, r, in]
      layer.view(shape_of({groups, ratio, layer.size(1) / ratio}, sides,
                          {ratio, layer.size(3) / ratio}));
  for (std::size_t d = 0; d < sides.size(); ++d) {
    place = place.narrow(3 + static_cast<std::int64_t>(d),
                         (sides[d] - part[d]) / 2, part[d]);
  }
  return place.diagonal(0, 1, 3 + static_cast<std::int64_t>(sides.size()));
}

at::Tensor to_place(const at::Tensor& branch, const Sides& part,
                    std::int64_t layer_groups) {
  return branch
      .view(shape_of(
          {layer_groups, branch.size(0) / layer_groups, branch.size(1)}, part,
          {branch.size(3)}))
      .movedim(1, -1);
}

at::Tensor from_place(const at::Tensor& placed, std::int64_t branch_groups) {
  const auto dims = placed.dim() - 4;  // of the kernel
  auto kernel = placed.movedim(-1, 1).reshape(
      shape_of({branch_groups, placed.size(1)},
               placed.sizes().slice(2, static_cast<std::size_t>(dims)).vec(),
               {placed.size(-2)}));
  return dims == 0 ? kernel.unsqueeze(2) : kernel.flatten(2, 1 + dims);
}

}  // namespace expandnet
