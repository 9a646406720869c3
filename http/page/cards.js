// SPDX-License-Identifier: BSD-3-Clause
// One hit in the grid.

import { address } from "./api.js";
import { el, icon } from "./dom.js";
import { watchPreview } from "./preview.js";
import { WEAK_BELOW, captionWords, clock, clockRange, endOfFolder, matchWord, nameOfHit, percent, splitPath } from "./words.js";

const MOMENTS_SHOWN = 4; // in a card; all of them are in the open hit

/** How well a hit matches: a word and a number. What was compared by embedding alone has no probability to show. */
export function badge(moment, isAnswerReranked) {
  if (moment.match_probability === null || moment.match_probability === undefined) {
    const words = isAnswerReranked ? "not checked" : `similarity ${moment.coarse_score.toFixed(2)}`;
    return el("span", { class: "badge plain" }, words);
  }
  const word = matchWord(moment.match_probability);
  return el("span", { class: `badge ${word}` }, el("b", {}, word), ` ${percent(moment.match_probability)} %`);
}

export function isWeak(hit, isAnswerReranked) {
  if (hit.match_probability === null || hit.match_probability === undefined) return isAnswerReranked;
  return hit.match_probability < WEAK_BELOW;
}

/** A moment of a video as the address that plays from there; what a video is called without times is its start. */
export function mediaAt(hit, moment) {
  if (!hit.media_url) return "#results"; // a caption: there is no file to open
  const url = address(hit.media_url.split("#")[0]);
  return moment.start_ms === null || moment.start_ms === undefined ? url : `${url}#t=${(moment.start_ms / 1000).toFixed(3)}`;
}

/** The moments of a hit, best first; a hit that stands for itself is one. */
export const momentsOf = (hit) => (hit.moments?.length > 0 ? hit.moments : [hit]);

// The first address that shows something, then what says that nothing does.
function still(hit) {
  const sources = [hit.thumbnail_url, hit.frame_url].filter(Boolean);
  const nothing = () => el("span", { class: "none" }, icon(hit.type === "clip" ? "film" : "picture"));
  if (sources.length === 0) return nothing();
  const image = el("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
  image.addEventListener("load", () => image.classList.add("loaded"));
  image.addEventListener("error", () => {
    const next = sources.shift();
    if (next) image.src = address(next);
    else image.replaceWith(nothing());
  });
  image.src = address(sources.shift());
  return image;
}

function face(hit) {
  const words = captionWords(hit);
  if (words !== null) return [el("span", { class: "words" }, words)];
  if (hit.type === "text") return [el("span", { class: "words none-words" }, "caption without words")];
  const parts = [still(hit)];
  if (hit.type === "clip") parts.push(el("span", { class: "play" }, icon("play")));
  if (hit.start_ms !== null && hit.start_ms !== undefined) {
    parts.push(el("span", { class: "time" }, clockRange(hit.start_ms, hit.end_ms)));
  }
  return parts;
}

function label(hit, isAnswerReranked) {
  const kind = { image: "picture", clip: "video", text: "caption" }[hit.type] ?? hit.type;
  const time = hit.start_ms === null || hit.start_ms === undefined ? "" : `, from ${clock(hit.start_ms)} to ${clock(hit.end_ms)}`;
  const match = isAnswerReranked === null ? "" : `, ${badge(hit, isAnswerReranked).textContent}`;
  return `${kind} ${nameOfHit(hit)}${time}${match}`;
}

function momentButtons(hit, onOpen) {
  if (!(hit.moments?.length > 1)) return null;
  return el("div", { class: "moments", role: "group", "aria-label": "Moments" }, hit.moments.slice(0, MOMENTS_SHOWN).map((moment, i) => {
    const word = typeof moment.match_probability === "number" ? `, ${matchWord(moment.match_probability)}` : "";
    return el("button", { type: "button", class: "moment", "aria-label": `Play from ${clock(moment.start_ms)}${word}`,
      on: { click: () => onOpen(i) } }, clock(moment.start_ms));
  }));
}

/**
 * @param isAnswerReranked  whether words were read against what was found; null: nothing was compared
 * @param onOpen  called with the number of the moment to show
 * @param onLike  called for "more like this"
 */
export function card(hit, isAnswerReranked, { onOpen, onLike }) {
  const { name, folder } = splitPath(hit.path);
  const scored = isAnswerReranked !== null;
  const title = el("b", { class: "name", title: hit.path }, name);
  const link = el("a", { class: "face", href: mediaAt(hit, hit), "aria-label": label(hit, isAnswerReranked) }, face(hit));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    onOpen(0);
  });
  if (hit.type === "clip") watchPreview(link, hit);
  const like = el("button", { type: "button", class: "icon-button like", title: "More like this",
    "aria-label": `More like ${nameOfHit(hit)}`, on: { click: onLike } }, icon("similar"));
  return el("li", { class: "card", "data-item": hit.item_id },
    link,
    el("div", { class: "about" },
      el("div", { class: "row" }, scored ? badge(hit, isAnswerReranked) : title, like),
      scored && title,
      momentButtons(hit, onOpen) ?? el("div", { class: "folder", title: hit.path }, endOfFolder(folder))));
}
