// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sightline::app {

/// The style sheet of HtmlPage.
extern const char* const kPageStyle;

/// What a page of figures has beside it: charts and tables.
extern const char* const kReportStyle;

}  // namespace sightline::app
