// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace sightline {

/// Runs `body` and turns every exception of a third-party library into an Error, so that none leaves the `.cc` file
/// that made the call.
/// @param what  what was being done, for the message: "search the FAISS index".
/// @return what `body` returns (a Result or Status). kResourceExhausted on bad_alloc, otherwise kInternal.
template <typename Body>
auto Guard(std::string_view what, Body&& body) -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kResourceExhausted, std::string(what) + ": out of memory");
  } catch (const std::exception& e) {
    return Fail(ErrorCode::kInternal, std::string(what) + ": " + e.what());
  } catch (...) {
    return Fail(ErrorCode::kInternal, std::string(what) + ": unknown exception");
  }
}

}  // namespace sightline
