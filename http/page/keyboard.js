// SPDX-License-Identifier: BSD-3-Clause
// Everything can be reached without a mouse; the list for people is the dialog #help.

import { byId, openDialog } from "./dom.js";
import { isOpen, likeCurrent, step } from "./viewer.js";

const faces = () => [...document.querySelectorAll("#results .card:not(.skeleton) .face")].filter((face) => face.offsetParent !== null);

const isTyping = (target) => target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea") !== null;

/** The face in the row above or below that is nearest to the left edge of `from`. */
function vertical(list, from, down) {
  const here = from.getBoundingClientRect();
  const rows = list.map((face) => ({ face, box: face.getBoundingClientRect() }))
    .filter(({ box }) => (down ? box.top > here.bottom - 1 : box.bottom < here.top + 1));
  const distance = ({ box }) => Math.abs(box.top - here.top) * 10 + Math.abs(box.left - here.left);
  return rows.sort((a, b) => distance(a) - distance(b))[0]?.face;
}

function move(key) {
  const list = faces();
  const at = list.indexOf(document.activeElement?.closest(".card")?.querySelector(".face"));
  if (at < 0) return false;
  const up = key === "ArrowUp";
  const next = key === "ArrowLeft" ? list[at - 1] : key === "ArrowRight" ? list[at + 1] : vertical(list, list[at], !up);
  if (next) {
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (up) {
    byId("words").focus();
  }
  return true;
}

function inViewer(event) {
  const onVideo = event.target.tagName === "VIDEO"; // Its arrow keys wind.
  if (event.key === "ArrowLeft" && !onVideo) step(-1);
  else if (event.key === "ArrowRight" && !onVideo) step(1);
  else if (event.key === "m") likeCurrent();
  else return;
  event.preventDefault();
}

function onPage(event, actions) {
  const card = event.target.closest(".card");
  if (event.key === "/") byId("words").select();
  else if (event.key === "?") openDialog(byId("help"));
  else if (event.key === "m" && card) card.querySelector(".like").click();
  else if (event.key === "Escape") actions.escape();
  else if (!(event.key.startsWith("Arrow") && move(event.key))) return;
  event.preventDefault();
}

function inWords(event, actions) {
  if (event.key === "ArrowDown" && faces().length > 0) faces()[0].focus();
  else if (event.key === "Escape") actions.clear();
  else return;
  event.preventDefault();
}

/** @param actions  clear() empties the search, escape() leaves the results */
export function watchKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isOpen()) inViewer(event);
    else if (document.querySelector("dialog[open]")) return;
    else if (event.target.id === "words") inWords(event, actions);
    else if (!isTyping(event.target) && event.target.type !== "radio") onPage(event, actions);
  });
}
