// SPDX-License-Identifier: BSD-3-Clause
// Runs before the page is drawn, so that it does not flash in the other theme. app.js has the button.
"use strict";
try {
  const theme = localStorage.getItem("sightline.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme it is.
}
