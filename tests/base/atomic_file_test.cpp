#include <expandnet/base/atomic_file.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "files.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, HoldsWhatWasWritten) {
  const ScratchFolder folder;
  const std::string bytes("\0\n\r\xff", 4);

  AtomicFile file(folder / "x.pt");
  file.write(bytes.data(), bytes.size());
  file.write(nullptr, 0);
  file.write("more", 4);
  file.commit();

  EXPECT_EQ(content_of(folder / "x.pt"), bytes + "more");
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFile, AppearsOnlyWhenItIsCommitted) {
  const ScratchFolder folder;

  AtomicFile file(folder / "x.pt");
  file.write("whole", 5);

  EXPECT_FALSE(fs::exists(folder / "x.pt"));
  EXPECT_EQ(folder.size(), 1) << "the temporary file stands beside it";
  file.commit();
  EXPECT_EQ(content_of(folder / "x.pt"), "whole");
}

TEST(AtomicFile, ReplacesTheFileThatWasThere) {
  const ScratchFolder folder;
  write_file_atomically(folder / "x.pt", "old and longer");

  write_file_atomically(folder / "x.pt", "new");

  EXPECT_EQ(content_of(folder / "x.pt"), "new");
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFile, LeavesNoTraceWithoutACommit) {
  const ScratchFolder folder;
  write_file_atomically(folder / "x.pt", "old");

  for (const auto* name : {"x.pt", "y.pt"}) {
    AtomicFile file(folder / name);
    file.write("new", 3);
  }

  EXPECT_EQ(content_of(folder / "x.pt"), "old");
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFile, HasTheModeThatTheUmaskGives) {
  const ScratchFolder folder;
  const auto former = ::umask(027);
  write_file_atomically(folder / "x.pt", "");
  ::umask(former);

  EXPECT_EQ(fs::status(folder / "x.pt").permissions(), fs::perms{0640});
}

TEST(AtomicFile, StaysWhereItIsWhenTheProgramChangesItsFolder) {
  const ScratchFolder folder;
  const auto former = fs::current_path();
  fs::current_path(folder / "");
  AtomicFile file("x.pt");
  fs::current_path(former);

  file.commit();

  EXPECT_TRUE(fs::exists(folder / "x.pt"));
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFile, PassesOverATemporaryNameThatIsTaken) {
  const ScratchFolder folder;
  AtomicFile first(folder / "x.pt");
  const auto prefix = folder / (".x.pt." + std::to_string(::getpid()) + ".");
  const std::string name = fs::directory_iterator(folder / "")->path();
  ASSERT_EQ(name.substr(0, prefix.size()), prefix);
  // As a process of this number leaves it when it is killed.
  const auto number = std::stoi(name.substr(prefix.size()));
  const auto taken = prefix + std::to_string(number + 1) + ".tmp";
  std::ofstream(taken) << "left";

  write_file_atomically(folder / "x.pt", "new");

  EXPECT_EQ(content_of(folder / "x.pt"), "new");
  EXPECT_EQ(content_of(taken), "left");
}

TEST(AtomicFile, ReplacesWhatALinkPointsTo) {
  const ScratchFolder folder;
  fs::create_directory(folder / "run");
  write_file_atomically(folder / "run/best.pt", "old");
  fs::create_symlink("run/best.pt", folder / "best.pt");
  fs::create_symlink("best.pt", folder / "x.pt");

  write_file_atomically(folder / "x.pt", "new");

  EXPECT_EQ(content_of(folder / "run/best.pt"), "new");
  EXPECT_EQ(fs::read_symlink(folder / "x.pt"), "best.pt");
  EXPECT_EQ(fs::read_symlink(folder / "best.pt"), "run/best.pt");
  EXPECT_EQ(folder.size(), 3);
}

TEST(AtomicFile, MakesTheFileThatALinkPromises) {
  const ScratchFolder folder;
  fs::create_symlink("later.pt", folder / "x.pt");

  write_file_atomically(folder / "x.pt", "new");

  EXPECT_FALSE(fs::is_symlink(folder / "later.pt"));
  EXPECT_EQ(content_of(folder / "later.pt"), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "x.pt"));
}

