// SPDX-License-Identifier: BSD-3-Clause
// What is searched for: kept in the address, so that a search can be shared and "back" works, and made into a request.

import { filterOf } from "./filter_words.js";

export const PAGE_SIZE = 24;
const VISIBLE_TYPES = ["image", "clip"];

export const state = {
  collection: "",
  words: "",
  picture: null, // {base64, url, name}: never in the address
  like: null, // {id, name, thumbnail}
  type: "", // "": pictures and videos
  group: true,
  conditions: [], // filter_words.js
};

export const isEmpty = () => state.words.trim() === "" && !state.picture && !state.like;

/** The query part of the address that leads to this search again. */
export function toAddress() {
  const query = new URLSearchParams();
  if (state.collection) query.set("c", state.collection);
  if (state.words.trim()) query.set("q", state.words.trim());
  if (state.like) query.set("like", state.like.id);
  if (state.type) query.set("type", state.type);
  if (!state.group) query.set("group", "0");
  for (const { key, op, value } of state.conditions) query.append("f", JSON.stringify([key, op, value]));
  return `?${query}`;
}

function conditionFrom(text) {
  try {
    const [key, op, value] = JSON.parse(text);
    return [key, op, value].every((part) => typeof part === "string") ? { key, op, value } : null;
  } catch {
    return null;
  }
}

/** Takes over what an address says; anything else it may hold is ignored. */
export function fromAddress(text) {
  const query = new URLSearchParams(text);
  state.collection = query.get("c") ?? "";
  state.words = query.get("q") ?? "";
  state.picture = null;
  const like = query.get("like") ?? "";
  state.like = /^\d{1,19}$/.test(like) ? { id: Number(like), name: `item ${like}`, thumbnail: null } : null; // app.js finds its picture
  state.type = ["image", "clip", "text"].includes(query.get("type")) ? query.get("type") : "";
  state.group = query.get("group") !== "0";
  state.conditions = query.getAll("f").map(conditionFrom).filter(Boolean);
}

/** The body of POST /v1/collections/{c}/search. */
export function toRequest(cursor) {
  const query = {};
  if (state.words.trim()) query.text = state.words.trim();
  if (state.picture) query.image_base64 = state.picture.base64;
  if (state.like) query.item_id = state.like.id;
  const request = { query, top_k: PAGE_SIZE, types: state.type ? [state.type] : VISIBLE_TYPES };
  const filter = filterOf(state.conditions);
  if (filter) request.filter = filter;
  if (state.group) request.group_by = "video";
  if (cursor) request.cursor = cursor;
  return request;
}
