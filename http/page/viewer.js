// SPDX-License-Identifier: BSD-3-Clause
// One hit, large: the picture, or the video from its moment, with what is known about it.

import { address, findItem } from "./api.js";
import { badge, mediaAt, momentsOf } from "./cards.js";
import { byId, el, icon, openDialog } from "./dom.js";
import { state } from "./search_state.js";
import { captionWords, clock, clockRange, metadataText, nameOfHit, splitPath } from "./words.js";

const HIDDEN_KEYS = /^(sightline\.|text$)/;
const WIPE_PIXELS = 60;

let hits = [];
let at = 0;
let onLike = () => {};
let isReranked = null; // null: nothing was compared
let opener = null;

const dialog = () => byId("viewer");

export const isOpen = () => dialog().open;

/** @param like  called with a hit for "more like this" */
export function openViewer(list, index, moment, { reranked, like }) {
  hits = list;
  onLike = like;
  isReranked = reranked;
  opener = document.activeElement;
  show(index, moment);
  openDialog(dialog());
  history.pushState({ viewer: true }, ""); // "back" closes it
  dialog().querySelector(".stage video, .close")?.focus();
}

/** Closes it to make room for another search, which takes its place in the history. */
export function closeViewer() {
  if (!isOpen()) return;
  history.replaceState(null, "");
  dialog().close();
}

/** The next hit, or with -1 the one before. */
export function step(by) {
  const index = at + by;
  if (index < 0 || index >= hits.length) return;
  const had = document.activeElement?.id;
  show(index, 0);
  (byId(had) ?? dialog().querySelector(".close")).focus();
}

export function likeCurrent() {
  onLike(hits[at]);
}

// A picture that this browser cannot show (HEIC, TIFF) is shown as its thumbnail, with the file behind a link.
function picture(hit) {
  const image = el("img", { class: "media", alt: nameOfHit(hit), src: address(hit.media_url) });
  image.addEventListener("error", () => {
    if (!hit.thumbnail_url || image.dataset.fallback) return image.replaceWith(cannotShow("This browser cannot show this picture"));
    image.dataset.fallback = "1";
    image.src = address(hit.thumbnail_url);
    return image.after(el("p", { class: "stage-note" }, "A small version: this browser cannot show the file itself"));
  });
  return image;
}

function cannotShow(words) {
  return el("p", { class: "stage-note alone" }, icon("warning"), words);
}

function video(hit, moment) {
  const player = el("video", { class: "media", controls: true, autoplay: true, playsinline: true, preload: "metadata",
    "aria-label": nameOfHit(hit), poster: hit.frame_url ? address(hit.frame_url) : null, src: mediaAt(hit, moment) });
  player.addEventListener("error", () => {
    const frame = hit.frame_url ?? hit.thumbnail_url;
    player.replaceWith(...(frame ? [el("img", { class: "media", alt: nameOfHit(hit), src: address(frame) })] : []),
      cannotShow("This browser cannot play this video: open the file instead"));
  });
  return player;
}

// The words, and below them what they describe, where that is in the collection too.
function caption(hit) {
  const figure = el("figure", { class: "quote" }, el("blockquote", {}, captionWords(hit) ?? ""));
  const described = hit.metadata?.caption_of?.[0];
  if (typeof described === "string") {
    findItem(state.collection, described).then((item) => {
      if (item?.thumbnail_url) figure.append(el("img", { src: address(item.thumbnail_url), alt: nameOfHit(item) }));
    }, () => {}); // Without it the words stand alone.
  }
  return figure;
}

function stage(hit, moment) {
  if (hit.type === "text") return caption(hit);
  return hit.type === "clip" ? video(hit, moment) : picture(hit);
}

function playFrom(hit, moment) {
  const player = dialog().querySelector("video");
  for (const button of dialog().querySelectorAll(".moment-row")) {
    button.setAttribute("aria-current", String(Number(button.dataset.start) === moment.start_ms));
  }
  if (!player) return;
  player.currentTime = moment.start_ms / 1000;
  player.play().catch(() => {}); // Without a right to play by itself it stands at the moment.
}

