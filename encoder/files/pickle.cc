// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <unordered_map>

#include "encoder/files/byte_reader.h"
#include "encoder/files/pickle_tensor_internal.h"
#include "encoder/text/unicode.h"

namespace sightline::encoder {
namespace {

constexpr size_t kMaxPickleBytes = 64 << 20;
constexpr size_t kMaxNodes = 1 << 20;
constexpr size_t kMaxMarks = 1000;
constexpr size_t kMaxGlobalName = 256;

struct NamedGlobal {
  std::string_view module;
  std::string_view name;
  PickleGlobal global;
};
constexpr std::array<NamedGlobal, 10> kGlobals = {{
    {"collections", "OrderedDict", PickleGlobal::kOrderedDict},
    {"torch._utils", "_rebuild_tensor_v2", PickleGlobal::kRebuildTensor},
    {"torch._utils", "_rebuild_parameter", PickleGlobal::kRebuildParameter},
    {"torch", "FloatStorage", PickleGlobal::kFloatStorage},
    {"torch", "HalfStorage", PickleGlobal::kHalfStorage},
    {"torch", "BFloat16Storage", PickleGlobal::kBFloat16Storage},
    {"torch", "DoubleStorage", PickleGlobal::kDoubleStorage},
    {"torch", "LongStorage", PickleGlobal::kLongStorage},
    {"torch", "IntStorage", PickleGlobal::kIntStorage},
    {"torch", "BoolStorage", PickleGlobal::kBoolStorage},
}};

auto Corrupt(const std::string& message) { return Fail(ErrorCode::kCorruption, message); }
auto TooMuch(const std::string& message) { return Fail(ErrorCode::kResourceExhausted, message); }
auto Truncated() { return Corrupt("truncated"); }

/// The stack machine of the pickle format, reduced to building data.
class Machine {
 public:
  explicit Machine(std::span<const std::byte> bytes)
      : bytes_(bytes.first(std::min(bytes.size(), kMaxPickleBytes))),
        reader_(bytes_),
        is_cut_(bytes_.size() < bytes.size()) {}

  Result<PickleGraph> Run() {
    while (!stopped_) {
      const auto code = reader_.Read<uint8_t>();
      if (!code) return is_cut_ ? Result<PickleGraph>(TooMuch("longer than 64 MB")) : Truncated();
      const Operation* const operation = Find(*code);
      if (operation == nullptr) {
        return Fail(ErrorCode::kUnsupported, "opcode " + std::to_string(*code) + " does not occur in a checkpoint");
      }
      if (auto done = (this->*operation->run)(); !done) return Annotate(std::move(done).error(), operation->name);
    }
    graph_.size_bytes = reader_.position();
    return std::move(graph_);
  }

 private:
  struct Operation {
    uint8_t code;
    const char* name;
    Status (Machine::*run)();
  };
  static const Operation* Find(uint8_t code);

