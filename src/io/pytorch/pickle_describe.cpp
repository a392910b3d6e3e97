#include "io/pytorch/pickle_describe.h"

#include "base/text.h"

namespace expandnet {

namespace {

/// The kind of a value, in words.
struct PickleDescription {
  std::string operator()(PickleNone) const { return "None"; }
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(std::int64_t number) const {
    return "the int " + std::to_string(number);
  }
  std::string operator()(double) const { return "a float"; }
  std::string operator()(PickleText value) const {
    return "the text " + quoted_name(value.text);
  }
  std::string operator()(PickleBytes value) const {
    return std::to_string(value.bytes.size()) + " bytes";
  }
  std::string operator()(PickleLargeInt value) const {
    return "an int of " + std::to_string(value.bytes) + " bytes";
  }
  std::string operator()(const PickleTuple& value) const {
    return "a tuple of " + std::to_string(value.items.size());
  }
  std::string operator()(const PickleList& value) const {
    return "a list of " + std::to_string(value.items.size());
  }
  std::string operator()(const PickleDict& value) const {
    return "a dictionary of " + std::to_string(value.items.size());
  }
  std::string operator()(PickleGlobal value) const {
    return global_name(value);
  }
  std::string operator()(const PickleCall& value) const {
    // Callables may be calls in turn, without end: one step will do.
    const auto* global = pickle.get<PickleGlobal>(value.callable);
    return "a call of " +
           (global == nullptr ? "no global" : global_name(*global));
  }
  std::string operator()(PicklePersistent) const { return "a persistent id"; }

  const Pickle& pickle;
};

}  // namespace

std::string global_name(const PickleGlobal& global) {
  const auto quoted =
      quoted_name(std::string(global.module) + "." + std::string(global.name));
  return quoted.substr(1, quoted.size() - 2);
}

std::string describe(const Pickle& pickle, PickleIndex index) {
  return std::visit(PickleDescription{pickle}, pickle.values[index]);
}

}  // namespace expandnet