function moments(hit, current) {
  const list = momentsOf(hit).filter((moment) => typeof moment.start_ms === "number");
  if (list.length === 0) return null;
  const rows = list.map((moment) => el("li", {},
    el("button", { type: "button", class: "moment-row", "data-start": moment.start_ms, "aria-current": String(moment === current || list.length === 1),
      on: { click: () => playFrom(hit, moment) } },
    moment.thumbnail_url ? el("img", { src: address(moment.thumbnail_url), alt: "", loading: "lazy" }) : icon("play"), el("span", {}, clockRange(moment.start_ms, moment.end_ms)), isReranked === null ? "" : badge(moment, isReranked))));
  return el("section", {}, el("h3", {}, list.length === 1 ? "Moment" : "Moments"), el("ol", { class: "moment-list" }, rows));
}

function facts(hit) {
  const rows = Object.entries(hit.metadata ?? {}).filter(([key]) => !HIDDEN_KEYS.test(key))
    .map(([key, values]) => [key.replaceAll("_", " "), values.map((value) => metadataText(key, value)).join(", ")]);
  if (typeof hit.best_frame_ms === "number") rows.push(["best frame", clock(hit.best_frame_ms)]);
  if (isReranked !== null) rows.push(["similarity", hit.coarse_score.toFixed(3)]);
  rows.push(["item", String(hit.item_id)]);
  return el("dl", { class: "facts" }, rows.map(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
}

function copyButton(hit) {
  const button = el("button", { type: "button", class: "icon-button", id: "viewer-copy", title: "Copy the path", "aria-label": "Copy the path" }, icon("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(hit.path);
      button.title = "Copied";
      byId("status").textContent = "Path copied";
    } catch {
      getSelection().selectAllChildren(dialog().querySelector(".path"));
    }
  });
  return button;
}

function side(hit, moment) {
  const { name, folder } = splitPath(hit.path);
  return el("aside", { class: "side" },
    el("div", { class: "row" }, isReranked === null ? "" : badge(moment, isReranked), el("span", { class: "soft" }, `${at + 1} of ${hits.length}`)),
    el("h2", { id: "viewer-title" }, hit.type === "text" ? "Caption" : name),
    el("div", { class: "path-row" }, el("p", { class: "path" }, hit.type === "text" ? hit.path : folder), copyButton(hit)),
    el("div", { class: "actions start" },
      el("button", { type: "button", class: "button primary", id: "viewer-like", on: { click: likeCurrent } }, icon("similar"), "More like this"),
      hit.media_url && el("a", { class: "button", id: "viewer-open", href: mediaAt(hit, moment), target: "_blank", rel: "noopener" }, icon("open"), "Open the file")),
    moments(hit, moment),
    facts(hit));
}

function show(index, momentIndex) {
  at = index;
  const hit = hits[index];
  const moment = momentsOf(hit)[momentIndex] ?? hit;
  const turn = (id, by, label, name, disabled) => el("button", { type: "button", id, class: `icon-button turn ${name}`, "aria-label": label, disabled,
    on: { click: () => step(by) } }, icon(name));
  dialog().replaceChildren(
    el("div", { class: "stage" }, stage(hit, moment),
      turn("viewer-previous", -1, "Previous result", "previous", index === 0),
      turn("viewer-next", 1, "Next result", "next", index === hits.length - 1)),
    side(hit, moment),
    el("button", { type: "button", class: "icon-button close", "aria-label": "Close", on: { click: () => dialog().close() } }, icon("close")));
}

// On a phone the next and the previous hit are a wipe away; on a video a wipe winds.
function watchWipes() {
  let from = null;
  dialog().addEventListener("touchstart", (event) => { from = event.touches.length === 1 && event.target.closest(".stage") ? event.touches[0] : null; }, { passive: true });
  dialog().addEventListener("touchend", (event) => {
    if (!from || event.target.tagName === "VIDEO") return;
    const across = event.changedTouches[0].clientX - from.clientX;
    if (Math.abs(across) > WIPE_PIXELS && Math.abs(across) > 2 * Math.abs(event.changedTouches[0].clientY - from.clientY)) step(across > 0 ? -1 : 1);
  }, { passive: true });
}

/** Wires the dialog; playing ends when it closes, and the focus goes back to where it came from. */
export function watchViewer() {
  watchWipes();
  addEventListener("popstate", () => { if (isOpen() && !history.state?.viewer) dialog().close(); });
  dialog().addEventListener("close", () => {
    dialog().replaceChildren();
    if (history.state?.viewer) history.back();
    if (opener?.isConnected) opener.focus();
  });
}
