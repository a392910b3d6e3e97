// nearest_flag.h: which flag was meant by a word that is none.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace expandnet::examples {

/// The flag of `app` that a word without dashes is nearest to, by the number of
/// letters to insert, remove or replace; "" where that is above two and a third
/// of the word.
std::string nearest_flag(const CLI::App& app, const std::string& word);

}  // namespace expandnet::examples
