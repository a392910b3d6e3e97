#include "io/pytorch/pickle.h"

#include <utility>

#include "base/text.h"
#include "io/pytorch/pickle_input.h"
#include "io/pytorch/pickle_stack.h"

namespace expandnet {

namespace {

/// Carries out instructions, which Python's pickletools.py describes. Each
/// member for a kind of them returns false when given another.
class PickleReader {
 public:
  PickleReader(const std::string& where, std::string_view bytes,
               std::size_t offset)
      : input_(where, bytes, offset), stack_(input_) {}

  [[nodiscard]] Pickle read();
  [[nodiscard]] const PickleInput& input() const { return input_; }

 private:
  bool read_protocol(unsigned char opcode);
  bool read_number(unsigned char opcode);
  bool read_text(unsigned char opcode);
  bool read_tuple(unsigned char opcode);
  bool read_list(unsigned char opcode);
  bool read_dict(unsigned char opcode);
  bool read_call(unsigned char opcode);
  bool read_stack(unsigned char opcode);

  void append(const std::vector<PickleIndex>& items);
  void set_items(const std::vector<PickleIndex>& items);
  void push_global(PickleIndex module, PickleIndex name);
  void push_call(PickleIndex callable, PickleIndex arguments);
  void give(PickleIndex object, std::vector<PickleIndex> gifts);
  [[nodiscard]] bool push_ordered_dict(const std::vector<PickleIndex>& pairs);
  void build();

