// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

#include "base/guard.h"
#include "encoder/files/safetensors.h"

namespace sightline::encoder {
namespace {

/// A file that has its final name only after Commit, and is removed when that did not happen.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& path) : path_(path), temporary_(path) {
    temporary_ += ".tmp" + std::to_string(::getpid());
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!committed_) ::unlink(temporary_.c_str());
  }

  bool is_open() const { return fd_ >= 0; }

  Status Write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return tl::unexpected(ErrnoError(errno, "write", temporary_));
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }

  Status Commit() {
    if (::fsync(fd_) != 0) return tl::unexpected(ErrnoError(errno, "fsync", temporary_));
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return tl::unexpected(ErrnoError(errno, "rename", path_));
    committed_ = true;
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder_fd >= 0 && ::fsync(folder_fd) == 0;
    const int error_number = errno;
    if (folder_fd >= 0) ::close(folder_fd);
    if (!synced) return tl::unexpected(ErrnoError(error_number, "fsync folder", folder));
    return {};
  }

 private:
  const std::filesystem::path path_;
  std::filesystem::path temporary_;
  int fd_ = -1;
  bool committed_ = false;
};

/// Large elements first, so that every tensor is aligned; then by name, so that the file depends on nothing else.
std::vector<size_t> WritingOrder(std::span<const TensorToWrite> tensors) {
  std::vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const size_t size_a = SizeOf(tensors[a].dtype);
    const size_t size_b = SizeOf(tensors[b].dtype);
    return size_a != size_b ? size_a > size_b : tensors[a].name < tensors[b].name;
  });
  return order;
}

/// The length and the JSON, padded so that the data starts at a multiple of 8.
Result<std::string> MakeHeader(std::span<const TensorToWrite> tensors, std::span<const size_t> order,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::set<std::string_view> names;
  uint64_t offset = 0;
  for (const size_t index : order) {
    const TensorToWrite& tensor = tensors[index];
    const auto count = ElementCount(tensor.shape);
    if (!count || *count > (UINT64_MAX / 16 - offset) || !names.insert(tensor.name).second) {
      return Fail(ErrorCode::kInvalidArgument, tensor.name + ": written twice, or of an impossible shape");
    }
    const uint64_t end = offset + *count * SizeOf(tensor.dtype);
    header[tensor.name] = {{"dtype", NameOf(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  text.insert(0, reinterpret_cast<const char*>(&length), sizeof(length));
  return text;
}

}  // namespace

Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata,
                        const std::function<Result<std::vector<std::byte>>(size_t index)>& data) {
  return Guard("write safetensors", [&]() -> Status {
    const std::vector<size_t> order = WritingOrder(tensors);
    SL_ASSIGN_OR_RETURN(const std::string header, MakeHeader(tensors, order, metadata));
    TemporaryFile file(path);
    if (!file.is_open()) return tl::unexpected(ErrnoError(errno, "create", path));
    SL_RETURN_IF_ERROR(file.Write(std::as_bytes(std::span(header))));
    for (const size_t index : order) {
      const TensorToWrite& tensor = tensors[index];
      SL_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, data(index));
      if (bytes.size() != *ElementCount(tensor.shape) * SizeOf(tensor.dtype)) {
        return Fail(ErrorCode::kInvalidArgument, tensor.name + ": " + std::to_string(bytes.size()) +
                                                     " bytes of data for shape " + ToString(tensor.shape));
      }
      SL_RETURN_IF_ERROR(file.Write(bytes));
    }
    return file.Commit();
  });
}

}  // namespace sightline::encoder
