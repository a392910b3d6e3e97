#include "io/pytorch/pytorch_call.h"

#include <array>
#include <string_view>

#include "base/error.h"
#include "io/pytorch/pickle_describe.h"

namespace expandnet {

namespace {

// A parameter of a tensor with attributes takes two.
constexpr int kMaxPyTorchWrappers = 4;

/// A function of the closed list.
struct PyTorchGlobal {
  enum class Role { kTensor, kTensorV2, kTensorV3, kParameter, kFromType };
  std::string_view module;
  std::string_view name;
  Role role;
  std::size_t least;  ///< arguments
  std::size_t most;
};
using PyTorchRole = PyTorchGlobal::Role;

constexpr std::array<PyTorchGlobal, 6> kPyTorchGlobals = {{
    {"torch._utils", "_rebuild_tensor", PyTorchRole::kTensor, 4, 4},
    {"torch._utils", "_rebuild_tensor_v2", PyTorchRole::kTensorV2, 6, 7},
    {"torch._utils", "_rebuild_tensor_v3", PyTorchRole::kTensorV3, 7, 8},
    {"torch._utils", "_rebuild_parameter", PyTorchRole::kParameter, 3, 3},
    {"torch._utils", "_rebuild_parameter_with_state", PyTorchRole::kParameter,
     4, 4},
    {"torch._tensor", "_rebuild_from_type_v2", PyTorchRole::kFromType, 4, 4},
}};

const PyTorchGlobal* find_pytorch_global(const Pickle& pickle,
                                         PickleIndex callable) {
  const auto* global = pickle.get<PickleGlobal>(callable);
  if (global == nullptr) return nullptr;
  for (const auto& known : kPyTorchGlobals) {
    if (known.module == global->module && known.name == global->name) {
      return &known;
    }
  }
  return nullptr;
}

/// Other classes may make more of a storage than a tensor does.
bool is_plain_tensor_class(const Pickle& pickle, PickleIndex value) {
  const auto* global = pickle.get<PickleGlobal>(value);
  if (global == nullptr) return false;
  if (global->module == "torch") return global->name == "Tensor";
  return global->module == "torch.nn.parameter" &&
         (global->name == "Parameter" || global->name == "Buffer");
}

class PyTorchCallReader {
 public:
  PyTorchCallReader(const std::string& where, const Pickle& pickle)
      : where_(where), pickle_(pickle) {}

  [[nodiscard]] PyTorchCall read(PickleIndex value, int wrappers = 0) const;

 private:
  [[nodiscard]] PyTorchCall read(PickleIndex callable, PickleIndex arguments,
                                 int wrappers) const;
  [[noreturn]] void refuse(PickleIndex global) const {
    throw_file_error(where_,
                     "global must be one of those that hold dense tensors",
                     describe(pickle_, global),
                     "leave it out, or save dense tensors only: "
                     "torch.save(net.state_dict(), path)");
  }
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const {
    throw_file_error(where_, rule, value, "fetch the file or save it again");
  }

  const std::string& where_;
  const Pickle& pickle_;
};

PyTorchCall PyTorchCallReader::read(PickleIndex value, int wrappers) const {
  const auto* call = pickle_.get<PickleCall>(value);
  if (call == nullptr) {
    complain("a tensor must be made by a call", describe(pickle_, value));
  }
  if (find_pytorch_global(pickle_, call->callable) == nullptr) {
    refuse(call->callable);
  }
  if (call->altered) {
    throw_file_error(
        where_, "a tensor must be what its function makes of its arguments",
        describe(pickle_, value) + " with more state",
        "load the file and save it again with a newer PyTorch");
  }
  return read(call->callable, call->arguments, wrappers);
}

PyTorchCall PyTorchCallReader::read(PickleIndex callable, PickleIndex arguments,
                                    int wrappers) const {
  const auto* global = find_pytorch_global(pickle_, callable);
  if (global == nullptr) refuse(callable);
  const auto* tuple = pickle_.get<PickleTuple>(arguments);
  const auto count = tuple == nullptr ? 0 : tuple->items.size();
  if (count < global->least || count > global->most) {
    const auto least = std::to_string(global->least);
    const auto most = std::to_string(global->most);
    complain(std::string(global->name) + " takes " +
                 (least == most ? most : least + " or " + most) + " arguments",
             std::to_string(count));
  }
  if (wrappers > kMaxPyTorchWrappers) {
    complain("a tensor may be wrapped " + std::to_string(kMaxPyTorchWrappers) +
                 " times",
             "more");
  }
  const auto& items = tuple->items;
  switch (global->role) {
    case PyTorchRole::kTensor:
      return {PyTorchFunction::kTensor, items};
    case PyTorchRole::kTensorV2:
      return {PyTorchFunction::kTensorV2, items};
    case PyTorchRole::kTensorV3:
      return {PyTorchFunction::kTensorV3, items};
    case PyTorchRole::kParameter:  // of a tensor
      return read(items[0], wrappers + 1);
    case PyTorchRole::kFromType:  // function, class, arguments, attributes
    default:
      if (!is_plain_tensor_class(pickle_, items[1])) refuse(items[1]);
      return read(items[0], items[2], wrappers + 1);
  }
}

}  // namespace

bool is_pytorch_call(const Pickle& pickle, PickleIndex value) {
  const auto* call = pickle.get<PickleCall>(value);
  return call != nullptr &&
         find_pytorch_global(pickle, call->callable) != nullptr;
}

PyTorchCall pytorch_call(const std::string& where, const Pickle& pickle,
                         PickleIndex value) {
  return PyTorchCallReader(where, pickle).read(value);
}

}  // namespace expandnet
