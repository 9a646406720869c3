// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "encoder/files/pickle.h"

namespace sightline::encoder {

struct PlainEntry;

/// A value of the `config` of a checkpoint: what YAML can say.
struct PlainValue {
  using List = std::vector<PlainValue>;
  using Dict = std::vector<PlainEntry>;  ///< In file order.

  std::variant<std::monostate, bool, int64_t, double, std::string, List, Dict> value;

  /// The value as T; null when it is something else.
  template <typename T>
  const T* As() const {
    return std::get_if<T>(&value);
  }
  /// The value of a key of a Dict, the last one when there are several; null when there is none, or no Dict.
  const PlainValue* Find(std::string_view key) const;
};

/// One entry of a Dict.
struct PlainEntry {
  std::string key;
  PlainValue value;
};

/// Copies a part of a pickle. What is not plain (tensors, globals, integers beyond 64 bits) becomes monostate, like
/// None; tuples become lists; keys that are integers become text.
/// Errors: kResourceExhausted: nested deeper than 64 (also: contains itself), or more than 100,000 values when every
/// shared part is counted as often as it is used.
Result<PlainValue> ToPlainValue(const PickleGraph& graph, PickleId id);

}  // namespace sightline::encoder
