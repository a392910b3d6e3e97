#include "io/pytorch/pickle.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "files.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickles.h"

namespace expandnet::testing {
namespace {

using namespace pickles;

const std::string kWhere = "\"x.pt\", x/data.pkl";

/// What the instructions leave on the stack, in words.
std::string described(const std::string& instructions) {
  const auto bytes = whole(instructions);
  const auto pickle = read_pickle(kWhere, bytes);
  return describe(pickle, pickle.root);
}

std::string error_of_pickle(const std::string& instructions) {
  return failure_of([&] {
    const auto bytes = whole(instructions);
    (void)read_pickle(kWhere, bytes);
  });
}

/// The whole message about the instruction at `byte`.
std::string message(std::size_t byte, const std::string& sentence) {
  return kWhere + ", byte " + std::to_string(byte) + ": " + sentence +
         "; fetch the file or save it again";
}

TEST(Pickle, ReadsScalars) {
  EXPECT_EQ(described("N"), "None");
  EXPECT_EQ(described("\x88"), "True");
  EXPECT_EQ(described("\x89"), "False");
  EXPECT_EQ(described("K\xff"), "the int 255");
  EXPECT_EQ(described("M\xff\xff"), "the int 65535");
  EXPECT_EQ(described(integer(-2)), "the int -2");
  EXPECT_EQ(described(std::string("\x8a\x00", 2)), "the int 0");
  EXPECT_EQ(described("\x8a\x01\xff"), "the int -1");
  EXPECT_EQ(described(std::string("\x8a\x02\xff\x00", 4)), "the int 255");
  EXPECT_EQ(
      described("\x8b" + little(8, 4) + little(std::uint64_t{1} << 63U, 8)),
      "the int " + std::to_string(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(described("\x8a\x09" + std::string(9, 'x')), "an int of 9 bytes");
}

TEST(Pickle, ReadsDecimalIntsOfPython2) {
  EXPECT_EQ(described("I-3000000000\n"), "the int -3000000000");
  EXPECT_EQ(described("I01\n"), "True");
  EXPECT_EQ(described("I00\n"), "False");
  for (const std::string& digits : {"", "1L", "9223372036854775808", " 1"}) {
    EXPECT_EQ(
        error_of_pickle("I" + digits + "\n"),
        message(2, "an int must be of decimal digits, below 2^63, got \"" +
                       digits + "\""));
  }
}

TEST(Pickle, ReadsOrderedDictsOfPython2) {
  const auto type = global("collections", "OrderedDict");
  const auto pair = [](const std::string& items) { return "](" + items + "e"; };
  const auto pairs = pair(pair(text("a") + "N") + pair(text("b") + "N"));

  EXPECT_EQ(described(call(type, pairs)), "a dictionary of 2");
  EXPECT_EQ(described(call(type, pair(tuple(text("a") + "N")))),
            "a dictionary of 1");
  EXPECT_EQ(described(call(type, pair("N"))),
            "a call of collections.OrderedDict");
  EXPECT_EQ(described(call(type, "N")), "a call of collections.OrderedDict");
}

TEST(PickleErrors, AListGoesToOneOrderedDict) {
  // The list of 40 pairs is in the memo, and each use of it takes a few bytes.
  std::string pairs;
  for (int i = 0; i < 40; ++i) pairs += tuple("NN");
  auto instructions = "](" + pairs + "eq" + std::string(1, '\0');
  const auto type = "c" + std::string("collections\nOrderedDict\n");
  instructions += type + "q\x01";
  const std::string use("h\x01h\x00\x85R", 6);
  for (int i = 0; i < 40; ++i) instructions += use;

  const auto error = error_of_pickle(instructions);

  EXPECT_NE(error.find(": a pickle may give a list to one OrderedDict, got to "
                       "more; fetch the file or save it again"),
            std::string::npos)
      << error;
}

TEST(Pickle, ReadsOneOfSeveral) {
  const auto bytes = whole("K\x01") + whole("K\x02") + "more";
  std::size_t offset = 0;

  const auto first = read_next_pickle(kWhere, bytes, offset);
  const auto second = read_next_pickle(kWhere, bytes, offset);

  EXPECT_EQ(*first.get<std::int64_t>(first.root), 1);
  EXPECT_EQ(*second.get<std::int64_t>(second.root), 2);
  EXPECT_EQ(bytes.substr(offset), "more");
}

TEST(Pickle, ReadsFloats) {
  const auto bytes = whole(std::string("G\xc0\x04\x00\x00\x00\x00\x00\x00", 9));
  const auto pickle = read_pickle(kWhere, bytes);

  ASSERT_NE(pickle.get<double>(pickle.root), nullptr);
  EXPECT_EQ(*pickle.get<double>(pickle.root), -2.5);
}

TEST(Pickle, ReadsTextAndBytesOfEveryForm) {
  for (const auto& start :
       {std::string("\x8c\x02"), std::string("U\x02"), "X" + little(2, 4),
        "T" + little(2, 4), "\x8d" + little(2, 8)}) {
    EXPECT_EQ(described(start + "ab"), "the text \"ab\"");
  }
  for (const auto& start : {std::string("C\x02"), "B" + little(2, 4),
                            "\x8e" + little(2, 8), "\x96" + little(2, 8)}) {
    EXPECT_EQ(described(start + "ab"), "2 bytes");
  }
}

TEST(Pickle, ReadsContainers) {
  EXPECT_EQ(described(")"), "a tuple of 0");
  EXPECT_EQ(described("N\x85"), "a tuple of 1");
  EXPECT_EQ(described("NN\x86"), "a tuple of 2");
  EXPECT_EQ(described("NNN\x87"), "a tuple of 3");
  EXPECT_EQ(described("(NNNNt"), "a tuple of 4");
  EXPECT_EQ(described("]Na(NNe"), "a list of 3");
  EXPECT_EQ(described("\x8f(NN\x90"), "a list of 2");  // a set
  EXPECT_EQ(described("(NNN\x91"), "a list of 3");     // a frozenset
  EXPECT_EQ(described("}NNs(NNNNu"), "a dictionary of 3");
}

TEST(Pickle, KeepsTheOrderOfItems) {
  const auto bytes = whole("K\x01K\x02K\x03\x87");
  const auto pickle = read_pickle(kWhere, bytes);

  const auto* tuple = pickle.get<PickleTuple>(pickle.root);
  ASSERT_NE(tuple, nullptr);
  std::vector<std::int64_t> items;
  for (const auto item : tuple->items) {
    items.push_back(*pickle.get<std::int64_t>(item));
  }
  EXPECT_EQ(items, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Pickle, TakesOrderedDictsForDictionaries) {
  const auto ordered = global("collections", "OrderedDict") + ")R";

  EXPECT_EQ(described(ordered + "(NNNNu"), "a dictionary of 2");
  EXPECT_EQ(described(ordered + "NNs" + dict(text("_metadata") + "N") + "b"),
            "a dictionary of 1");
}

TEST(Pickle, NotesCallsAndExecutesNone) {
  EXPECT_EQ(described(call(global("os", "system"), text("touch x"))),
            "a call of os.system");
  EXPECT_EQ(described(global("argparse", "Namespace") + ")\x81}b"),
            "a call of argparse.Namespace");
  EXPECT_EQ(described(text("os") + text("system") + "\x93"), "os.system");
  EXPECT_EQ(described(global("m", "C") + ")}\x92"), "a call of m.C");
  EXPECT_EQ(described(global("m", "f") + ")R)R"), "a call of no global");
  EXPECT_EQ(described(text("id") + "Q"), "a persistent id");
}

TEST(Pickle, NotesWhatObjectsAreGiven) {
  for (const auto& gift :
       {"Nb", "Na", "(NNe", "NNs", "(NNu", "NbNb", "NaNaNa"}) {
    const auto bytes = whole(global("m", "C") + ")R" + gift);
    const auto pickle = read_pickle(kWhere, bytes);

    const auto* object = pickle.get<PickleCall>(pickle.root);
    ASSERT_NE(object, nullptr) << gift;
    EXPECT_TRUE(object->altered) << gift;
    EXPECT_TRUE(object->state || object->others) << gift;
  }
}

TEST(Pickle, RemembersValues) {
  EXPECT_EQ(described("]q\x04Nh\x04N"
                      "a\x87"),
            "a tuple of 3");
  EXPECT_EQ(described("]r" + little(1, 4) + "0j" + little(1, 4)),
            "a list of 0");
  EXPECT_EQ(described("]\x94"
                      "0}\x94"
                      "0h\x01"),
            "a dictionary of 0");
  EXPECT_EQ(described("K\x01"
                      "2\x86"),
            "a tuple of 2");
  EXPECT_EQ(described("K\x01(NN1"), "the int 1");
  EXPECT_EQ(described("K\x01(0"), "the int 1");
}

TEST(Pickle, HoldsWhatContainsItself) {
  const auto bytes = whole("]\x94h" + little(0, 1) + "a");
  const auto pickle = read_pickle(kWhere, bytes);

  const auto* list = pickle.get<PickleList>(pickle.root);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->items, std::vector<PickleIndex>{pickle.root});
}

TEST(Pickle, NestsAsDeepAsTheBytesGo) {
  constexpr std::size_t kDepth = 100000;
  EXPECT_EQ(described(")" + std::string(kDepth, '\x85')), "a tuple of 1");
  EXPECT_EQ(described(std::string(kDepth, '(') + std::string(kDepth, 't')),
            "a tuple of 1");
}

TEST(Pickle, ReadsFrames) {
  EXPECT_EQ(described("\x95" + little(2, 8) + "N"), "None");
}

TEST(PickleErrors, NameTheInstruction) {
  EXPECT_EQ(error_of_pickle("NF1\n"),
            kWhere +
                ", byte 3: an instruction must be one that protocols 2 to 5 "
                "write, got 46; save the file with pickle_protocol=2, or fetch "
                "it again");
  EXPECT_EQ(error_of_pickle("N\x80\x01"),
            message(3, "the protocol must be 2 to 5, got 1"));
  EXPECT_EQ(error_of_pickle("N\x80\x06"),
            message(3, "the protocol must be 2 to 5, got 6"));
}

TEST(PickleErrors, TheInputEnds) {
  const auto cut = [](const std::string& bytes) {
    return failure_of([&] { (void)read_pickle(kWhere, bytes); });
  };
  EXPECT_EQ(cut(""), message(0,
                             "an instruction must find all of its bytes, 1, "
                             "got 0"));
  EXPECT_EQ(cut("NJ123"),
            message(1, "an instruction must find all of its bytes, 4, got 3"));
  EXPECT_EQ(cut("X" + little(0xFFFFFFFF, 4) + "abc"),
            message(0,
                    "an instruction must find all of its bytes, 4294967295, "
                    "got 3"));
  EXPECT_EQ(cut("\x8d" + little(~0ULL, 8)),
            message(0,
                    "an instruction must find all of its bytes, "
                    "18446744073709551615, got 0"));
  EXPECT_EQ(cut("cos\nsystem"),
            message(0, "a name must end with its line, got no end"));
  EXPECT_EQ(cut("N."), "");
  EXPECT_EQ(cut("N.N"),
            message(1, "a pickle must end with its only value, got more"));
  EXPECT_EQ(cut("NN."),
            message(2, "a pickle must end with its only value, got more"));
  EXPECT_EQ(cut("(N."), message(2,
                                "a pickle must end with its only value, got "
                                "more"));
}

TEST(PickleErrors, TheStackIsTooSmall) {
  const auto too_few = message(
      3, "an instruction must find its values on the stack, got too few");
  for (const auto& instruction :
       {"\x86", "s", "R", "\x93", "\x81", "\x92", "b"}) {
    EXPECT_EQ(error_of_pickle(std::string("N") + instruction), too_few)
        << instruction;
  }
  for (const auto& instruction : {"2", "a", "Q", "\x94", "."}) {
    EXPECT_EQ(error_of_pickle(std::string("(") + instruction), too_few)
        << instruction;
  }
}

TEST(PickleErrors, TheMarkIsMissing) {
  for (const auto& instruction : {"t", "e", "u", "1", "\x90", "\x91"}) {
    EXPECT_EQ(error_of_pickle(std::string("N") + instruction),
              message(3,
                      "an instruction must find its mark on the stack, got "
                      "none"));
  }
}

TEST(PickleErrors, TheMemoIsBounded) {
  EXPECT_EQ(error_of_pickle("Nr" + little(0x7FFFFFFF, 4)),
            message(3, "a number in the memo must be below 8, got 2147483647"));
  EXPECT_EQ(error_of_pickle("Nq\x02h\x01"),
            message(5,
                    "the memo must keep what is asked of it, got nothing at "
                    "1"));
  EXPECT_EQ(error_of_pickle("h\x01"),
            message(2,
                    "the memo must keep what is asked of it, got nothing at "
                    "1"));
}

TEST(PickleErrors, ValuesAreOfTheRightKind) {
  EXPECT_EQ(error_of_pickle("NNa"),
            message(4, "items must go to a list, got None"));
  EXPECT_EQ(error_of_pickle("]NNs"),
            message(5, "keys must go to a dictionary, got a list of 0"));
  EXPECT_EQ(error_of_pickle("}(Nu"),
            message(5, "keys must have values, got one more key"));
  EXPECT_EQ(error_of_pickle(text("os") + "N\x93"),
            message(10,
                    "a global must have two texts for a name, got the text "
                    "\"os\" and None"));
  EXPECT_EQ(error_of_pickle("NNR"),
            message(4, "arguments must be a tuple, got None"));
  EXPECT_EQ(error_of_pickle("]Nb"),
            message(4, "a state must go to an object, got a list of 0"));
}

}  // namespace
}  // namespace expandnet::testing
