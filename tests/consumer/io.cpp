// A user's program on the library of files: out, in, and into a model.
#include <expandnet/deploy.h>
#include <expandnet/io.h>
#include <torch/nn/modules/linear.h>

int main() {
  torch::nn::Linear model(3, 2), other(3, 2);
  const auto weights = expandnet::weights_of(*model);
  for (const auto* path : {"linear.safetensors", "linear.pth"}) {
    torch::NoGradGuard no_grad;
    other->weight.zero_();
    expandnet::write_weights(weights, path);
    expandnet::load_weights(*other, expandnet::read_weights(path));
    if (!other->weight.equal(model->weight)) return 1;
  }
  return 0;
}
