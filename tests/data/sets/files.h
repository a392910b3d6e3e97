// files.h: data files that the tests write, and what the readers say of them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace expandnet::data {

/// A test with a folder of its own, empty at first.
class FilesTest : public ::testing::Test {
 protected:
  FilesTest();
  ~FilesTest() override;

  /// The path of `name` in the folder.
  [[nodiscard]] std::string path(const std::string& name) const;
  /// Writes, and returns the path. Missing folders are made.
  std::string write(const std::string& name, const std::string& bytes) const;
  std::string write_gzip(const std::string& name,
                         const std::string& bytes) const;

  const std::string folder_;
};

/// An IDX file of bytes: the header, then `bytes`.
std::string idx_file(const std::vector<std::uint32_t>& sizes,
                     const std::string& bytes);

/// A record of CIFAR: the labels, then pixels that start with `seed` and count
/// up, modulo 251.
std::string cifar_record(const std::vector<int>& labels, int seed);

/// The message of the `std::runtime_error` that `action` throws, "" if none.
std::string message_of(const std::function<void()>& action);

}  // namespace expandnet::data
