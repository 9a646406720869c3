// SPDX-License-Identifier: BSD-3-Clause
// What the server is indexing into the collection: a button while something runs, and a list behind it.

import { ApiError, cancelJob, listJobs, resumeJob } from "./api.js";
import { byId, el } from "./dom.js";
import { count, duration, plural, splitPath } from "./words.js";

const BUSY_MS = 1500;
const IDLE_MS = 15000;

let collection = "";
let timer = null;
let wasRunning = false;
let onFinished = () => {};

const isRunning = (job) => ["queued", "running", "stopping"].includes(job.state);
const canResume = (job) => ["stopped", "failed", "interrupted"].includes(job.state);

/** Between 0 and 1, or null while the number of files is not known. */
const share = (job) => (job.items_total > 0 ? Math.min(1, job.items_done / job.items_total) : null);

function describe(job) {
  const added = `${count(job.items_added)} added`;
  const failed = job.error_count > 0 ? ` · ${count(job.error_count)} failed` : "";
  if (job.state === "queued") return "waits for its turn";
  if (!isRunning(job)) return `${job.state}${job.failure ? `: ${job.failure}` : ""} · ${added}${failed}`;
  const done = job.items_total > 0 ? `${count(job.items_done)} of ${count(job.items_total)} files` : plural(job.items_done, "file");
  const left = job.seconds_left > 0 ? ` · ${duration(job.seconds_left)} left` : "";
  return `${done} · ${added}${failed}${left}`;
}

function bar(job) {
  const part = share(job);
  const meter = el("progress", { max: 1, "aria-label": "Progress" });
  if (part !== null) meter.value = part;
  return meter;
}

function errors(job) {
  if (!(job.errors?.length > 0)) return null;
  const rows = job.errors.slice(0, 20).map((error) => el("li", {}, el("b", {}, splitPath(error.path).name), ` ${error.reason}`));
  return el("details", {}, el("summary", {}, plural(job.error_count, "file", "files"), " could not be indexed"), el("ul", { class: "errors" }, rows));
}

function row(job) {
  const act = (words, call, done) => el("button", { type: "button", class: "button", disabled: job.state === "stopping",
    on: { click: (event) => ask(event.target, () => call(collection, job.id), done) } }, words);
  const button = isRunning(job) ? act("Stop", cancelJob, "Stopping…") : canResume(job) && act("Go on", resumeJob, "Going on…");
  return el("article", { class: "job", "data-state": job.state },
    el("div", { class: "row" }, el("b", {}, job.inputs.map((input) => splitPath(input).name).join(", ") || `Job ${job.id}`), button),
    isRunning(job) && bar(job),
    el("p", { class: "soft small" }, describe(job)),
    errors(job));
}

async function ask(button, call, done) {
  button.disabled = true;
  try {
    await call();
    button.textContent = done;
    button.blur();
    look();
  } catch (error) {
    button.textContent = error instanceof ApiError && error.status === 403 ? "Needs an admin key" : "Failed";
    button.title = error.message;
  }
}

function draw(jobs) {
  const running = jobs.filter(isRunning);
  const button = byId("jobs-button");
  button.hidden = running.length === 0 && byId("jobs").hidden;
  const part = running.length === 1 ? share(running[0]) : null;
  const words = part === null ? "Indexing" : `Indexing ${Math.floor(part * 100)} %`;
  button.replaceChildren(running.length > 0 && el("span", { class: "pulse" }) || "", running.length > 0 ? words : "Jobs");
  if (!byId("jobs").contains(document.activeElement)) {
    byId("jobs").replaceChildren(...(jobs.length > 0 ? jobs.slice(0, 5).map(row) : [el("p", { class: "soft" }, "No jobs.")]));
  }
}

async function look() {
  clearTimeout(timer);
  const asked = collection;
  if (!asked || document.hidden) return;
  let running = false;
  try {
    const jobs = await listJobs(asked); // the newest first
    if (asked !== collection) return;
    running = jobs.some(isRunning);
    draw(jobs);
  } catch {
    byId("jobs-button").hidden = true; // The search says what is wrong.
  }
  if (wasRunning && !running) onFinished();
  wasRunning = running;
  timer = setTimeout(look, running ? BUSY_MS : IDLE_MS);
}

export function watchJobs(name) {
  if (name !== collection) wasRunning = false;
  collection = name;
  look();
}

/** Wires the button. `finished` is called when nothing runs any more. */
export function openJobs(finished) {
  onFinished = finished;
  const button = byId("jobs-button");
  button.addEventListener("click", () => {
    const open = byId("jobs").hidden;
    byId("jobs").hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    look();
  });
  document.addEventListener("visibilitychange", look);
}
