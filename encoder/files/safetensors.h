// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_io.h"
#include "base/result.h"
#include "encoder/files/tensor_view.h"

namespace sightline::encoder {

/// A `.safetensors` file, mapped into memory: tensors are read from the disk when they are touched. The layout is an
/// 8-byte little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, and the data. Immutable.
class SafetensorsFile {
 public:
  /// Maps the file and checks all of its header: every tensor's type, shape and range; the ranges cover the data
  /// without overlap or hole. Reads no tensor data.
  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnavailable (cannot be read), kCorruption (anything
  /// wrong in the file; the message names the file and the tensor), kUnsupported (an element type we do not know).
  static Result<SafetensorsFile> Open(const std::filesystem::path& path);

  /// Views into the mapping: valid as long as this object (moving it keeps them valid).
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  /// Null when there is no such tensor.
  const TensorView* Find(std::string_view name) const;
  /// The strings of the header's `__metadata__`.
  const std::map<std::string, std::string, std::less<>>& metadata() const { return metadata_; }
  /// The whole file.
  std::span<const std::byte> bytes() const { return file_.bytes(); }

  /// Expands tensor `name` to fp32: F64, F32, F16 and BF16 by their value, I8 with the scale per row in
  /// `<name>.scale`.
  /// @param out  as many floats as the tensor has elements, row-major.
  /// Errors: kNotFound (no such tensor), kInvalidArgument (as ExpandToFloat; the message names the tensor).
  Status ReadFloats(std::string_view name, std::span<float> out) const;

 private:
  MappedFile file_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

/// Name and form of a tensor that is going to be written.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
};

/// Writes a `.safetensors` file so that a crash leaves the old file or the new one: writes a temporary file beside it,
/// fsyncs it, renames it, fsyncs the folder. One tensor at a time is in memory.
/// @param tensors  with distinct names.
/// @param data  called once per tensor, in any order, with its index in `tensors`; returns its bytes, row-major.
/// Errors: those of `data`; kInvalidArgument (two tensors of one name, an impossible shape, data of the wrong size),
/// kResourceExhausted (disk full), kNotFound (no such folder), kUnavailable.
Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata,
                        const std::function<Result<std::vector<std::byte>>(size_t index)>& data);

}  // namespace sightline::encoder