  PickleInput input_;
  PickleStack stack_;
  std::size_t pairs_ = 0;  ///< copied from lists to OrderedDicts
};

bool PickleReader::read_protocol(unsigned char opcode) {
  switch (opcode) {
    case 0x80: {  // PROTO
      const auto protocol = input_.take_number(1);
      if (protocol < 2 || protocol > 5) {
        input_.complain("the protocol must be 2 to 5",
                        std::to_string(protocol));
      }
      return true;
    }
    case 0x95:  // FRAME: how much is worth reading at once
      (void)input_.take_number(8);
      return true;
    default:
      return false;
  }
}

bool PickleReader::read_number(unsigned char opcode) {
  switch (opcode) {
    case 'N':  // NONE
      stack_.push(PickleNone{});
      return true;
    case 0x88:  // NEWTRUE
    case 0x89:  // NEWFALSE
      stack_.push(opcode == 0x88);
      return true;
    case 'K':  // BININT1
    case 'M':  // BININT2
      stack_.push(
          static_cast<std::int64_t>(input_.take_number(opcode == 'K' ? 1 : 2)));
      return true;
    case 'J':  // BININT
      stack_.push(input_.take_int(4));
      return true;
    case 'I':  // INT, of Python 2: those of more than 32 bits
      stack_.push(input_.take_decimal());
      return true;
    case 0x8a:  // LONG1
    case 0x8b:  // LONG4
      stack_.push(input_.take_int(input_.take_number(opcode == 0x8a ? 1 : 4)));
      return true;
    case 'G':  // BINFLOAT
      stack_.push(input_.take_float());
      return true;
    default:
      return false;
  }
}

bool PickleReader::read_text(unsigned char opcode) {
  switch (opcode) {
    case 0x8c:  // SHORT_BINUNICODE
    case 'U':   // SHORT_BINSTRING, of Python 2
      stack_.push(PickleText{input_.take_counted(1)});
      return true;
    case 'X':  // BINUNICODE
    case 'T':  // BINSTRING, of Python 2
      stack_.push(PickleText{input_.take_counted(4)});
      return true;
    case 0x8d:  // BINUNICODE8
      stack_.push(PickleText{input_.take_counted(8)});
      return true;
    case 'C':  // SHORT_BINBYTES
      stack_.push(PickleBytes{input_.take_counted(1)});
      return true;
    case 'B':  // BINBYTES
      stack_.push(PickleBytes{input_.take_counted(4)});
      return true;
    case 0x8e:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      stack_.push(PickleBytes{input_.take_counted(8)});
      return true;
    default:
      return false;
  }
}

bool PickleReader::read_tuple(unsigned char opcode) {
  switch (opcode) {
    case ')':  // EMPTY_TUPLE
      stack_.push(PickleTuple{});
      return true;
    case 't':  // TUPLE
      stack_.push(PickleTuple{stack_.pop_to_mark()});
      return true;
    case 0x85:    // TUPLE1
    case 0x86:    // TUPLE2
    case 0x87: {  // TUPLE3
      std::vector<PickleIndex> items(opcode - 0x84U);
      for (auto item = items.rbegin(); item != items.rend(); ++item) {
        *item = stack_.pop();
      }
      stack_.push(PickleTuple{std::move(items)});
      return true;
    }
    default:
      return false;
  }
}

/// Adds items to what is on top.
void PickleReader::append(const std::vector<PickleIndex>& items) {
  const auto target = stack_.top();
  if (auto* list = stack_.as<PickleList>(target)) {
    list->items.insert(list->items.end(), items.begin(), items.end());
  } else if (stack_.as<PickleCall>(target) != nullptr) {
    give(target, items);
  } else {
    input_.complain("items must go to a list", stack_.describe(target));
  }
}

bool PickleReader::read_list(unsigned char opcode) {
  switch (opcode) {
    case ']':   // EMPTY_LIST
    case 0x8f:  // EMPTY_SET
      stack_.push(PickleList{});
      return true;
    case 'a':  // APPEND
      append({stack_.pop()});
      return true;
    case 'e':   // APPENDS
    case 0x90:  // ADDITEMS
      append(stack_.pop_to_mark());
      return true;
    case 0x91:  // FROZENSET
      stack_.push(PickleList{stack_.pop_to_mark()});
      return true;
    default:
      return false;
  }
}

/// Gives keys and values, in turn, to what is on top.
void PickleReader::set_items(const std::vector<PickleIndex>& items) {
  if (items.size() % 2 != 0) {
    input_.complain("keys must have values", "one more key");
  }
  const auto target = stack_.top();
  if (auto* dict = stack_.as<PickleDict>(target)) {
    for (std::size_t i = 0; i < items.size(); i += 2) {
      dict->items.emplace_back(items[i], items[i + 1]);
    }
  } else if (stack_.as<PickleCall>(target) != nullptr) {
    give(target, items);
  } else {
    input_.complain("keys must go to a dictionary", stack_.describe(target));
  }
}

bool PickleReader::read_dict(unsigned char opcode) {
  switch (opcode) {
    case '}':  // EMPTY_DICT
      stack_.push(PickleDict{});
      return true;
    case 's': {  // SETITEM
      const auto value = stack_.pop();
      set_items({stack_.pop(), value});
      return true;
    }
    case 'u':  // SETITEMS
      set_items(stack_.pop_to_mark());
      return true;
    default:
      return false;
  }
}

void PickleReader::push_global(PickleIndex module, PickleIndex name) {
  const auto* module_text = stack_.as<PickleText>(module);
  const auto* name_text = stack_.as<PickleText>(name);
  if (module_text == nullptr || name_text == nullptr) {
    input_.complain("a global must have two texts for a name",
                    stack_.describe(module) + " and " + stack_.describe(name));
  }
  stack_.push(PickleGlobal{module_text->text, name_text->text});
}

/// Notes what an object that a call returns is given later.
void PickleReader::give(PickleIndex object, std::vector<PickleIndex> gifts) {
  const auto former = stack_.as<PickleCall>(object)->others;
  if (former) gifts.push_back(*former);
  stack_.push(PickleTuple{std::move(gifts)});
  const auto others = stack_.pop();
  auto* call = stack_.as<PickleCall>(object);
  call->altered = true;
  call->others = others;
}

void PickleReader::push_call(PickleIndex callable, PickleIndex arguments) {
  const auto* tuple = stack_.as<PickleTuple>(arguments);
  if (tuple == nullptr) {
    input_.complain("arguments must be a tuple", stack_.describe(arguments));
  }
  const auto* global = stack_.as<PickleGlobal>(callable);
  const bool is_dict = global != nullptr && global->module == "collections" &&
                       global->name == "OrderedDict";
  if (is_dict && tuple->items.empty()) {
    stack_.push(PickleDict{});
    return;
  }
  if (is_dict && tuple->items.size() == 1) {
    const auto* list = stack_.as<PickleList>(tuple->items.front());
    if (list != nullptr && push_ordered_dict(list->items)) return;
  }
  stack_.push(PickleCall{callable, arguments});
}

/// The OrderedDict of these pairs; false unless they are such.
bool PickleReader::push_ordered_dict(const std::vector<PickleIndex>& pairs) {
  // A list may be used again and again: what is copied stays below the bytes.
  pairs_ += pairs.size();
  if (pairs_ > input_.taken()) {
    input_.complain("a pickle may give a list to one OrderedDict", "to more");
  }
  PickleDict dict;
  for (const auto pair : pairs) {
    const auto* tuple = stack_.as<PickleTuple>(pair);
    const auto* list = stack_.as<PickleList>(pair);
    const auto* items = tuple != nullptr  ? &tuple->items
                        : list != nullptr ? &list->items
                                          : nullptr;
    if (items == nullptr || items->size() != 2) return false;
    dict.items.emplace_back((*items)[0], (*items)[1]);
  }
  stack_.push(std::move(dict));
  return true;
}

/// Gives the state that is on top to what is below it.
void PickleReader::build() {
  const auto state = stack_.pop();
  const auto target = stack_.top();
  if (auto* call = stack_.as<PickleCall>(target)) {
    if (call->state) give(target, {*call->state});
    call = stack_.as<PickleCall>(target);
    call->altered = true;
    call->state = state;
  } else if (stack_.as<PickleDict>(target) == nullptr) {
    input_.complain("a state must go to an object", stack_.describe(target));
  }
}

bool PickleReader::read_call(unsigned char opcode) {
  switch (opcode) {
    case 'c': {  // GLOBAL
      const auto module = input_.take_line();
      stack_.push(PickleGlobal{module, input_.take_line()});
      return true;
    }
    case 0x93: {  // STACK_GLOBAL
      const auto name = stack_.pop();
      push_global(stack_.pop(), name);
      return true;
    }
    case 'R':     // REDUCE
    case 0x81: {  // NEWOBJ
      const auto arguments = stack_.pop();
      push_call(stack_.pop(), arguments);
      return true;
    }
    case 0x92: {  // NEWOBJ_EX, with keywords
      const auto keywords = stack_.pop();
      const auto arguments = stack_.pop();
      push_call(stack_.pop(), arguments);
      if (auto* call = stack_.as<PickleCall>(stack_.top())) {
        call->altered = true;
        call->others = keywords;
      }
      return true;
    }
    case 'b':  // BUILD
      build();
      return true;
    case 'Q':  // BINPERSID
      stack_.push(PicklePersistent{stack_.pop()});
      return true;
    default:
      return false;
  }
}

bool PickleReader::read_stack(unsigned char opcode) {
  switch (opcode) {
    case '(':  // MARK
      stack_.mark();
      return true;
    case '0':  // POP
      stack_.drop();
      return true;
    case '1':  // POP_MARK
      (void)stack_.pop_to_mark();
      return true;
    case '2':  // DUP
      stack_.duplicate();
      return true;
    case 'q':  // BINPUT
    case 'r':  // LONG_BINPUT
      stack_.put(input_.take_number(opcode == 'q' ? 1 : 4));
      return true;
    case 0x94:  // MEMOIZE
      stack_.memoize();
      return true;
    case 'h':  // BINGET
    case 'j':  // LONG_BINGET
      stack_.get(input_.take_number(opcode == 'h' ? 1 : 4));
      return true;
    default:
      return false;
  }
}

Pickle PickleReader::read() {
  constexpr unsigned char kStop = '.';
  while (true) {
    const auto opcode = input_.next_instruction();
    if (opcode == kStop) return stack_.finish();
    const bool known = read_number(opcode) || read_text(opcode) ||
                       read_tuple(opcode) || read_list(opcode) ||
                       read_dict(opcode) || read_call(opcode) ||
                       read_stack(opcode) || read_protocol(opcode);
    if (known) continue;
    input_.complain("an instruction must be one that protocols 2 to 5 write",
                    hex_bytes({opcode}),
                    "save the file with pickle_protocol=2, or fetch it again");
  }
}

}  // namespace

Pickle read_next_pickle(const std::string& where, std::string_view bytes,
                        std::size_t& offset) {
  PickleReader reader(where, bytes, offset);
  auto pickle = reader.read();
  offset = reader.input().offset();
  return pickle;
}

Pickle read_pickle(const std::string& where, std::string_view bytes) {
  PickleReader reader(where, bytes, 0);
  auto pickle = reader.read();
  if (reader.input().left() > 0) {
    reader.input().complain("a pickle must end with its only value", "more");
  }
  return pickle;
}

}  // namespace expandnet
