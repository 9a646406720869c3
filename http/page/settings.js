// SPDX-License-Identifier: BSD-3-Clause
// What is kept in this browser: the API key and the colours.

import { hasKey, setKey } from "./api.js";
import { byId, openDialog } from "./dom.js";

/** @param wrong  why the key that there is will not do; "" where there is none */
export function askForKey(wrong) {
  byId("key-error").textContent = wrong;
  byId("key-input").value = "";
  byId("key-forget").hidden = !hasKey();
  openDialog(byId("key"));
}

/** Wires the dialog; `load` is called when there is another key. */
export function watchKey(load) {
  const dialog = byId("key");
  byId("key-button").addEventListener("click", () => askForKey(""));
  byId("key-cancel").addEventListener("click", () => dialog.close());
  byId("key-forget").addEventListener("click", () => { setKey(""); dialog.close(); load(); });
  byId("key-form").addEventListener("submit", (event) => {
    const value = byId("key-input").value.trim();
    if (value === "") {
      event.preventDefault();
      byId("key-error").textContent = "Enter the key.";
      return;
    }
    setKey(value, byId("key-keep").checked);
    load();
  });
}

const THEMES = ["system", "light", "dark"];

export function watchTheme() {
  const button = byId("theme");
  const root = document.documentElement;
  const draw = () => {
    const theme = root.dataset.theme ?? "system";
    button.title = `Colours: ${theme}`;
    button.setAttribute("aria-label", `Colours: ${theme}. Change`);
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("sightline.theme", next);
    } catch {
      // Storage is forbidden: it lasts as long as this page.
    }
    draw();
  });
  draw();
}
