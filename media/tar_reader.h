// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "media/source.h"

namespace sightline::media {

/// A regular file in a tar archive. `name` is only a name: whatever it says ("../x", "/x"), nothing is ever opened or
/// written under it.
struct TarMember {
  std::string name;
  uint64_t offset_bytes = 0;  ///< Of the content, in the archive.
  uint64_t size_bytes = 0;
  std::string error;  ///< Not empty: the content cannot be read in place (cut off, sparse).
};

/// Walks the headers of an uncompressed tar archive (ustar, GNU, pax) in order; contents are skipped, not read. Links,
/// folders and devices are left out. Compressed archives are refused: a member could not be found again without
/// unpacking everything before it. Thread-confined.
class TarReader {
 public:
  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnsupported (compressed), kCorruption (empty, not a tar
  /// archive), kUnavailable (cannot be read).
  static Result<TarReader> Open(const std::filesystem::path& path);

  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;
  ~TarReader();

  /// The next regular file; nothing at the end. Errors: kCorruption (a damaged or cut header), kUnavailable; after an
  /// error there is nothing more.
  Result<std::optional<TarMember>> Next();

 private:
  struct State;
  explicit TarReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether the file name ends in ".tar", in any case.
bool HasTarExtension(std::string_view file_name);

/// The bytes behind an item's path: of a file, or of a member of a tar archive when the path is `<archive>#<member>`
/// and there is such an archive with such a member. Where a name occurs twice in an archive, the first one counts. A
/// plain path is not looked up here. Reads the archive's headers up to the member: a few microseconds for each. Errors:
/// kNotFound (an archive without this member, and no file of that name either), kUnavailable.
Result<Source> OpenLocation(const std::string& path);

}  // namespace sightline::media
