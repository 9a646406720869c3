// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/pickle.h"

#include <cmath>

#include "encoder/files/plain_value.h"
#include "tests/encoder/files/checkpoint_builder.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;

constexpr auto kCorrupt = ErrorCode::kCorruption;
constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kExhausted = ErrorCode::kResourceExhausted;

/// Reads and forgets; the texts of the result are gone, the status is not.
Status Reading(const std::string& pickle) {
  auto graph = ReadPickle(AsBytes(pickle));
  if (!graph) return tl::unexpected(graph.error());
  return {};
}

Result<PlainValue> Plain(const std::string& pickle) {
  const auto graph = ReadPickle(AsBytes(pickle));
  if (!graph) return tl::unexpected(graph.error());
  return ToPlainValue(*graph, graph->root);
}

Status ReadingTensor(int64_t elements, int64_t offset, const std::vector<int64_t>& shape,
                     const std::vector<int64_t>& stride) {
  return Reading(PickleBuilder().Tensor("0", elements, offset, shape, stride).Stop());
}

TEST(PickleTest, ReadsPlainValues) {
  const std::string pickle = PickleBuilder()
                                 .Op("}(")
                                 .Text("int")
                                 .Int(-7)
                                 .Text("byte")
                                 .Op("K\xff")
                                 .Text("short")
                                 .Op(std::string("M\x00\x80", 3))
                                 .Text("long")
                                 .Long(-5000000000)
                                 .Text("zero")
                                 .Op(std::string("\x8a\x00", 2))
                                 .Text("float")
                                 .Op(std::string("G\x3f\xe0\0\0\0\0\0\0", 9))
                                 .Text("yes")
                                 .Op("\x88")
                                 .Text("none")
                                 .Op("N")
                                 .Text("list")
                                 .Op("](")
                                 .Text("h\xc3\xa9")
                                 .Op("K\x01"
                                     "e")
                                 .Text("tuple")
                                 .Op("K\x01K\x02\x86")
                                 .Op("u")
                                 .Stop();
  const auto value = Plain(pickle);
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(*value->Find("int")->As<int64_t>(), -7);
  EXPECT_EQ(*value->Find("byte")->As<int64_t>(), 255);
  EXPECT_EQ(*value->Find("short")->As<int64_t>(), 32768);
  EXPECT_EQ(*value->Find("long")->As<int64_t>(), -5000000000);
  EXPECT_EQ(*value->Find("zero")->As<int64_t>(), 0);
  EXPECT_EQ(*value->Find("float")->As<double>(), 0.5);
  EXPECT_TRUE(*value->Find("yes")->As<bool>());
  EXPECT_NE(value->Find("none")->As<std::monostate>(), nullptr);
  const auto* const list = value->Find("list")->As<PlainValue::List>();
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(*list->at(0).As<std::string>(), "h\xc3\xa9");
  EXPECT_EQ(value->Find("tuple")->As<PlainValue::List>()->size(), 2U);
  EXPECT_EQ(value->Find("absent"), nullptr);
}

TEST(PickleTest, RememberedValuesComeBack) {
  const auto value = Plain(PickleBuilder().Op("](").Text("x").Op("q\x05").Op("h\x05").Op("e").Stop());
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(*value->As<PlainValue::List>()->at(1).As<std::string>(), "x");
}

TEST(PickleTest, ReadsATensor) {
  const std::string pickle = PickleBuilder().Tensor("17", 100, 4, {2, 3}, {1, 2}).Stop();
  const auto graph = ReadPickle(AsBytes(pickle));
  ASSERT_THAT(graph, IsOk());
  const auto* const tensor = graph->As<PickleTensor>(graph->root);
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->storage.key, "17");
  EXPECT_EQ(tensor->storage.elements, 100U);
  EXPECT_EQ(tensor->offset, 4U);
  EXPECT_EQ(tensor->shape, (Shape{2, 3}));
  EXPECT_EQ(tensor->stride, (Shape{1, 2}));
  EXPECT_EQ(graph->size_bytes, pickle.size());
}

