// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <unistd.h>

#include <filesystem>

#include "base/check.h"

namespace sightline::testing {

/// Root reads everything whatever its permissions are. For the life of this object a test that root runs has the rights
/// of "nobody" instead; `folder` and the folders above it are opened so that it is still reached.
class WithoutRoot {
 public:
  explicit WithoutRoot(std::filesystem::path folder) {
    if (::geteuid() != 0) return;
    for (; folder != folder.root_path(); folder = folder.parent_path()) {
      using std::filesystem::perms;  // of the group as well: the group stays root's
      std::filesystem::permissions(folder,
                                   perms::others_read | perms::others_exec | perms::group_read | perms::group_exec,
                                   std::filesystem::perm_options::add);
    }
    SL_CHECK(::seteuid(kNobody) == 0);
    dropped_ = true;
  }
  ~WithoutRoot() {
    if (dropped_) SL_CHECK(::seteuid(0) == 0);
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  bool dropped_ = false;
};

}  // namespace sightline::testing
