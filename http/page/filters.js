// SPDX-License-Identifier: BSD-3-Clause
// The filter panel and the chips that stand for its conditions while it is closed.

import { byId, el, icon } from "./dom.js";
import { OPERATIONS, PATH, describe, isComplete } from "./filter_words.js";
import { metadataText } from "./words.js";
import { state } from "./search_state.js";

const HIDDEN_KEYS = /^(sightline\.|text$|caption_of$)/;
const MAX_VALUES = 200;

const known = new Map(); // metadata key -> values that were seen
let changed = () => {};

/** Remembers keys and values of what was found, to offer them while a condition is typed. */
export function learn(hits) {
  for (const hit of hits) {
    for (const [key, values] of Object.entries(hit.metadata ?? {})) {
      if (HIDDEN_KEYS.test(key)) continue;
      if (!known.has(key)) known.set(key, new Set());
      const seen = known.get(key);
      for (const value of values) if (seen.size < MAX_VALUES) seen.add(metadataText(key, value));
    }
  }
}

export function forget() {
  known.clear();
}

const valueOf = (key, op) => state.conditions.find((c) => c.key === key && c.op === op)?.value ?? "";

function set(key, op, value) {
  state.conditions = state.conditions.filter((c) => !(c.key === key && c.op === op));
  if (value) state.conditions.push({ key, op, value });
  drawChips();
  changed();
}

function fixedField(label, type, key, op, hint = "") {
  const input = el("input", { type, placeholder: hint, on: { input: () => set(key, op, input.value) } });
  input.value = valueOf(key, op);
  return el("label", { class: "field" }, el("span", {}, label), input);
}

function list(id, values) {
  return el("datalist", { id }, [...values].map((value) => el("option", { value })));
}

// One condition with a key, an operation and a value.
function row(condition, number) {
  const values = list(`values-${number}`, known.get(condition.key) ?? []);
  const redrawn = () => {
    values.replaceChildren(...list("", known.get(condition.key) ?? []).children);
    value.hidden = !(OPERATIONS.find((o) => o.op === condition.op)?.needsValue ?? true);
    drawChips();
    changed();
  };
  const key = el("input", { type: "text", list: "known-keys", placeholder: "metadata key", "aria-label": "Key" });
  const op = el("select", { "aria-label": "Condition" }, OPERATIONS.map((o) => el("option", { value: o.op }, o.words)));
  const value = el("input", { type: "text", list: values.id, placeholder: "value", "aria-label": "Value" });
  key.value = condition.key;
  op.value = condition.op;
  value.value = condition.value;
  key.addEventListener("input", () => { condition.key = key.value; redrawn(); });
  op.addEventListener("change", () => { condition.op = op.value; redrawn(); });
  value.addEventListener("input", () => { condition.value = value.value; redrawn(); });
  value.hidden = !(OPERATIONS.find((o) => o.op === condition.op)?.needsValue ?? true);
  const remove = el("button", { type: "button", class: "icon-button", "aria-label": "Remove this condition" }, icon("close"));
  remove.addEventListener("click", () => {
    state.conditions = state.conditions.filter((c) => c !== condition);
    drawPanel();
    changed();
  });
  return el("div", { class: "condition" }, key, op, value, values, remove);
}

const isFixed = ({ key, op }) => op === PATH || (key === "taken_at" && (op === "gte" || op === "lte"));

export function drawPanel() {
  const add = el("button", { type: "button", class: "button" }, "Add a condition");
  add.addEventListener("click", () => {
    state.conditions.push({ key: "", op: "is", value: "" });
    drawPanel();
    byId("filters").querySelector(".condition:last-of-type input")?.focus();
  });
  const clear = el("button", { type: "button", class: "button", on: { click: clearAll } }, "Clear all");
  byId("filters").replaceChildren(
    el("div", { class: "fixed" },
      fixedField("Folder or file begins with", "text", "", PATH, "/photos/2024/"),
      fixedField("Taken from", "date", "taken_at", "gte"), fixedField("Taken until", "date", "taken_at", "lte")),
    el("div", { class: "conditions" }, state.conditions.filter((c) => !isFixed(c)).map(row)),
    list("known-keys", [...known.keys()].sort()),
    el("div", { class: "actions start" }, add, clear));
  drawChips();
}

function drawChips() {
  const complete = state.conditions.filter(isComplete);
  byId("chips").replaceChildren(...complete.map((condition) => {
    const words = describe(condition);
    const chip = el("button", { type: "button", class: "chip", "aria-label": `Remove the filter: ${words}` },
      el("span", {}, words), icon("close"));
    chip.addEventListener("click", () => {
      state.conditions = state.conditions.filter((c) => c !== condition);
      drawPanel();
      changed();
    });
    return chip;
  }));
}

export function clearAll() {
  state.conditions = [];
  drawPanel();
  changed();
}

/** Wires the panel; `onChange` is called whenever the filter may have become another. */
export function openFilters(onChange) {
  changed = onChange;
  const button = byId("filters-button");
  button.addEventListener("click", () => {
    const open = byId("filters").hidden;
    byId("filters").hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      drawPanel();
      byId("filters").querySelector("input")?.focus();
    }
  });
}
