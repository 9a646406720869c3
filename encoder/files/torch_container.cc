// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/torch_container.h"

#include <string_view>

#include "encoder/files/byte_reader.h"
#include "encoder/files/zip_reader.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kPickleName = "data.pkl";
constexpr std::string_view kStorageFolder = "data/";

/// "<root>/" of the only `<root>/data.pkl`; the root's name is arbitrary.
Result<std::string> FindRoot(const ZipEntries& entries) {
  std::string root;
  for (const auto& [name, data] : entries) {
    const size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash + 1) != kPickleName) continue;
    if (!root.empty()) return Fail(ErrorCode::kCorruption, "zip: more than one data.pkl");
    root = name.substr(0, slash + 1);
  }
  if (root.empty()) return Fail(ErrorCode::kCorruption, "zip: no data.pkl, so not made by torch.save");
  return root;
}

Result<TorchContainer> ReadZipContainer(std::span<const std::byte> bytes) {
  SL_ASSIGN_OR_RETURN(const ZipEntries entries, ReadZip(bytes));
  SL_ASSIGN_OR_RETURN(const std::string root, FindRoot(entries));
  if (const auto order = entries.find(root + "byteorder"); order != entries.end()) {
    const auto text = *ByteReader(order->second).ReadText(order->second.size());
    if (text != "little") return Fail(ErrorCode::kUnsupported, "byte order \"" + Printable(text) + "\"");
  }
  TorchContainer container;
  SL_ASSIGN_OR_RETURN(container.object, ReadPickle(entries.at(root + std::string(kPickleName))));
  const std::string folder = root + std::string(kStorageFolder);
  for (auto entry = entries.lower_bound(folder); entry != entries.end() && entry->first.starts_with(folder); ++entry) {
    container.storages.emplace(entry->first.substr(folder.size()), entry->second);
  }
  return container;
}

}  // namespace

Result<TorchContainer> ReadTorchContainer(std::span<const std::byte> bytes) {
  if (LooksLikeZip(bytes)) return ReadZipContainer(bytes);
  if (LooksLikeLegacyContainer(bytes)) return ReadLegacyContainer(bytes);
  return Fail(ErrorCode::kCorruption, "not a checkpoint: neither the zip nor the legacy container of torch.save");
}

}  // namespace sightline::encoder
