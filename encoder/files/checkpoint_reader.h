// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file_io.h"
#include "base/result.h"
#include "encoder/files/plain_value.h"
#include "encoder/files/tensor_view.h"

namespace sightline::encoder {

/// A tensor of a checkpoint as it lies in the file: element (i0, i1, ..) is element offset + i0 stride[0] + i1
/// stride[1] + .. of the storage. All of them lie inside the storage. Several tensors may share one.
struct CheckpointTensor {
  DType dtype = DType::kF32;
  Shape shape;
  Shape stride;         ///< In elements.
  uint64_t offset = 0;  ///< In elements.
  std::span<const std::byte> storage;
};

/// A file of `torch.save` (x2vlm-spec section 12.1) in the zip or the legacy container, read by a reader of our own
/// that knows nothing but dictionaries of tensors: nothing in the file is ever executed. Immutable.
class Checkpoint {
 public:
  /// Maps the file and reads its structure; tensor data is read when it is copied.
  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnavailable (cannot be read), kCorruption (truncated,
  /// damaged, not a checkpoint; no tensors; a tensor whose storage is missing or too short), kUnsupported (something
  /// in it that a checkpoint does not need: the message names it), kResourceExhausted (absurd sizes). Messages name
  /// the file.
  static Result<Checkpoint> Open(const std::filesystem::path& path);

  /// As Open, for a file that is in memory already. `bytes` must outlive the result.
  static Result<Checkpoint> FromBytes(std::span<const std::byte> bytes);

  /// The state dict: the entry `model` when there is one, otherwise the whole dictionary. Views into the mapping: valid
  /// as long as this object (moving it keeps them valid).
  const std::map<std::string, CheckpointTensor, std::less<>>& tensors() const { return tensors_; }
  /// The entry `config` beside `model`; monostate when there is none.
  const PlainValue& config() const { return config_; }

 private:
  MappedFile file_;
  std::map<std::string, CheckpointTensor, std::less<>> tensors_;
  PlainValue config_;
};

/// Copies a tensor, row-major.
std::vector<std::byte> CopyElements(const CheckpointTensor& tensor);

/// Copies a floating-point tensor to fp32, row-major. Errors: kInvalidArgument (an integer tensor).
Result<std::vector<float>> CopyFloats(const CheckpointTensor& tensor);

}  // namespace sightline::encoder