TEST(PickleTest, AParameterIsItsTensor) {
  const std::string pickle = PickleBuilder()
                                 .Global("torch._utils", "_rebuild_parameter")
                                 .Op("(")
                                 .Tensor("0", 6, 0, {6}, {1})
                                 .Op("\x88")
                                 .Global("collections", "OrderedDict")
                                 .Op(")RtR")
                                 .Stop();
  const auto graph = ReadPickle(AsBytes(pickle));
  ASSERT_THAT(graph, IsOk());
  EXPECT_NE(graph->As<PickleTensor>(graph->root), nullptr);
}

TEST(PickleTest, AStorageViewIsAPartOfItsStorage) {
  const auto view = [](int64_t offset, int64_t elements, int64_t tensor_offset) {
    return PickleBuilder()
        .Global("torch._utils", "_rebuild_tensor_v2")
        .Op("((")
        .Text("storage")
        .Global("torch", "FloatStorage")
        .Text("root")
        .Text("cpu")
        .Long(10)
        .Op("(")
        .Text("view")
        .Long(offset)
        .Long(elements)
        .Op("ttQ")
        .Long(tensor_offset)
        .Ints({2})
        .Ints({1})
        .Op("\x89)tR")
        .Stop();
  };
  const std::string pickle = view(4, 3, 1);
  const auto graph = ReadPickle(AsBytes(pickle));
  ASSERT_THAT(graph, IsOk());
  EXPECT_EQ(graph->As<PickleTensor>(graph->root)->offset, 5U);
  EXPECT_THAT(Reading(view(4, 3, 2)), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(Reading(view(4, 7, 0)), IsErrorWith(kCorrupt, "a view outside"));
  EXPECT_THAT(Reading(view(11, 0, 0)), IsErrorWith(kCorrupt, "a view outside"));
}

TEST(PickleMalformedTest, UnknownGlobalsAreNamedAndNotCalled) {
  EXPECT_THAT(Reading(PickleBuilder().Global("os", "system").Op("(").Text("touch /tmp/x").Op("tR").Stop()),
              IsErrorWith(kUnsupported, "refers to os.system"));
  EXPECT_THAT(Reading(PickleBuilder().Global("builtins", "eval").Stop()), IsErrorWith(kUnsupported, "builtins.eval"));
  EXPECT_THAT(Reading(PickleBuilder().Global("torch", "load").Stop()), IsErrorWith(kUnsupported, "torch.load"));
  EXPECT_THAT(Reading(PickleBuilder().Global("collections", "OrderedDict\r").Stop()), IsError(kUnsupported));
  EXPECT_THAT(Reading(PickleBuilder().Global("torch._utils", "").Stop()), IsError(kUnsupported));
  EXPECT_THAT(Reading(PickleBuilder().Global(std::string(1000, 'a'), "b").Stop()), IsErrorWith(kCorrupt, "GLOBAL"));
  EXPECT_THAT(Reading(PickleBuilder().Op("cos").bytes()), IsErrorWith(kCorrupt, "truncated"));
}

// INST, OBJ, NEWOBJ, NEWOBJ_EX, STACK_GLOBAL, EXT1, PERSID, DUP, POP, FRAME, STRING and others.
TEST(PickleMalformedTest, OtherOpcodesAreRefused) {
  const std::string_view allowed =
      "\x80.N\x88\x89JKM\x8aGXc)]}(t\x85\x86\x87"
      "aesuqrhjQRb";
  for (int code = 0; code < 256; ++code) {
    if (allowed.find(static_cast<char>(code)) != std::string::npos) continue;
    EXPECT_THAT(Reading(PickleBuilder().Op(std::string(1, static_cast<char>(code))).bytes()),
                IsErrorWith(kUnsupported, std::string("opcode ").append(std::to_string(code))));
  }
}

TEST(PickleMalformedTest, OtherProtocolsAreRefused) {
  EXPECT_THAT(Reading("\x80\x04N."), IsErrorWith(kUnsupported, "protocol 4"));
  EXPECT_THAT(Reading(std::string("\x80\x00N.", 4)), IsErrorWith(kUnsupported, "protocol 0"));
}

TEST(PickleMalformedTest, EveryTruncationIsCorrupt) {
  const std::string pickle = PickleBuilder()
                                 .Op("}q\x01r\x01\x02\x03\x04(")
                                 .Text("model")
                                 .Tensor("0", 6, 0, {2, 3}, {3, 1})
                                 .Text("list")
                                 .Op("](")
                                 .Int(3)
                                 .Op("G12345678h\x01j\x01\x02\x03\x04M\x01\x02"
                                     "eu")
                                 .Stop();
  ASSERT_THAT(Reading(pickle), IsOk());
  for (size_t length = 0; length < pickle.size(); ++length) {
    EXPECT_THAT(Reading(pickle.substr(0, length)), IsErrorWith(kCorrupt, "pickle: ")) << length;
  }
}

TEST(PickleMalformedTest, OpcodesWhereTheyCannotStandAreCorrupt) {
  for (const char* ops :
       {".",   "a",   "Na",    "NNa",   "Nse",    "s",      "]NNs",    "}NNNu", "}(Nu", "}N(u", "(",    "t",
        "e",   "]e",  "N(e",   "\x85",  "N\x86",  "NN\x87", "(N\x85N", "R",     "NR",   "N)R",  "))R",  "b",
        "}Nb", "]}b", "q\x01", "h\x01", "(q\x01", "Q",      "NQ",      ")Q",    "NN",   "N(",   "](Na", "}(NNs"}) {
    EXPECT_THAT(Reading(PickleBuilder().Op(ops).Stop()), IsError(kCorrupt)) << ops;
  }
}

TEST(PickleMalformedTest, ConstructorsWithWrongArgumentsAreCorrupt) {
  EXPECT_THAT(Reading(PickleBuilder().Global("collections", "OrderedDict").Op("]\x85R").Stop()),
              IsErrorWith(kCorrupt, "with arguments"));
  EXPECT_THAT(Reading(PickleBuilder().Global("torch._utils", "_rebuild_tensor_v2").Op(")R").Stop()),
              IsErrorWith(kCorrupt, "wrong arguments"));
  EXPECT_THAT(Reading(PickleBuilder().Global("torch._utils", "_rebuild_parameter").Op("NNN\x87R").Stop()),
              IsErrorWith(kCorrupt, "not a known constructor"));
  EXPECT_THAT(Reading(PickleBuilder().Global("torch", "FloatStorage").Op(")R").Stop()),
              IsErrorWith(kCorrupt, "not a known constructor"));
}

TEST(PickleMalformedTest, BrokenStorageReferencesAreCorrupt) {
  const auto reading = [](const std::string& word, const std::string& module, const std::string& type, int64_t n) {
    return Reading(
        PickleBuilder().Op("(").Text(word).Global(module, type).Text("0").Text("cpu").Long(n).Op("tQ").Stop());
  };
  EXPECT_THAT(reading("storage", "torch", "FloatStorage", 3), IsOk());
  EXPECT_THAT(reading("module", "torch", "FloatStorage", 3), IsErrorWith(kCorrupt, "no storage"));
  EXPECT_THAT(reading("storage", "collections", "OrderedDict", 3), IsError(kCorrupt));
  EXPECT_THAT(reading("storage", "torch", "FloatStorage", -1), IsError(kCorrupt));
  EXPECT_THAT(reading("storage", "torch", "FloatStorage", INT64_MAX), IsError(kCorrupt));
  EXPECT_THAT(reading("storage", "torch", "ComplexFloatStorage", 3), IsError(kUnsupported));
}

TEST(PickleMalformedTest, TensorsOutsideTheirStorageAreCorrupt) {
  EXPECT_THAT(ReadingTensor(6, 0, {2, 3}, {3, 1}), IsOk());
  EXPECT_THAT(ReadingTensor(6, 5, {}, {}), IsOk());
  EXPECT_THAT(ReadingTensor(6, 100, {0, 3}, {3, 1}), IsOk()) << "no element, nothing outside";
  EXPECT_THAT(ReadingTensor(6, 1, {2, 3}, {3, 1}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, 6, {}, {}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, 0, {2, 3}, {4, 1}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, 0, {7}, {1}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, INT64_MAX, {1}, {1}), IsError(kCorrupt));
  EXPECT_THAT(ReadingTensor(6, -1, {1}, {1}), IsError(kCorrupt));
  EXPECT_THAT(ReadingTensor(6, 0, {-2}, {1}), IsError(kCorrupt));
  EXPECT_THAT(ReadingTensor(6, 0, {2}, {-1}), IsError(kCorrupt));
  EXPECT_THAT(ReadingTensor(6, 0, {2, 2}, {1}), IsError(kCorrupt));
}

TEST(PickleMalformedTest, SizesThatOverflowAreRefused) {
  const int64_t big = int64_t{1} << 47;
  EXPECT_THAT(ReadingTensor(6, 0, {big, big}, {0, 0}), IsError(kCorrupt));
  EXPECT_THAT(ReadingTensor(6, 0, {big, 2}, {big, 1}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, 0, {2, 2, 2, 2}, {big, big, big, big}), IsErrorWith(kCorrupt, "reaches outside"));
  EXPECT_THAT(ReadingTensor(6, 0, std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1)), IsError(kCorrupt));
}

