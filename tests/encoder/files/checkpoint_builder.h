// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sightline::encoder {

inline std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The bytes of a value, little-endian.
template <typename T>
std::string Raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// Writes pickles opcode by opcode, right or wrong.
class PickleBuilder {
 public:
  explicit PickleBuilder(std::string bytes = "\x80\x02") : bytes_(std::move(bytes)) {}

  PickleBuilder& Op(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  PickleBuilder& Text(std::string_view text) { return Op("X").Op(Raw(static_cast<uint32_t>(text.size()))).Op(text); }
  PickleBuilder& Int(int32_t value) { return Op("J").Op(Raw(value)); }
  PickleBuilder& Long(int64_t value) { return Op("\x8a\x08").Op(Raw(value)); }
  PickleBuilder& Global(const std::string& module, const std::string& name) {
    return Op("c").Op(module).Op("\n").Op(name).Op("\n");
  }
  PickleBuilder& Ints(const std::vector<int64_t>& values) {
    Op("(");
    for (const int64_t value : values) Long(value);
    return Op("t");
  }
  /// A persistent id and BINPERSID.
  PickleBuilder& Storage(const std::string& type, const std::string& key, int64_t elements) {
    return Op("(").Text("storage").Global("torch", type).Text(key).Text("cpu").Long(elements).Op("tQ");
  }
  /// A float tensor on storage `key`.
  PickleBuilder& Tensor(const std::string& key, int64_t elements, int64_t offset, const std::vector<int64_t>& shape,
                        const std::vector<int64_t>& stride) {
    Global("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("FloatStorage", key, elements).Long(offset);
    Ints(shape).Ints(stride).Op("\x89").Global("collections", "OrderedDict").Op(")R");
    return Op("tR");
  }
  std::string Stop() { return std::string(bytes_).append("."); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// One entry of a zip archive; fields that a test wants to lie about have names of their own.
struct ZipTestEntry {
  std::string name;
  std::string data;
  std::string local_name = name;
  uint16_t method = 0;
  uint16_t flags = 0;
  int64_t offset_shift = 0;
  int64_t size_shift = 0;
  bool is_zip64 = false;
};

/// An archive of stored entries. With zip64, all sizes and offsets stand in the zip64 records.
inline std::string MakeZip(const std::vector<ZipTestEntry>& entries, bool zip64_end = false) {
  std::string file, directory;
  for (const ZipTestEntry& entry : entries) {
    const auto offset = file.size() + static_cast<uint64_t>(entry.offset_shift);
    const auto size = entry.data.size() + static_cast<uint64_t>(entry.size_shift);
    const auto short_size = entry.is_zip64 ? 0xffffffffU : static_cast<uint32_t>(size);
    const std::string extra =
        entry.is_zip64 ? Raw(uint16_t{1}) + Raw(uint16_t{24}) + Raw(size) + Raw(size) + Raw(offset) : "";
    // version, flags, method, time, date, crc, sizes, name length, extra length
    file += "PK\3\4" + Raw(uint16_t{20}) + Raw(entry.flags) + Raw(entry.method) + std::string(8, '\0') +
            Raw(short_size) + Raw(short_size) + Raw(static_cast<uint16_t>(entry.local_name.size())) + Raw(uint16_t{4}) +
            entry.local_name + Raw(uint16_t{0x4246}) + Raw(uint16_t{0}) + entry.data;
    directory += "PK\1\2" + Raw(uint32_t{20}) + Raw(entry.flags) + Raw(entry.method) + std::string(8, '\0') +
                 Raw(short_size) + Raw(short_size) + Raw(static_cast<uint16_t>(entry.name.size())) +
                 Raw(static_cast<uint16_t>(extra.size())) + std::string(10, '\0') +
                 Raw(entry.is_zip64 ? 0xffffffffU : static_cast<uint32_t>(offset)) + entry.name + extra;
  }
  const uint64_t directory_at = file.size();
  const uint64_t count = entries.size();
  file += directory;
  if (zip64_end) {
    const uint64_t end64_at = file.size();
    file += "PK\6\6" + Raw(uint64_t{44}) + Raw(uint32_t{20}) + Raw(uint64_t{0}) + Raw(count) + Raw(count) +
            Raw(static_cast<uint64_t>(directory.size())) + Raw(directory_at);
    file += "PK\6\7" + Raw(uint32_t{0}) + Raw(end64_at) + Raw(uint32_t{1});
  }
  const auto end_count = zip64_end ? uint16_t{0xffff} : static_cast<uint16_t>(count);
  return file + "PK\5\6" + Raw(uint32_t{0}) + Raw(end_count) + Raw(end_count) +
         Raw(zip64_end ? 0xffffffffU : static_cast<uint32_t>(directory.size())) +
         Raw(zip64_end ? 0xffffffffU : static_cast<uint32_t>(directory_at)) + Raw(uint16_t{0});
}

/// A checkpoint in the zip container.
inline std::string MakeZipCheckpoint(const std::string& pickle, const std::map<std::string, std::string>& storages) {
  std::vector<ZipTestEntry> entries = {{"archive/data.pkl", pickle}};
  for (const auto& [key, data] : storages) entries.push_back({"archive/data/" + key, data});
  entries.push_back({"archive/version", "3\n"});
  return MakeZip(entries);
}

/// What stands before the object in the legacy container.
inline std::string LegacyHead() {
  return std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) +
         std::string("\x80\x02M\xe9\x03.") + PickleBuilder().Op("}").Text("little_endian").Op("\x88s").Stop();
}

/// A checkpoint in the legacy container: the storages hold floats.
inline std::string MakeLegacyCheckpoint(const std::string& pickle, const std::map<std::string, std::string>& storages) {
  PickleBuilder keys;
  keys.Op("](");
  std::string data;
  for (const auto& [key, bytes] : storages) {
    keys.Text(key);
    data += Raw(static_cast<int64_t>(bytes.size() / sizeof(float))) + bytes;
  }
  return LegacyHead() + pickle + keys.Op("e").Stop() + data;
}

/// {"model": OrderedDict(name: tensor)} of one float tensor "w" on storage "0".
inline std::string MakeModelPickle(int64_t elements, int64_t offset, const std::vector<int64_t>& shape,
                                   const std::vector<int64_t>& stride) {
  return PickleBuilder()
      .Op("}")
      .Text("model")
      .Global("collections", "OrderedDict")
      .Op(")R")
      .Text("w")
      .Tensor("0", elements, offset, shape, stride)
      .Op("ss")
      .Stop();
}

}  // namespace sightline::encoder
