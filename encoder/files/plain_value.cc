// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/plain_value.h"

#include <optional>
#include <span>
#include <utility>

namespace sightline::encoder {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxValues = 100000;

class Converter {
 public:
  explicit Converter(const PickleGraph& graph) : graph_(graph) {}

  Result<PlainValue> Convert(PickleId id, int depth) {
    if (depth > kMaxDepth) return Fail(ErrorCode::kResourceExhausted, "config: nested too deeply");
    if (++values_ > kMaxValues) return Fail(ErrorCode::kResourceExhausted, "config: too many values");
    if (const auto* list = graph_.As<PickleList>(id)) return ConvertItems(list->items, depth);
    if (const auto* tuple = graph_.As<PickleTuple>(id)) return ConvertItems(tuple->items, depth);
    if (const auto* dict = graph_.As<PickleDict>(id)) return ConvertDict(*dict, depth);
    if (const auto* flag = graph_.As<bool>(id)) return PlainValue{*flag};
    if (const auto* integer = graph_.As<int64_t>(id)) return PlainValue{*integer};
    if (const auto* number = graph_.As<double>(id)) return PlainValue{*number};
    if (const auto* text = graph_.As<std::string_view>(id)) return PlainValue{std::string(*text)};
    return PlainValue{};
  }

 private:
  Result<PlainValue> ConvertItems(std::span<const PickleId> items, int depth) {
    PlainValue::List list;
    for (const PickleId item : items) {
      SL_ASSIGN_OR_RETURN(PlainValue value, Convert(item, depth + 1));
      list.push_back(std::move(value));
    }
    return PlainValue{std::move(list)};
  }

  Result<PlainValue> ConvertDict(const PickleDict& dict, int depth) {
    PlainValue::Dict entries;
    for (const auto& [key, value_id] : dict.entries) {
      const auto* const text = graph_.As<std::string_view>(key);
      const auto* const integer = graph_.As<int64_t>(key);
      if (text == nullptr && integer == nullptr) continue;  // no key that YAML has
      SL_ASSIGN_OR_RETURN(PlainValue value, Convert(value_id, depth + 1));
      entries.push_back({text != nullptr ? std::string(*text) : std::to_string(*integer), std::move(value)});
    }
    return PlainValue{std::move(entries)};
  }

  const PickleGraph& graph_;
  size_t values_ = 0;
};

}  // namespace

const PlainValue* PlainValue::Find(std::string_view key) const {
  const Dict* const dict = As<Dict>();
  if (dict == nullptr) return nullptr;
  for (auto entry = dict->rbegin(); entry != dict->rend(); ++entry) {
    if (entry->key == key) return &entry->value;
  }
  return nullptr;
}

Result<PlainValue> ToPlainValue(const PickleGraph& graph, PickleId id) { return Converter(graph).Convert(id, 0); }

}  // namespace sightline::encoder