TEST(PickleMalformedTest, HugeExpansionsAreRefused) {
  EXPECT_THAT(ReadingTensor(6, 0, {100, 6}, {0, 1}), IsOk());
  EXPECT_THAT(ReadingTensor(1, 0, {int64_t{1} << 40}, {0}), IsErrorWith(kExhausted, "repeats elements"));
}

TEST(PickleMalformedTest, InvalidUtf8IsCorrupt) {
  EXPECT_THAT(Reading(PickleBuilder().Text("\xed\xa0\x80").Stop()), IsErrorWith(kCorrupt, "UTF-8"));
}

TEST(PickleMalformedTest, DeepNestingIsRefused) {
  EXPECT_THAT(Reading(PickleBuilder().Op(std::string(100000, '(')).Stop()), IsErrorWith(kExhausted, "too deeply"));
  const std::string tower = PickleBuilder().Op("N").Op(std::string(10000, '\x85')).Stop();
  EXPECT_THAT(Reading(tower), IsOk()) << "no recursion, no harm";
  EXPECT_THAT(Plain(tower), IsErrorWith(kExhausted, "too deeply"));
}

TEST(PickleMalformedTest, AListThatContainsItselfIsRefused) {
  const std::string loop = PickleBuilder()
                               .Op("]q\x01h\x01"
                                   "a")
                               .Stop();
  EXPECT_THAT(Reading(loop), IsOk());
  EXPECT_THAT(Plain(loop), IsErrorWith(kExhausted, "too deeply"));
  EXPECT_THAT(Plain(PickleBuilder().Op("}q\x01").Text("a").Op("h\x01s").Stop()), IsErrorWith(kExhausted, "deeply"));
}

