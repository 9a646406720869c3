// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sightline::testing {

/// What would be left of a folder if the power failed, as the library powerloss_shim keeps it while a program runs.
///   PowerLossImage image(root, side);   // everything in `root` counts as durable
///   ... run a program with image.environment(), end it at any moment ...
///   image.CutPower();                   // `root` is what was synced, and that counts as durable
class PowerLossImage {
 public:
  /// @param root  an existing folder.   @param image  a folder beside it on the same file system; made here.
  PowerLossImage(const std::filesystem::path& root, const std::filesystem::path& image);

  /// The variables that make a program keep the image.
  std::vector<std::string> environment() const;

  /// Takes the present state of `root` as durable.
  void Reset();

  /// Drops from `root` what was not synced. With a seed, files keep a random part of what was appended after their last
  /// sync, as a disk may: a torn tail.
  void CutPower(std::optional<uint64_t> torn_tail_seed = std::nullopt);

 private:
  void AddFolder(const std::filesystem::path& folder);
  void Rebuild(const std::filesystem::path& target, const std::string& inode) const;
  void KeepTornTails(uint64_t seed);

  std::filesystem::path root_;
  std::filesystem::path image_;
};

}  // namespace sightline::testing
