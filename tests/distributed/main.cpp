#include <gtest/gtest.h>

#include <string>

#include "distributed/team.h"

int main(int count, char** words) {
  if (count == 4 && std::string(words[1]) == "--role") {
    return expandnet::testing::play(words[2], std::stoi(words[3]));
  }
  ::testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