TEST(PickleMalformedTest, SharedPartsThatMultiplyAreRefused) {
  // Thirty lists, each holding the one before ten times.
  PickleBuilder builder;
  builder.Op("]q").Op(std::string(1, '\0'));
  for (char i = 1; i <= 30; ++i) {
    builder.Op("](");
    for (int k = 0; k < 10; ++k) builder.Op("h").Op(std::string(1, static_cast<char>(i - 1)));
    builder.Op("eq").Op(std::string(1, i));
  }
  // All of them but the last stay below it on the stack: put them into one tuple.
  const std::string pickle = PickleBuilder().Op("(").Op(builder.bytes().substr(2)).Op("t").Stop();
  EXPECT_THAT(Reading(pickle), IsOk());
  EXPECT_THAT(Plain(pickle), IsErrorWith(kExhausted, "too many values"));
}

TEST(PickleMalformedTest, TooManyValuesAreRefused) {
  EXPECT_THAT(Reading(PickleBuilder().Op("(").Op(std::string(1100000, 'N')).Op("t").Stop()),
              IsErrorWith(kExhausted, "more than a million values"));
  std::string gets;
  for (int i = 0; i < 1100000; ++i) gets += "h\x01";
  EXPECT_THAT(Reading(PickleBuilder().Op("Nq\x01(").Op(gets).Op("t\x86").Stop()),
              IsErrorWith(kExhausted, "on the stack"));
  std::string puts;
  for (uint32_t i = 0; i < 1100000; ++i) puts.append("r").append(Raw(i));
  EXPECT_THAT(Reading(PickleBuilder().Op("N").Op(puts).Stop()), IsErrorWith(kExhausted, "remembered"));
}

}  // namespace
}  // namespace sightline::encoder
