// SPDX-License-Identifier: BSD-3-Clause
// A video in the grid plays its moment, without sound, while the mouse rests on it.

import { mediaAt } from "./cards.js";
import { el } from "./dom.js";

const REST_MS = 350;

const isWanted = (event) => event.pointerType === "mouse" && !matchMedia("(prefers-reduced-motion: reduce)").matches;

export function watchPreview(face, hit) {
  let timer = null;
  let player = null;
  const stop = () => {
    clearTimeout(timer);
    player?.remove();
    player = null;
  };
  const play = () => {
    player = el("video", { playsinline: true, preload: "auto", disableremoteplayback: true, tabindex: "-1", "aria-hidden": "true" });
    player.muted = true;
    const start = (hit.start_ms ?? 0) / 1000;
    const end = hit.end_ms === null || hit.end_ms === undefined ? Infinity : hit.end_ms / 1000;
    player.addEventListener("timeupdate", () => { if (player && player.currentTime >= end) player.currentTime = start; });
    player.addEventListener("playing", () => player?.classList.add("loaded"));
    player.addEventListener("error", stop);
    player.src = mediaAt(hit, hit);
    face.querySelector(".play").before(player);
    player.play().catch(stop);
  };
  face.addEventListener("pointerenter", (event) => { if (isWanted(event)) timer = setTimeout(play, REST_MS); });
  face.addEventListener("pointerleave", stop);
}
