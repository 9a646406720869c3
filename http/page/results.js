// SPDX-License-Identifier: BSD-3-Clause
// What stands below the search box: the start, an answer, or why there is none.

import { ApiError } from "./api.js";
import { card, isWeak } from "./cards.js";
import { byId, el, icon } from "./dom.js";
import { count, plural } from "./words.js";

const SKELETONS = 12;

const root = () => byId("results");

let shown = []; // the hits in the order of the page

/** The hits in the order of the page. */
export const shownHits = () => shown;

/** Says `text` to screen readers. */
export function announce(text) {
  byId("status").textContent = text;
}

export function setBusy(busy) {
  byId("progress").hidden = !busy;
  root().setAttribute("aria-busy", String(busy));
  if (busy && root().querySelector(".card, .answer") === null) showSkeletons();
}

function showSkeletons() {
  const cards = Array.from({ length: SKELETONS }, () => el("li", { class: "card skeleton" }, el("div", { class: "face" }), el("div", { class: "about" })));
  root().replaceChildren(el("ol", { class: "grid", "aria-hidden": "true" }, cards));
}

function message(iconName, title, ...rest) {
  return el("div", { class: "message" }, icon(iconName), el("h2", {}, title), ...rest);
}

const sentence = (...parts) => el("p", { class: "soft" }, ...parts);
const code = (text) => el("code", {}, text);

/** Nothing is searched for yet. */
export function showStart(collection, total, hits, actions) {
  shown = hits;
  const title = `Search ${plural(total, "item")} in ${collection}`;
  const parts = [el("div", { class: "hero" }, el("h2", {}, title),
    sentence("Say what the picture or the moment shows: ", el("em", {}, "two dogs on a beach at sunset"),
      ". Or drop, paste or choose a picture to find others like it, and add words to change it."))];
  if (shown.length > 0) {
    parts.push(el("h2", { class: "section" }, "In this collection"), grid(shown, 0, null, actions));
  }
  root().replaceChildren(...parts);
  announce("");
}

export function showNoCollections() {
  shown = [];
  root().replaceChildren(message("picture", "Nothing is indexed yet",
    sentence("A collection is made from folders of pictures and videos on the server:"), el("pre", {}, code("sightline index holidays ~/Pictures"))));
}

export function showEmptyCollection(collection) {
  shown = [];
  root().replaceChildren(message("picture", `${collection} is empty`,
    sentence("Pictures and videos are added on the server:"), el("pre", {}, code(`sightline index ${collection} ~/Pictures`))));
}

/** @param retry  called by "Try again"; null where trying again cannot help. */
export function showError(error, retry) {
  shown = [];
  const words = explain(error);
  const button = retry && el("button", { type: "button", class: "button primary", on: { click: retry } }, "Try again");
  const reference = error.requestId && el("p", { class: "soft small" }, "Request ", code(error.requestId));
  root().replaceChildren(el("div", { role: "alert" }, message("warning", words.title, sentence(words.detail), button, reference)));
}

function explain(error) {
  if (!(error instanceof ApiError)) return { title: "Something went wrong", detail: error.message };
  if (error.status === 0) return { title: "The server does not answer", detail: "It may have been stopped, or the network is gone." };
  if (error.status === 401) return { title: "This server asks for an API key", detail: "Enter one to search here." };
  if (error.status === 403) return { title: "This key may not search here", detail: error.message };
  if (error.status === 503 || error.status === 429) return { title: "The server is busy", detail: error.message };
  if (error.status >= 500) return { title: "The server failed", detail: error.message };
  return { title: "This search cannot be run", detail: error.message };
}

function grid(hits, from, isAnswerReranked, actions) {
  return el("ol", { class: "grid" }, hits.map((hit, i) => card(hit, isAnswerReranked, {
    onOpen: (moment) => actions.open(from + i, moment),
    onLike: () => actions.like(hit),
  })));
}

function summary(answer, good, weak) {
  const parts = [];
  if (answer.reranked > 0) parts.push(plural(good.length, "match", "matches"));
  else parts.push(plural(good.length, "nearest", "nearest"));
  if (weak.length > 0) parts.push(`${count(weak.length)} weaker`);
  const time = answer.timings_ms.total < 950 ? `${Math.max(1, Math.round(answer.timings_ms.total))} ms` : `${(answer.timings_ms.total / 1000).toFixed(1)} s`;
  if (typeof answer.searched === "number") parts.push(`${count(answer.searched)} searched`);
  parts.push(time);
  return parts.join(" · ");
}

function notices(answer) {
  const out = [];
  if (answer.degraded) out.push(`Not everything was checked: ${answer.degraded_reason}.`);
  if (answer.query?.truncated) out.push(`The words are more than the model reads. Searched for: “${answer.query.cleaned}”.`);
  return out.map((text) => el("p", { class: "notice" }, icon("warning"), text));
}

/**
 * @param hits  all hits of this search so far, those of earlier pages first
 * @param actions  open(index, moment), like(hit), more() or null, clearFilters() or null
 */
export function showAnswer(collection, answer, hits, actions) {
  const reranked = answer.reranked > 0;
  const good = hits.filter((hit) => !isWeak(hit, reranked));
  const weak = hits.filter((hit) => isWeak(hit, reranked));
  const wasOpen = root().querySelector("details.weaker")?.open ?? false;
  shown = [...good, ...weak];
  const parts = [...notices(answer)];
  if (hits.length === 0) parts.push(nothingFound(collection, actions));
  else if (good.length > 0) parts.push(el("p", { class: "summary" }, summary(answer, good, weak)));
  if (good.length > 0) parts.push(grid(good, 0, reranked, actions));
  if (good.length === 0 && weak.length > 0) parts.push(onlyWeak(collection));
  if (weak.length > 0) parts.push(weaker(weak, good.length, wasOpen, actions));
  if (actions.more) parts.push(el("div", { class: "more" }, el("button", { type: "button", class: "button", id: "more", on: { click: actions.more } }, "Show more")));
  root().replaceChildren(el("div", { class: "answer" }, parts));
  announce(hits.length === 0 || good.length === 0 ? `No match. ${weak.length > 0 ? plural(weak.length, "weaker match", "weaker matches") : ""}` : summary(answer, good, weak));
}

function nothingFound(collection, { clearFilters }) {
  const clear = clearFilters && el("button", { type: "button", class: "button", on: { click: clearFilters } }, "Clear the filters");
  return message("search", "No match", sentence(clearFilters ? `Nothing in ${collection} passes the filters.` : `${collection} has nothing of this type.`), clear);
}

function onlyWeak(collection) {
  return el("div", { class: "message compact" }, el("h2", {}, "No match"),
    sentence(`More likely than not, nothing in ${collection} shows this. This comes closest:`));
}

function weaker(weak, from, wasOpen, actions) {
  return el("details", { class: "weaker", open: from === 0 || wasOpen },
    el("summary", {}, icon("more"), plural(weak.length, "weaker match", "weaker matches"), el("span", { class: "soft" }, " below 50 %")),
    grid(weak, from, true, actions));
}
