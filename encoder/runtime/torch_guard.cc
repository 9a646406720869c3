// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/torch_guard_internal.h"

namespace sightline::encoder {

Error ErrorFromTorch(std::string_view what, const c10::Error& error) {
  const std::string message = error.what_without_backtrace();
  const bool out_of_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                             message.find("can't allocate memory") != std::string::npos ||
                             message.find("not enough memory") != std::string::npos;
  const std::string prefix = std::string(what) + ": ";
  if (out_of_memory) return {ErrorCode::kResourceExhausted, prefix + "out of memory"};
  return {ErrorCode::kInternal, prefix + message.substr(0, message.find('\n'))};
}

}  // namespace sightline::encoder
