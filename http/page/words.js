// SPDX-License-Identifier: BSD-3-Clause
// Numbers as a person reads them. The words and borders of a match are those of the command line (app/match_word.h).

export const WEAK_BELOW = 0.5;
export const STRONG_FROM = 0.8;

export function matchWord(probability) {
  if (probability < WEAK_BELOW) return "weak";
  return probability < STRONG_FROM ? "likely" : "strong";
}

/** A whole number of percent that never crosses the border of its word, and is not 100 below certainty. */
export function percent(probability) {
  const rounded = Math.round(probability * 100);
  if (probability < WEAK_BELOW) return Math.min(rounded, 49);
  if (probability < STRONG_FROM) return Math.min(rounded, 79);
  return probability < 1 ? Math.min(rounded, 99) : 100;
}

/** 83000 -> "1:23"; with hours "1:02:03". */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export const clockRange = (start, end) => `${clock(start)}–${clock(end)}`;

/** 7 seconds -> "7 s", 200 -> "3 min", 7300 -> "2 h 2 min". */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const count = (n) => n.toLocaleString("en");

export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The file of a hit, and what it is within it: "a.tar#7.jpg" is 7.jpg of a.tar. */
export function splitPath(path) {
  const slash = path.lastIndexOf("/");
  return { name: path.slice(slash + 1) || path, folder: slash > 0 ? path.slice(0, slash) : "" };
}

/** The last two parts of a folder, which tell more than the first ones. */
export function endOfFolder(folder) {
  const parts = folder.split("/").filter(Boolean);
  return parts.length > 2 ? `…/${parts.slice(-2).join("/")}` : folder;
}

/** What a hit is called in a sentence. */
export function nameOfHit(hit) {
  const words = captionWords(hit);
  return words === null ? splitPath(hit.path).name : `“${words}”`;
}

/** The words of a caption, or null. */
export function captionWords(hit) {
  if (hit.type !== "text") return null;
  const words = hit.metadata?.text?.[0];
  return typeof words === "string" ? words : null;
}

/** A metadata value; times come as seconds since 1970, and one that no calendar has stays a number. */
export function metadataText(key, value) {
  if (key === "taken_at" && typeof value === "number") {
    const time = new Date(value * 1000);
    if (!Number.isNaN(time.getTime())) return time.toISOString().slice(0, 16).replace("T", " ");
  }
  if (key === "duration" && typeof value === "number") return clock(value * 1000);
  if (typeof value === "number" && !Number.isInteger(value)) return String(Math.round(value * 1e5) / 1e5);
  return String(value);
}
