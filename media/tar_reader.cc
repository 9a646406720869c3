// SPDX-License-Identifier: BSD-3-Clause
#include "media/tar_reader.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "base/file_io.h"
#include "base/location_split.h"

namespace sightline::media {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 64 << 10;

struct ArchiveDeleter {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchivePtr = std::unique_ptr<archive, ArchiveDeleter>;

/// libarchive turns the UTF-8 names of pax headers into the locale's encoding, and the C locale has none. For the life
/// of this object the calling thread has a UTF-8 locale, so that names come through as they are.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) previous_ = ::uselocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(previous_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_ = nullptr;
  locale_t previous_ = nullptr;
};

// "gzip" and so on; empty when the first bytes are those of no compressor.
std::string_view CompressionOf(std::string_view start) {
  using namespace std::string_view_literals;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kMagics = {{{"\x1F\x8B"sv, "gzip"},
                                                                                     {"BZh"sv, "bzip2"},
                                                                                     {"\xFD"
                                                                                      "7zXZ"sv,
                                                                                      "xz"},
                                                                                     {"\x28\xB5\x2F\xFD"sv, "zstd"},
                                                                                     {"\x04\x22\x4D\x18"sv, "lz4"}}};
  for (const auto& [magic, name] : kMagics) {
    if (start.starts_with(magic)) return name;
  }
  return {};
}

std::string Reason(archive* handle) {
  const char* text = archive_error_string(handle);
  return text != nullptr ? text : "not a tar archive";
}

}  // namespace

struct TarReader::State {
  ~State() {
    handle.reset();
    if (fd >= 0) ::close(fd);
  }

  std::string name;
  int fd = -1;
  uint64_t file_bytes = 0;
  ArchivePtr handle;
  bool done = false;
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<TarReader> TarReader::Open(const fs::path& path) {
  auto state = std::make_unique<State>();
  state->name = path.string();
  // O_NONBLOCK: a FIFO must not block us before fstat names it.
  state->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (state->fd < 0) return tl::unexpected(ErrnoError(errno, "open", path));
  struct stat info {};
  if (::fstat(state->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, state->name + ": not a regular file");
  }
  state->file_bytes = static_cast<uint64_t>(info.st_size);
  std::array<char, 8> start{};
  const ssize_t got = ::pread(state->fd, start.data(), start.size(), 0);
  if (got < 0) return tl::unexpected(ErrnoError(errno, "read", path));
  if (got == 0) return Fail(ErrorCode::kCorruption, state->name + ": the archive is empty");
  if (const auto compression = CompressionOf({start.data(), static_cast<size_t>(got)}); !compression.empty()) {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("{}: compressed with {}; only uncompressed tar archives are read: unpack it first",
                            state->name, compression));
  }
  state->handle.reset(archive_read_new());
  archive* handle = state->handle.get();
  if (handle == nullptr) return Fail(ErrorCode::kResourceExhausted, state->name + ": out of memory");
  const Utf8Locale utf8;
  if (archive_read_support_format_tar(handle) != ARCHIVE_OK ||
      archive_read_open_fd(handle, state->fd, kReadBytes) != ARCHIVE_OK) {
    return Fail(ErrorCode::kCorruption, state->name + ": " + Reason(handle));
  }
  return TarReader(std::move(state));
}

Result<std::optional<TarMember>> TarReader::Next() {
  const Utf8Locale utf8;
  archive* handle = state_->handle.get();
  while (!state_->done) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(handle, &entry);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
      state_->done = true;
      return Fail(ErrorCode::kCorruption, state_->name + ": " + Reason(handle));
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) continue;
    TarMember member;
    const char* name = archive_entry_pathname(entry);
    member.name = name != nullptr ? name : "";
    // What the format reader has taken so far: everything up to the content (and archive_entry_size is never negative).
    member.offset_bytes = static_cast<uint64_t>(archive_filter_bytes(handle, 0));
    member.size_bytes = static_cast<uint64_t>(archive_entry_size(entry));
    if (member.name.empty()) member.error = "a member whose name cannot be read";
    if (archive_entry_sparse_count(entry) > 0) member.error = "a sparse member, which cannot be read in place";
    if (member.offset_bytes > state_->file_bytes || member.size_bytes > state_->file_bytes - member.offset_bytes) {
      member.error = fmt::format("cut off: the header says {} bytes, and the archive ends before", member.size_bytes);
      state_->done = true;
    }
    return member;
  }
  state_->done = true;
  return std::nullopt;
}

bool HasTarExtension(std::string_view file_name) {
  constexpr std::string_view kExtension = ".tar";
  if (file_name.size() <= kExtension.size()) return false;
  const std::string_view end = file_name.substr(file_name.size() - kExtension.size());
  for (size_t i = 0; i < kExtension.size(); ++i) {
    const char lower = end[i] >= 'A' && end[i] <= 'Z' ? static_cast<char>(end[i] + ('a' - 'A')) : end[i];
    if (lower != kExtension[i]) return false;
  }
  return true;
}

Result<Source> OpenLocation(const std::string& path) {
  std::string missing;
  for (const auto& [archive, wanted] : SplitsOf(path)) {
    std::error_code ignored;
    if (!fs::is_regular_file(archive, ignored)) continue;
    auto reader = TarReader::Open(archive);
    if (!reader) continue;
    missing = fmt::format("{}: the archive has no member {}", archive, wanted);
    for (auto member = reader->Next(); member && *member; member = reader->Next()) {
      if ((*member)->name != wanted || !(*member)->error.empty()) continue;
      return Source::FromFileRange(archive, (*member)->offset_bytes, (*member)->size_bytes, path);
    }
  }
  std::error_code ignored;
  if (!missing.empty() && !fs::exists(path, ignored)) return Fail(ErrorCode::kNotFound, std::move(missing));
  return Source::FromFile(path);
}

}  // namespace sightline::media
