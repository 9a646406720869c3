// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sightline::app {

/// The style sheet of HtmlPage.
extern const char* const kPageStyle;

}  // namespace sightline::app