  // The stack. Items below the topmost mark cannot be taken.
  size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  Result<PickleId> Pop() {
    if (available() == 0) return Corrupt("the stack is empty");
    const PickleId top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Result<PickleId> Top() const {
    if (available() == 0) return Corrupt("the stack is empty");
    return stack_.back();
  }
  Status PushId(PickleId id) {
    if (stack_.size() >= kMaxNodes) return TooMuch("more than a million values on the stack");
    stack_.push_back(id);
    return {};
  }
  Status Push(PickleNode node) {
    if (graph_.nodes.size() >= kMaxNodes) return TooMuch("more than a million values");
    graph_.nodes.push_back(std::move(node));
    return PushId(static_cast<PickleId>(graph_.nodes.size() - 1));
  }
  /// Takes what lies above the topmost mark, and the mark.
  Result<std::vector<PickleId>> PopToMark() {
    if (marks_.empty()) return Corrupt("no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  template <typename T>
  T* Mutable(PickleId id) {
    return std::get_if<T>(&graph_.nodes[id]);
  }

  // Constants.
  Status None() { return Push(PickleNone{}); }
  Status True() { return Push(true); }
  Status False() { return Push(false); }
  template <typename T>
  Status Int() {
    const auto value = reader_.Read<T>();
    return value ? Push(int64_t{*value}) : Truncated();
  }
  Status Long();
  Status Float();
  Status Text();
  Status Global();

  // Containers.
  Status EmptyTuple() { return Push(PickleTuple{}); }
  Status EmptyList() { return Push(PickleList{}); }
  Status EmptyDict() { return Push(PickleDict{}); }
  Status Mark() {
    if (marks_.size() >= kMaxMarks) return TooMuch("nested too deeply");
    marks_.push_back(stack_.size());
    return {};
  }
  Status Tuple();
  template <size_t n>
  Status TupleOf();
  Status Append();
  Status Appends();
  Status SetItem();
  Status SetItems();
  Status AddEntries(PickleId dict, std::span<const PickleId> flat);

  // Memo.
  Status Put(std::optional<uint32_t> slot);
  Status Get(std::optional<uint32_t> slot);
  Status BinPut() { return Put(reader_.Read<uint8_t>()); }
  Status LongBinPut() { return Put(reader_.Read<uint32_t>()); }
  Status BinGet() { return Get(reader_.Read<uint8_t>()); }
  Status LongBinGet() { return Get(reader_.Read<uint32_t>()); }

  // Objects.
  Status Protocol();
  Status PersistentId();
  Status Reduce();
  Status Build();
  Status Stop();

  std::span<const std::byte> bytes_;
  ByteReader reader_;
  bool is_cut_;
  bool stopped_ = false;
  PickleGraph graph_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleId> memo_;
};

const Machine::Operation* Machine::Find(uint8_t code) {
  static constexpr std::array kOperations = std::to_array<Operation>({
      {0x80, "PROTO", &Machine::Protocol},
      {'.', "STOP", &Machine::Stop},
      {'N', "NONE", &Machine::None},
      {0x88, "NEWTRUE", &Machine::True},
      {0x89, "NEWFALSE", &Machine::False},
      {'J', "BININT", &Machine::Int<int32_t>},
      {'K', "BININT1", &Machine::Int<uint8_t>},
      {'M', "BININT2", &Machine::Int<uint16_t>},
      {0x8a, "LONG1", &Machine::Long},
      {'G', "BINFLOAT", &Machine::Float},
      {'X', "BINUNICODE", &Machine::Text},
      {'c', "GLOBAL", &Machine::Global},
      {')', "EMPTY_TUPLE", &Machine::EmptyTuple},
      {']', "EMPTY_LIST", &Machine::EmptyList},
      {'}', "EMPTY_DICT", &Machine::EmptyDict},
      {'(', "MARK", &Machine::Mark},
      {'t', "TUPLE", &Machine::Tuple},
      {0x85, "TUPLE1", &Machine::TupleOf<1>},
      {0x86, "TUPLE2", &Machine::TupleOf<2>},
      {0x87, "TUPLE3", &Machine::TupleOf<3>},
      {'a', "APPEND", &Machine::Append},
      {'e', "APPENDS", &Machine::Appends},
      {'s', "SETITEM", &Machine::SetItem},
      {'u', "SETITEMS", &Machine::SetItems},
      {'q', "BINPUT", &Machine::BinPut},
      {'r', "LONG_BINPUT", &Machine::LongBinPut},
      {'h', "BINGET", &Machine::BinGet},
      {'j', "LONG_BINGET", &Machine::LongBinGet},
      {'Q', "BINPERSID", &Machine::PersistentId},
      {'R', "REDUCE", &Machine::Reduce},
      {'b', "BUILD", &Machine::Build},
  });
  const auto found = std::find_if(kOperations.begin(), kOperations.end(),
                                  [code](const Operation& operation) { return operation.code == code; });
  return found == kOperations.end() ? nullptr : &*found;
}

Status Machine::Protocol() {
  const auto version = reader_.Read<uint8_t>();
  if (!version) return Truncated();
  if (*version != 2) return Fail(ErrorCode::kUnsupported, "protocol " + std::to_string(*version));
  return {};
}

Status Machine::Long() {
  const auto size = reader_.Read<uint8_t>();
  const auto bytes = size ? reader_.ReadBytes(*size) : std::nullopt;
  if (!bytes) return Truncated();
  if (bytes->size() > sizeof(int64_t)) return Push(PickleBigInt{*bytes});
  const bool is_negative = !bytes->empty() && (bytes->back() & std::byte{0x80}) != std::byte{0};
  uint64_t value = is_negative ? ~uint64_t{0} : 0;
  std::memcpy(&value, bytes->data(), bytes->size());
  return Push(static_cast<int64_t>(value));
}

Status Machine::Float() {
  const auto bytes = reader_.Read<std::array<uint8_t, 8>>();
  if (!bytes) return Truncated();
  uint64_t bits = 0;
  for (const uint8_t byte : *bytes) bits = bits << 8 | byte;  // the only big-endian value of the format
  return Push(std::bit_cast<double>(bits));
}

Status Machine::Text() {
  const auto size = reader_.Read<uint32_t>();
  const auto text = size ? reader_.ReadText(*size) : std::nullopt;
  if (!text) return Truncated();
  if (!CheckUtf8(*text)) return Corrupt("invalid UTF-8");
  return Push(*text);
}

Status Machine::Global() {
  std::array<std::string_view, 2> lines;
  for (std::string_view& line : lines) {
    ByteReader ahead = reader_;
    const auto text = *ahead.ReadText(std::min(ahead.remaining(), kMaxGlobalName));
    const size_t length = text.find('\n');
    if (length == std::string_view::npos) {
      return text.size() < kMaxGlobalName ? Truncated() : Corrupt("a name without end");
    }
    line = *reader_.ReadText(length);
    reader_.ReadText(1);
  }
  for (const NamedGlobal& known : kGlobals) {
    if (known.module == lines[0] && known.name == lines[1]) return Push(known.global);
  }
  return Fail(ErrorCode::kUnsupported, "the file refers to " + Printable(lines[0]) + "." + Printable(lines[1]) +
                                           ", which no checkpoint needs; nothing was executed");
}

Status Machine::Tuple() {
  SL_ASSIGN_OR_RETURN(std::vector<PickleId> items, PopToMark());
  return Push(PickleTuple{std::move(items)});
}

template <size_t n>
Status Machine::TupleOf() {
  if (available() < n) return Corrupt("the stack is empty");
  const auto first = stack_.end() - static_cast<std::ptrdiff_t>(n);
  PickleTuple tuple{{first, stack_.end()}};
  stack_.erase(first, stack_.end());
  return Push(std::move(tuple));
}

Status Machine::Append() {
  SL_ASSIGN_OR_RETURN(const PickleId item, Pop());
  SL_ASSIGN_OR_RETURN(const PickleId target, Top());
  auto* const list = Mutable<PickleList>(target);
  if (list == nullptr) return Corrupt("not a list");
  list->items.push_back(item);
  return {};
}

Status Machine::Appends() {
  SL_ASSIGN_OR_RETURN(const std::vector<PickleId> items, PopToMark());
  SL_ASSIGN_OR_RETURN(const PickleId target, Top());
  auto* const list = Mutable<PickleList>(target);
  if (list == nullptr) return Corrupt("not a list");
  list->items.insert(list->items.end(), items.begin(), items.end());
  return {};
}

Status Machine::AddEntries(PickleId target, std::span<const PickleId> flat) {
  auto* const dict = Mutable<PickleDict>(target);
  if (dict == nullptr) return Corrupt("not a dictionary");
  if (flat.size() % 2 != 0) return Corrupt("a key without value");
  for (size_t i = 0; i < flat.size(); i += 2) dict->entries.emplace_back(flat[i], flat[i + 1]);
  return {};
}

Status Machine::SetItem() {
  SL_ASSIGN_OR_RETURN(const PickleId value, Pop());
  SL_ASSIGN_OR_RETURN(const PickleId key, Pop());
  SL_ASSIGN_OR_RETURN(const PickleId target, Top());
  return AddEntries(target, std::array{key, value});
}

Status Machine::SetItems() {
  SL_ASSIGN_OR_RETURN(const std::vector<PickleId> flat, PopToMark());
  SL_ASSIGN_OR_RETURN(const PickleId target, Top());
  return AddEntries(target, flat);
}

Status Machine::Put(std::optional<uint32_t> slot) {
  if (!slot) return Truncated();
  SL_ASSIGN_OR_RETURN(const PickleId top, Top());
  if (memo_.size() >= kMaxNodes) return TooMuch("more than a million remembered values");
  memo_[*slot] = top;
  return {};
}

Status Machine::Get(std::optional<uint32_t> slot) {
  if (!slot) return Truncated();
  const auto found = memo_.find(*slot);
  if (found == memo_.end()) return Corrupt("value " + std::to_string(*slot) + " was never remembered");
  return PushId(found->second);
}

Status Machine::PersistentId() {
  SL_ASSIGN_OR_RETURN(const PickleId id, Pop());
  const auto* const tuple = graph_.As<PickleTuple>(id);
  if (tuple == nullptr) return Corrupt("a persistent id that is no tuple");
  SL_ASSIGN_OR_RETURN(PickleStorage storage, MakePickleStorage(graph_, *tuple));
  return Push(storage);
}

Status Machine::Reduce() {
  SL_ASSIGN_OR_RETURN(const PickleId arguments_id, Pop());
  SL_ASSIGN_OR_RETURN(const PickleId callable_id, Pop());
  const auto* const arguments = graph_.As<PickleTuple>(arguments_id);
  const auto* const callable = graph_.As<PickleGlobal>(callable_id);
  if (arguments == nullptr || callable == nullptr) return Corrupt("not a known constructor");
  if (*callable == PickleGlobal::kOrderedDict) {
    if (!arguments->items.empty()) return Corrupt("an ordered dictionary with arguments");
    return Push(PickleDict{{}, true});
  }
  if (*callable == PickleGlobal::kRebuildTensor) {
    SL_ASSIGN_OR_RETURN(PickleTensor tensor, MakePickleTensor(graph_, *arguments));
    return Push(std::move(tensor));
  }
  // A parameter is its tensor: (tensor, requires_grad, hooks).
  if (*callable == PickleGlobal::kRebuildParameter && arguments->items.size() == 3 &&
      graph_.As<PickleTensor>(arguments->items[0]) != nullptr) {
    return PushId(arguments->items[0]);
  }
  return Corrupt("not a known constructor");
}

/// The only object with a state is the state dict, and its `_metadata` says nothing that we need.
Status Machine::Build() {
  SL_ASSIGN_OR_RETURN([[maybe_unused]] const PickleId state, Pop());
  SL_ASSIGN_OR_RETURN(const PickleId target, Top());
  const auto* const dict = graph_.As<PickleDict>(target);
  if (dict == nullptr || !dict->is_ordered_dict) return Corrupt("not an ordered dictionary");
  return {};
}

Status Machine::Stop() {
  SL_ASSIGN_OR_RETURN(graph_.root, Pop());
  if (!stack_.empty() || !marks_.empty()) return Corrupt("values are left on the stack");
  stopped_ = true;
  return {};
}

}  // namespace

Result<PickleGraph> ReadPickle(std::span<const std::byte> bytes) {
  auto graph = Machine(bytes).Run();
  if (!graph) return Annotate(std::move(graph).error(), "pickle");
  return graph;
}

}  // namespace sightline::encoder
