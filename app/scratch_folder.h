// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <utility>

#include "base/result.h"

namespace sightline::app {

/// A fresh folder in the system's temporary folder, removed with all its content. Move-only.
class ScratchFolder {
 public:
  /// Errors: kResourceExhausted (disk full), kUnavailable (cannot be made).
  static Result<ScratchFolder> Make();

  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  ///< Empty after a move.
};

/// Makes a folder and those above it. Errors: kResourceExhausted (disk full), kUnavailable (the message has the path).
Status MakeFolders(const std::filesystem::path& path);

}  // namespace sightline::app
