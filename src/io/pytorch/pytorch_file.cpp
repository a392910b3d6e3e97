#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/io/pytorch/pytorch_file.h>

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "io/packed_tensor.h"
#include "io/pytorch/pytorch_pickle.h"
#include "io/pytorch/pytorch_reader.h"
#include "io/scalar_type.h"
#include "io/zip/zip_writer.h"

namespace expandnet {

namespace {

const std::string kPyTorchFolder = "archive/";

PackedTensor to_be_packed(const std::string& where, const std::string& name,
                          const at::Tensor& tensor) {
  const auto subject = "tensor " + quoted_name(name);
  if (!is_utf8(name)) {
    throw_argument_error(where, "the name of a tensor must be UTF-8",
                         quoted_name(name), "write it in UTF-8");
  }
  check_packable(where, name, tensor);
  const auto dtype = file_dtype_of(tensor.scalar_type());
  if (!dtype) {
    throw_argument_error(where, subject + " must have a dtype of whole bytes",
                         c10::toString(tensor.scalar_type()), "convert it");
  }
  return {name, *dtype, tensor.sizes().vec()};
}

std::vector<PackedTensor> checked_tensors(const std::string& where,
                                          const Weights& weights) {
  std::vector<PackedTensor> tensors;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : weights.tensors) {
    if (!names.insert(name).second) {
      throw_argument_error(where, "names of tensors must differ",
                           quoted_name(name) + " again", "rename one");
    }
    tensors.push_back(to_be_packed(where, name, tensor));
  }
  return tensors;
}

}  // namespace

Weights read_pytorch(const std::string& path, const std::string& key) {
  return read_pytorch(std::make_shared<const MappedFile>(path), key).weights;
}

void write_pytorch(const Weights& weights, const std::string& path) {
  const auto tensors = checked_tensors("write_pytorch", weights);
  AtomicFile file(path);
  ZipWriter zip(
      [&](const void* bytes, std::size_t count) { file.write(bytes, count); });
  // The pickle comes first in all files of PyTorch.
  zip.add(kPyTorchFolder + "data.pkl", pickle_state_dict(tensors));
  zip.add(kPyTorchFolder + "byteorder", "little");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto packed = packed_on_cpu(weights.tensors[i].second);
    zip.add(
        kPyTorchFolder + "data/" + std::to_string(i),
        {static_cast<const char*>(packed.const_data_ptr()), packed.nbytes()});
  }
  zip.add(kPyTorchFolder + "version", "3\n");
  zip.finish();
  file.commit();
}

}  // namespace expandnet