TEST(AtomicFile, IsWholeAtEveryMomentWhileManyThreadsWriteIt) {
  const ScratchFolder folder;
  constexpr std::size_t kSize = 100000;
  const auto is_whole = [](const std::string& content) {
    return content.size() == kSize &&
           content == std::string(kSize, content.front());
  };
  write_file_atomically(folder / "x.pt", std::string(kSize, 'z'));

  std::vector<std::thread> writers;
  for (const auto letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&folder, letter] {
      for (int i = 0; i < 10; ++i) {
        AtomicFile file(folder / "x.pt");
        const std::string half(kSize / 2, letter);
        file.write(half.data(), half.size());
        file.write(half.data(), half.size());
        file.commit();
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(is_whole(content_of(folder / "x.pt")));
  }
  for (auto& writer : writers) writer.join();

  const auto content = content_of(folder / "x.pt");
  EXPECT_TRUE(is_whole(content));
  EXPECT_NE(content.front(), 'z');
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFileErrors, AFullDiskLeavesTheOldFile) {
  const ScratchFolder folder;
  write_file_atomically(folder / "x.pt", "old");
  const std::string bytes(100, 'x');
  std::string of_write;
  std::string of_next_write;
  std::string of_commit;
  {
    AtomicFile file(folder / "x.pt");
    const FileSizeLimit limit(150);
    file.write(bytes.data(), bytes.size());
    of_write = failure_of([&] { file.write(bytes.data(), bytes.size()); });
    EXPECT_EQ(folder.size(), 1) << "its space is given back at once";
    of_next_write = failure_of([&] { file.write("x", 1); });
    of_commit = failure_of([&] { file.commit(); });
  }

  const auto quoted = "\"" + (folder / "x.pt") + "\"";
  EXPECT_EQ(of_write, "cannot write " + quoted +
                          ": File too large; raise the limit on the size of "
                          "files (ulimit -f) or choose another disk");
  EXPECT_EQ(of_next_write,
            "AtomicFile: " + quoted +
                " must be open, got a write after a commit or a failure; make "
                "another AtomicFile");
  EXPECT_EQ(of_commit,
            "AtomicFile: " + quoted +
                " must be open, got a commit after a commit or a failure; make "
                "another AtomicFile");
  EXPECT_EQ(content_of(folder / "x.pt"), "old");
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFileErrors, AFolderInTheWayLeavesNoTrace) {
  const ScratchFolder folder;
  AtomicFile file(folder / "x.pt");
  fs::create_directory(folder / "x.pt");

  EXPECT_EQ(failure_of([&] { file.commit(); }),
            "cannot write \"" + (folder / "x.pt") + "\": Is a directory");
  EXPECT_EQ(folder.size(), 1);
}

TEST(AtomicFileErrors, AFileIsCommittedOnce) {
  const ScratchFolder folder;
  AtomicFile file(folder / "x.pt");
  file.write("once", 4);
  file.commit();

  EXPECT_NE(failure_of([&] { file.write("more", 4); }), "");
  EXPECT_NE(failure_of([&] { file.commit(); }), "");
  EXPECT_EQ(content_of(folder / "x.pt"), "once");
}

TEST(AtomicFileErrors, NameWhatIsNoFile) {
  const ScratchFolder folder;
  fs::create_directory(folder / "runs");
  fs::create_symlink("round", folder / "round");

  EXPECT_EQ(failure_of([&] { AtomicFile(folder / "runs"); }),
            "AtomicFile: path must name a file, got the folder \"" +
                (folder / "runs") + "\"; name a file in it");
  EXPECT_EQ(failure_of([&] { AtomicFile(folder / "runs/"); }),
            "AtomicFile: path must name a file, got \"" + (folder / "runs/") +
                "\"; end it with the name of a file");
  EXPECT_EQ(failure_of([] { AtomicFile(""); }),
            "AtomicFile: path must name a file, got \"\"; end it with the name "
            "of a file");
  EXPECT_EQ(failure_of([] { AtomicFile("/dev/null"); }),
            "AtomicFile: path must name a file, got \"/dev/null\", which is a "
            "device or the like; choose another path");
  EXPECT_EQ(failure_of([&] { AtomicFile(folder / "round"); }),
            "cannot write \"" + (folder / "round") +
                "\": Too many levels of symbolic links; remove the link that "
                "leads back to itself");
  EXPECT_EQ(folder.size(), 2);
}

TEST(UnfinishedFiles, AreKnownByTheirNames) {
  for (const auto* name :
       {".x.1.0.tmp", ".last.pt.5457.12.tmp", ".configuration.ini.1.99.tmp"}) {
    EXPECT_TRUE(is_unfinished_file(name)) << name;
  }
  for (const auto* name : {"", ".", "x.1.0.tmp", ".1.0.tmp", "..1.0.tmp2",
                           ".x.1.tmp", ".x.a.0.tmp", ".x.1.0", ".x.1..tmp",
                           ".x.-1.0.tmp", "last.pt", ".notes.tmp"}) {
    EXPECT_FALSE(is_unfinished_file(name)) << name;
  }
}

TEST(UnfinishedFiles, OfAKilledProgramAreRemoved) {
  const ScratchFolder folder;
  fs::create_directory(folder / "twin");
  write_file_atomically(folder / "x.pt", "whole");
  for (const auto* name : {".x.pt.5.0.tmp", "twin/.y.pt.5.1.tmp"}) {
    std::ofstream(folder / name) << "a part";
  }
  std::ofstream(folder / ".mine.tmp") << "another's";
  AtomicFile open(folder / "z.pt");
  EXPECT_EQ(folder.size(), 5);

  remove_unfinished_files(folder / "");

  EXPECT_EQ(folder.size(), 3);
  EXPECT_EQ(content_of(folder / "x.pt"), "whole");
  EXPECT_TRUE(fs::is_empty(folder / "twin"));
  EXPECT_TRUE(fs::exists(folder / ".mine.tmp"));
  remove_unfinished_files(folder / "missing");
}

TEST(AtomicFileErrors, NameTheFolderThatIsMissing) {
  const ScratchFolder folder;

  EXPECT_EQ(failure_of([&] { AtomicFile(folder / "missing/x.pt"); }),
            "cannot write \"" + (folder / "missing/x.pt") +
                "\": No such file or directory; make the folder first");
  EXPECT_EQ(failure_of([&] { AtomicFile(folder / std::string(255, 'x')); }),
            "cannot write \"" + (folder / std::string(255, 'x')) +
                "\": File name too long; choose a shorter name");
}

TEST(AtomicFileErrors, NameTheFolderThatCannotBeWrittenTo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write to every folder";
  const ScratchFolder folder;
  fs::create_directory(folder / "locked");
  fs::permissions(folder / "locked", fs::perms{0500});

  EXPECT_EQ(
      failure_of([&] { write_file_atomically(folder / "locked/x.pt", ""); }),
      "cannot write \"" + (folder / "locked/x.pt") +
          "\": Permission denied; choose a folder that you may write to");
}

}  // namespace
}  // namespace expandnet::testing
