#include "programs/program_test.h"

#include <arpa/inet.h>
#include <expandnet/io/weights_file.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>

#include "testing.h"

namespace expandnet::testing {

namespace fs = std::filesystem;

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void ProgramTest::SetUp() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  folder_ =
      fs::temp_directory_path() / (std::string("expandnet_") + test->name() +
                                   "_" + std::to_string(::getpid()));
  fs::create_directories(folder_);
}

void ProgramTest::TearDown() { fs::remove_all(folder_); }

std::string ProgramTest::path(const std::string& name) const {
  return (folder_ / name).string();
}

Outcome ProgramTest::run(const Words& words, std::uint64_t file_limit) const {
  return Process(words, folder_, file_limit).wait();
}

Json ProgramTest::json(const std::string& name) const {
  return Json::parse(content_of(folder_ / name));
}

std::unique_ptr<Process> ProgramTest::start(int rank, int port,
                                            const Words& words) const {
  const auto scratch = folder_ / ("rank" + std::to_string(rank));
  fs::create_directories(scratch);
  return std::make_unique<Process>(
      joined({"/usr/bin/env", "RANK=" + std::to_string(rank), "WORLD_SIZE=2",
              "MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + std::to_string(port)},
             words),
      scratch);
}

int ProgramTest::free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size),
            0);
  ::close(socket);
  return ntohs(address.sin_port);
}

std::vector<Outcome> ProgramTest::run_two(const Words& first,
                                          const Words& second) const {
  const auto port = free_port();
  const auto a = start(0, port, first);
  const auto b = start(1, port, second);
  return {a->wait(), b->wait()};
}

std::string ProgramTest::log_of(const std::string& out) const {
  return std::regex_replace(content_of(folder_ / out / "log.jsonl"),
                            std::regex("\"seconds\":[^}]*"), "");
}

void ProgramTest::expect_same_run(const std::string& a,
                                  const std::string& b) const {
  EXPECT_EQ(log_of(a), log_of(b));
  EXPECT_EQ(json(a + "/run.json")["test_accuracy"],
            json(b + "/run.json")["test_accuracy"]);
  const auto weights = content_of(folder_ / a / "weights.pt");
  EXPECT_FALSE(weights.empty());
  EXPECT_TRUE(weights == content_of(folder_ / b / "weights.pt"));
}

void ProgramTest::expect_close_runs(const std::string& a,
                                    const std::string& b) const {
  const auto loss = [&](const std::string& out) {
    return json(out + "/run.json")["epochs"]
        .back()["training_loss"]
        .get<double>();
  };
  EXPECT_NEAR(loss(a), loss(b), 1e-5 * loss(b));
  const auto tensors = read_weights(path(a + "/weights.pt")).tensors;
  const auto others = read_weights(path(b + "/weights.pt")).tensors;
  ASSERT_EQ(tensors.size(), others.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    EXPECT_EQ(name, others[i].first);
    EXPECT_LE(relative_error(tensor, others[i].second), 1e-3) << name;
  }
}

std::string complaint_of(const Outcome& outcome) {
  return outcome.err.substr(0, outcome.err.find('\n'));
}

std::string default_in(const std::string& help, const std::string& flag) {
  std::smatch match;
  // The braces of a choice may hold anything but its default.
  const std::regex line("\n +" + flag +
                        R"( [A-Z]+(:[A-Z]+|:\{[^}]*\})?(=| \[)([^\s\]]+))");
  return std::regex_search(help, match, line) ? match[3].str() : "";
}

}  // namespace expandnet::testing
