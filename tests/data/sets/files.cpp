#include "data/sets/files.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace expandnet::data {

FilesTest::FilesTest()
    : folder_(::testing::TempDir() + "expandnet_data_" +
              ::testing::UnitTest::GetInstance()
                  ->current_test_info()
                  ->test_suite_name() +
              "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

FilesTest::~FilesTest() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string FilesTest::path(const std::string& name) const {
  return folder_ + "/" + name;
}

std::string FilesTest::write(const std::string& name,
                             const std::string& bytes) const {
  std::filesystem::create_directories(
      std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << bytes;
  return path(name);
}

std::string FilesTest::write_gzip(const std::string& name,
                                  const std::string& bytes) const {
  auto* file = gzopen(path(name).c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return path(name);
}

std::string idx_file(const std::vector<std::uint32_t>& sizes,
                     const std::string& bytes) {
  std::string file = {0, 0, 8, static_cast<char>(sizes.size())};
  for (const auto size : sizes) {
    for (const auto shift : {24U, 16U, 8U, 0U}) {
      file += static_cast<char>(size >> shift & 0xffU);
    }
  }
  return file + bytes;
}

std::string cifar_record(const std::vector<int>& labels, int seed) {
  std::string record;
  for (const auto label : labels) record += static_cast<char>(label);
  for (int i = 0; i < 3072; ++i) {
    record += static_cast<char>((seed + i) % 251);
  }
  return record;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace expandnet::data
