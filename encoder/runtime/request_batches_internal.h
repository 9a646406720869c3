// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sightline::encoder {

/// The next requests of `pending`, from `next` on, that are still worth answering: at most `count`. A request whose
/// limits have passed gets its error in `results` and is left out. Advances `next` past everything it looked at.
template <typename Request, typename T>
std::vector<size_t> TakeBatch(std::span<const Request> requests, const std::vector<size_t>& pending, size_t& next,
                              size_t count, std::string_view what, std::vector<Result<T>>& results) {
  std::vector<size_t> batch;
  while (next < pending.size() && batch.size() < count) {
    const size_t i = pending[next++];
    if (Status limits = requests[i].limits.Check(what); !limits) {
      results[i] = tl::unexpected<Error>(std::move(limits).error());
    } else {
      batch.push_back(i);
    }
  }
  return batch;
}

/// Gives every request of `batch` its output, or the one error that stopped the batch.
template <typename T>
void StoreBatch(const std::vector<size_t>& batch, Result<std::vector<T>> outputs, std::vector<Result<T>>& results) {
  for (size_t k = 0; k < batch.size(); ++k) {
    if (outputs) {
      results[batch[k]] = std::move((*outputs)[k]);
    } else {
      results[batch[k]] = tl::unexpected<Error>(outputs.error());
    }
  }
}

/// One result per request, each an error until its batch has run.
template <typename T>
std::vector<Result<T>> UnansweredResults(size_t count) {
  return std::vector<Result<T>>(count, Fail(ErrorCode::kInternal, "the request was not run"));
}

}  // namespace sightline::encoder
