// SPDX-License-Identifier: BSD-3-Clause
#include "http/held_views.h"

#include <algorithm>
#include <utility>

namespace sightline::http {

void HeldViews::Hold(std::shared_ptr<const storage::IndexView> view, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  std::erase_if(newest_last_, [&](const Entry& entry) { return entry.view->epoch() == view->epoch(); });
  newest_last_.push_back({std::move(view), now});
  DropOld(now);
}

std::shared_ptr<const storage::IndexView> HeldViews::Find(Epoch epoch, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  DropOld(now);
  const auto found = std::find_if(newest_last_.begin(), newest_last_.end(),
                                  [&](const Entry& entry) { return entry.view->epoch() == epoch; });
  return found == newest_last_.end() ? nullptr : found->view;
}

void HeldViews::Clear() {
  std::lock_guard lock(mutex_);
  newest_last_.clear();
}

void HeldViews::DropOld(Clock::time_point now) {
  while (!newest_last_.empty() && (newest_last_.size() > count_ || now - newest_last_.front().used > time_)) {
    newest_last_.pop_front();
  }
}

}  // namespace sightline::http
