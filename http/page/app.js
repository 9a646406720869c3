// SPDX-License-Identifier: BSD-3-Clause
// The page: what happens when, and nothing of how it looks.

import { ApiError, address, firstItems, hasKey, listCollections, search, setMediaCookie, thumbnailOf } from "./api.js";
import { byId, drawIcons, el, icon, openDialog } from "./dom.js";
import { clearAll, drawPanel, forget, learn, openFilters } from "./filters.js";
import { openJobs, watchJobs } from "./jobs.js";
import { watchKeys } from "./keyboard.js";
import { readPicture, watchPictures } from "./picture.js";
import { announce, setBusy, showAnswer, showEmptyCollection, showError, showNoCollections, showStart, shownHits } from "./results.js";
import { askForKey, watchKey, watchTheme } from "./settings.js";
import { PAGE_SIZE, fromAddress, isEmpty, state, toAddress, toRequest } from "./search_state.js";
import { closeViewer, isOpen, openViewer, watchViewer } from "./viewer.js";
import { nameOfHit } from "./words.js";

const TYPING_MS = 180;
const MAX_RETRIES = 3;

let turn = 0; // of the newest search: what an older one answers is dropped
let waiting = null; // its AbortController
let timer = null;
let collections = [];

// ---- searching ----

/** Searches after a pause in typing. */
function searchSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => run(), TYPING_MS);
}

/** Searches now. `push` makes the search one that "back" returns to. */
function run({ push = false } = {}) {
  clearTimeout(timer);
  waiting?.abort();
  turn += 1;
  waiting = new AbortController();
  drawSearchBox();
  keepAddress(push);
  if (!state.collection) return Promise.resolve();
  return isEmpty() ? start(turn) : answer(turn, [], null, 0);
}

function keepAddress(push) {
  const url = toAddress();
  if (url === location.search) return;
  try {
    history[push ? "pushState" : "replaceState"](null, "", url);
  } catch {
    // Safari takes 100 in 30 seconds; the next one will do.
  }
}

const actionsFor = (reranked) => ({
  open: (index, moment) => openViewer(shownHits(), index, moment, { reranked, like: searchLike }),
  like: searchLike,
});

async function start(mine) {
  setBusy(true);
  try {
    const name = state.collection;
    const hits = await firstItems(name, PAGE_SIZE, waiting.signal);
    if (mine !== turn) return;
    const total = Math.max(hits.length, collections.find((c) => c.name === name)?.items ?? 0);
    if (total === 0) showEmptyCollection(name);
    else showStart(name, total, hits, actionsFor(null));
  } catch (error) {
    fail(error, mine, () => run());
  } finally {
    if (mine === turn) setBusy(false);
  }
}

async function answer(mine, before, cursor, retries) {
  setBusy(true);
  try {
    const result = await search(state.collection, toRequest(cursor), waiting.signal);
    if (mine !== turn) return;
    const hits = [...before, ...result.hits.filter((hit) => hit.item_id !== state.like?.id)];
    learn(result.hits);
    const hasMore = Boolean(result.cursor) && result.hits.length > 0;
    showAnswer(state.collection, result, hits, {
      ...actionsFor(result.reranked > 0),
      more: hasMore ? () => { byId("more").disabled = true; answer(turn, hits, result.cursor, 0); } : null,
      clearFilters: state.conditions.length > 0 ? clearAll : null,
    });
    setBusy(false);
  } catch (error) {
    if (isBusy(error) && retries < MAX_RETRIES) return later(mine, () => answer(mine, before, cursor, retries + 1), error.retryAfter ?? 1);
    // The collection has changed too much for the next page: begin again rather than show a wrong one.
    if (cursor && error.code === "cursor_expired") return run();
    fail(error, mine, () => run());
  }
  return undefined;
}

const isBusy = (error) => error instanceof ApiError && (error.status === 503 || error.status === 429);

function later(mine, again, seconds) {
  announce("The server is busy, trying again");
  setTimeout(() => { if (mine === turn) again(); }, Math.min(seconds, 10) * 1000);
}

function fail(error, mine, retry) {
  if (mine !== turn || error.name === "AbortError") return;
  setBusy(false);
  showError(error, retry);
  if (error.status === 401) askForKey(hasKey() ? "The server does not know this key." : "");
}

