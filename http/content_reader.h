// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "media/source.h"

namespace sightline::http {

/// A body that is read in pieces while it is sent: a file, a member of a tar file. Used by one thread at a time.
class ContentReader {
 public:
  virtual ~ContentReader() = default;

  virtual uint64_t size() const = 0;
  /// Fills `out` from `offset` on; `offset + out.size()` is within size(). May block on a disk: it is called on a
  /// thread for that, never on an I/O thread. Errors: any; the connection is then closed, because the head has been
  /// sent.
  virtual Status ReadAt(uint64_t offset, std::span<std::byte> out) = 0;
};

/// Opens a file, a range of one (a tar member) or memory as a body. An open file cannot be exchanged for another
/// between a check and the sending. Errors: those of media::SourceReader::Open. Blocking I/O.
Result<std::shared_ptr<ContentReader>> OpenContent(const media::Source& source);

}  // namespace sightline::http
