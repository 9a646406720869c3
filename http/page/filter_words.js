// SPDX-License-Identifier: BSD-3-Clause
// A condition of the filter panel, {key, op, value}: as words, and as the server reads it (README, "Filters").

/** The operation of a condition on an item's path, which has no key. */
export const PATH = "path";

export const OPERATIONS = [
  { op: "is", words: "is", needsValue: true },
  { op: "not", words: "is not", needsValue: true },
  { op: "prefix", words: "starts with", needsValue: true },
  { op: "gte", words: "at least", needsValue: true },
  { op: "lte", words: "at most", needsValue: true },
  { op: "exists", words: "is set", needsValue: false },
  { op: "missing", words: "is not set", needsValue: false },
];

const needsValue = (op) => OPERATIONS.find((operation) => operation.op === op)?.needsValue ?? true;

/** Whether the server can be asked; a condition that is being typed is not complete. */
export function isComplete({ key, op, value }) {
  if (op === PATH) return value.trim() !== "";
  return key.trim() !== "" && (!needsValue(op) || value.trim() !== "");
}

export function describe({ key, op, value }) {
  if (op === PATH) return `in ${value}`;
  if (key === "taken_at" && op === "gte") return `taken from ${value}`;
  if (key === "taken_at" && op === "lte") return `taken until ${value}`;
  const words = OPERATIONS.find((operation) => operation.op === op)?.words ?? op;
  return needsValue(op) ? `${key} ${words} ${value}` : `${key} ${words}`;
}

const isNumber = (text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);

// What is typed has no type of its own: "5" is the number and the text, "true" the truth value and the text.
function readings(text) {
  const out = [text];
  if (isNumber(text)) out.unshift(Number(text));
  if (text === "true" || text === "false") out.unshift(text === "true");
  return out;
}

// The last moment of a day that is given without a time belongs to it.
function bound(key, op, text) {
  if (isNumber(text)) return Number(text);
  return op === "lte" && /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text;
}

/** The server's filter, or null where there is nothing to filter by. */
export function filterOf(conditions) {
  const must = [];
  const mustNot = [];
  for (const condition of conditions.filter(isComplete)) {
    const { key, op } = condition;
    const value = condition.value.trim();
    if (op === PATH) must.push({ path: value });
    else if (op === "is") must.push({ key, match: { any: readings(value) } });
    else if (op === "not") mustNot.push({ key, match: { any: readings(value) } });
    else if (op === "prefix") must.push({ key, prefix: value });
    else if (op === "gte" || op === "lte") must.push({ key, range: { [op]: bound(key, op, value) } });
    else must.push({ key, exists: op === "exists" });
  }
  if (must.length === 0 && mustNot.length === 0) return null;
  return { ...(must.length > 0 && { must }), ...(mustNot.length > 0 && { must_not: mustNot }) };
}