function searchLike(hit) {
  const push = !isOpen(); // The open hit has its own place in the history, which this takes.
  closeViewer();
  Object.assign(state, { words: "", picture: null, like: { id: hit.item_id, name: nameOfHit(hit), thumbnail: hit.thumbnail_url } });
  byId("words").value = "";
  run({ push });
  scrollTo({ top: 0 });
  byId("words").focus({ preventScroll: true });
}

async function searchPicture(file) {
  try {
    const picture = await readPicture(file);
    if (state.picture) URL.revokeObjectURL(state.picture.url);
    Object.assign(state, { picture, like: null });
    closeViewer();
    run({ push: true });
  } catch (error) {
    waiting?.abort();
    turn += 1;
    setBusy(false);
    showError(error, null);
  }
}

// ---- the search box ----

function drawSearchBox() {
  const subject = state.picture ?? state.like;
  const holder = byId("subject");
  holder.hidden = !subject;
  if (subject) {
    const image = subject.url ?? address(subject.thumbnail ?? thumbnailOf(state.collection, subject.id));
    const remove = el("button", { type: "button", class: "icon-button", "aria-label": "Search without the picture" }, icon("close"));
    remove.addEventListener("click", () => { Object.assign(state, { picture: null, like: null }); run(); byId("words").focus(); });
    const thumbnail = el("img", { src: image, alt: "" });
    thumbnail.addEventListener("error", () => thumbnail.replaceWith(icon("picture")));
    holder.replaceChildren(thumbnail,
      el("span", { class: "subject-name" }, state.like ? `like ${subject.name}` : subject.name), remove);
  }
  byId("words").placeholder = subject ? "add words to change it" : "Describe what you are looking for";
  byId("clear").hidden = isEmpty() && state.words === "";
  document.title = state.words.trim() ? `${state.words.trim()} - Sightline` : "Sightline";
}

function clearSearch() {
  Object.assign(state, { words: "", picture: null, like: null });
  byId("words").value = "";
  byId("words").focus();
  run();
}

function watchSearchBox() {
  const words = byId("words");
  words.addEventListener("input", () => {
    state.words = words.value;
    byId("clear").hidden = isEmpty() && state.words === "";
    searchSoon();
  });
  byId("search").addEventListener("submit", (event) => { event.preventDefault(); run({ push: true }); });
  byId("clear").addEventListener("click", clearSearch);
  byId("types").addEventListener("change", (event) => { state.type = event.target.value; run(); });
  byId("group").addEventListener("change", (event) => { state.group = event.target.checked; run(); });
  byId("collection").addEventListener("change", (event) => useCollection(event.target.value));
  addEventListener("popstate", () => {
    if (location.search === toAddress()) return; // Only what was open above the page has been closed.
    fromAddress(location.search);
    chooseCollection();
    drawControls();
    run();
  });
}

function drawControls() {
  byId("words").value = state.words;
  byId("group").checked = state.group;
  document.querySelector(`#types input[value="${state.type}"]`).checked = true;
  byId("collection").replaceChildren(...collections.map(({ name, error }) => el("option", { value: name, title: error }, error ? `${name} (cannot be opened)` : name)));
  byId("collection").value = state.collection;
  drawPanel();
}

// ---- collections ----

function chooseCollection() {
  if (!collections.some(({ name }) => name === state.collection)) {
    state.collection = (collections.find(({ items }) => items > 0) ?? collections[0])?.name ?? "";
  }
  watchJobs(state.collection);
}

function useCollection(name) {
  Object.assign(state, { collection: name, like: null });
  forget();
  chooseCollection();
  drawPanel();
  run();
}

async function load() {
  turn += 1;
  const mine = turn;
  setBusy(true);
  try {
    collections = await listCollections();
    fromAddress(location.search);
    chooseCollection();
    drawControls();
    byId("key-button").hidden = !hasKey();
    setBusy(false);
    if (collections.length === 0) showNoCollections();
    else await run();
  } catch (error) {
    fail(error, mine, load);
  }
}

drawIcons();
setMediaCookie();
watchSearchBox();
watchPictures(searchPicture);
watchViewer();
watchKey(load);
watchTheme();
openFilters(searchSoon);
openJobs(async () => { collections = await listCollections().catch(() => collections); run(); });
watchKeys({ clear: clearSearch, escape: () => byId("words").focus() });
byId("help-button").addEventListener("click", () => openDialog(byId("help")));
byId("home").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  clearSearch();
});
if (!matchMedia("(pointer: coarse)").matches) byId("words").focus();
load();
