// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <c10/util/Exception.h>

#include "base/guard.h"
#include "base/result.h"

namespace sightline::encoder {

/// The one line that a c10::Error is about, without its C++ stack, as an Error: kResourceExhausted when memory ran out
/// (the CPU allocator says so only in its message), otherwise kInternal.
Error ErrorFromTorch(std::string_view what, const c10::Error& error);

/// As Guard, with ErrorFromTorch for LibTorch's exceptions.
template <typename Body>
auto GuardTorch(std::string_view what, Body&& body) -> std::invoke_result_t<Body> {
  return Guard(what, [&]() -> std::invoke_result_t<Body> {
    try {
      return std::forward<Body>(body)();
    } catch (const c10::Error& error) {
      return tl::unexpected<Error>(ErrorFromTorch(what, error));
    }
  });
}

}  // namespace sightline::encoder
