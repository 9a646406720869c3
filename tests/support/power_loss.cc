// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/power_loss.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <random>

#include "base/check.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;

std::string Inode(const fs::path& path) {
  struct stat info {};
  SL_CHECK(::lstat(path.c_str(), &info) == 0);
  return std::to_string(info.st_ino);
}

void Empty(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
}

}  // namespace

PowerLossImage::PowerLossImage(const fs::path& root, const fs::path& image)
    : root_(fs::canonical(root)), image_(image) {
  Reset();
}

std::vector<std::string> PowerLossImage::environment() const {
  std::vector<std::string> variables = {std::string("LD_PRELOAD=") + SIGHTLINE_POWERLOSS_SHIM,
                                        "POWERLOSS_ROOT=" + root_.string(), "POWERLOSS_IMAGE=" + image_.string()};
  // The address sanitizer wants to be the first library; the shim calls the kernel itself and does not mind.
  variables.push_back("ASAN_OPTIONS=verify_asan_link_order=0");
  return variables;
}

void PowerLossImage::Reset() {
  fs::remove_all(image_);
  fs::create_directories(image_ / "inodes");
  fs::create_directories(image_ / "dirs");
  AddFolder(root_);
}

void PowerLossImage::AddFolder(const fs::path& folder) {
  const fs::path durable = image_ / "dirs" / Inode(folder);
  fs::create_directory(durable);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string inode = Inode(entry.path());
    if (entry.is_directory()) {
      AddFolder(entry.path());
      fs::create_symlink(inode, durable / entry.path().filename());
    } else if (entry.is_regular_file()) {
      const fs::path content = image_ / "inodes" / inode;
      fs::copy_file(entry.path(), content, fs::copy_options::overwrite_existing);
      fs::create_hard_link(content, durable / entry.path().filename());
    }
  }
}

void PowerLossImage::CutPower(std::optional<uint64_t> torn_tail_seed) {
  if (torn_tail_seed) KeepTornTails(*torn_tail_seed);
  const std::string root_inode = Inode(root_);
  Empty(root_);
  Rebuild(root_, root_inode);
  Reset();
}

void PowerLossImage::Rebuild(const fs::path& target, const std::string& inode) const {
  const fs::path durable = image_ / "dirs" / inode;
  if (!fs::exists(durable)) return;  // its own entries were never synced
  for (const auto& entry : fs::directory_iterator(durable)) {
    const fs::path name = target / entry.path().filename();
    if (entry.is_symlink()) {
      fs::create_directory(name);
      Rebuild(name, fs::read_symlink(entry.path()).string());
    } else {
      fs::copy_file(entry.path(), name);
    }
  }
}

void PowerLossImage::KeepTornTails(uint64_t seed) {
  std::mt19937_64 random(seed);
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (!entry.is_regular_file()) continue;
    const fs::path durable = image_ / "inodes" / Inode(entry.path());
    const uint64_t synced = fs::exists(durable) ? fs::file_size(durable) : 0;
    const uint64_t written = entry.file_size();
    if (!fs::exists(durable) || written <= synced) continue;
    std::string tail(std::uniform_int_distribution<uint64_t>(0, written - synced)(random), '\0');
    std::ifstream in(entry.path(), std::ios::binary);
    in.seekg(static_cast<std::streamoff>(synced));
    in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
    std::ofstream out(durable, std::ios::binary | std::ios::app);
    out.write(tail.data(), in.gcount());
  }
}

}  // namespace sightline::testing
