// SPDX-License-Identifier: BSD-3-Clause
// The calls that the page makes. Every failure is an ApiError with a sentence for a person.

const KEY = "sightline.key";

/** An answer that is not 2xx, or none at all (status 0). */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail || problem.title || (status === 0 ? "The server does not answer" : `The server answered ${status}`));
    this.status = status;
    this.code = problem.code || "";
    this.field = problem.field || "";
    this.requestId = problem.request_id || "";
    this.retryAfter = retryAfter;
  }
}

function stored(storage) {
  try {
    return storage().getItem(KEY) || "";
  } catch {
    return "";
  }
}

let key = stored(() => sessionStorage) || stored(() => localStorage);

export const hasKey = () => key !== "";

/**
 * Uses `value` from now on; "" forgets it. Pictures and videos are fetched by the browser itself, which cannot be told
 * to send a header, so the key goes along as a cookie to these addresses alone.
 */
export function setKey(value, keep = false) {
  key = value;
  try {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
    if (value) (keep ? localStorage : sessionStorage).setItem(KEY, value);
  } catch {
    // Storage is forbidden: the key lives as long as this page.
  }
  setMediaCookie();
}

export function setMediaCookie() {
  const path = new URL("v1/items", document.baseURI).pathname;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = key ? "" : "; Max-Age=0";
  document.cookie = `sightline_key=${encodeURIComponent(key)}; Path=${path}; SameSite=Strict${secure}${age}`;
}

/** The address of a route or of what an answer names, also behind a proxy that puts the page below a folder. */
export const address = (path) => new URL(path.replace(/^\//, ""), new URL(".", document.baseURI)).href;

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function call(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(address(path), { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  if (!response.ok) {
    throw new ApiError(response.status, await problemOf(response), Number(response.headers.get("Retry-After")) || null);
  }
  if (response.status === 204) return null;
  return response.json();
}

const collectionPath = (name) => `v1/collections/${encodeURIComponent(name)}`;

/** [{name, items, error}]: `error` says why a collection cannot be opened. */
export async function listCollections() {
  const { collections } = await call("v1/collections");
  return collections.map(({ collection, items = 0, error = null }) => ({ name: collection, items, error }));
}

const TYPES = { picture: "image", video: "clip", caption: "text", vector: "image" };

// An item as if it had been found: it has no scores and no times.
function asHit(item) {
  return { item_id: item.item_id, type: TYPES[item.kind] ?? "image", path: item.paths[0] ?? "", metadata: item.metadata, start_ms: null, end_ms: null,
    best_frame_ms: null, match_probability: null, thumbnail_url: item.thumbnail_url, media_url: item.media_url, frame_url: null };
}

export const search = (collection, body, signal) => call(`${collectionPath(collection)}/search`, { method: "POST", body, signal });
/** The item that was found at a path, in the form of a hit, or null. */
export async function findItem(collection, path) {
  const { items } = await call(`${collectionPath(collection)}/items?path=${encodeURIComponent(path)}`);
  return items.length > 0 ? asHit(items[0]) : null;
}

/** The first items of a collection, in the form of hits. */
export async function firstItems(collection, limit, signal) {
  const { items } = await call(`${collectionPath(collection)}/items?limit=${limit}`, { signal });
  return items.map(asHit);
}
export const listJobs = async (collection) => (await call(`${collectionPath(collection)}/jobs`)).jobs;
export const resumeJob = (collection, id) => call(`${collectionPath(collection)}/jobs`, { method: "POST", body: { resume: id } });
export const thumbnailOf = (collection, id) => `v1/items/${encodeURIComponent(collection)}/${id}/thumbnail`;
export const cancelJob = (collection, id) => call(`${collectionPath(collection)}/jobs/${id}`, { method: "DELETE" });
