// SPDX-License-Identifier: BSD-3-Clause
// A picture to search by: dropped, pasted, or chosen as a file.

import { byId } from "./dom.js";

// The model sees a few hundred pixels: what a camera makes is sent smaller. The server decodes what the browser cannot.
const MAX_SIDE = 1024;
const SMALL_BYTES = 512 * 1024;
const MAX_BYTES = 20 * 1024 * 1024;

function base64Of(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("This file cannot be read"));
    reader.readAsDataURL(blob);
  });
}

async function smaller(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // HEIC, TIFF: the server reads more formats than this browser.
  }
  const scale = MAX_SIDE / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1) return file;
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/** @returns {base64, url, name}; throws an Error with a sentence for a person. */
export async function readPicture(file) {
  const looksRight = file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?|jpe?g|png|webp|gif|bmp)$/i.test(file.name);
  if (!looksRight) throw new Error(`${file.name || "This file"} is not a picture`);
  const small = file.size > SMALL_BYTES ? await smaller(file) : file;
  if (small.size > MAX_BYTES) throw new Error("This picture is larger than 20 MB");
  return { base64: await base64Of(small), url: URL.createObjectURL(small), name: file.name || "pasted picture" };
}

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Calls `onFile` with every file that is dropped anywhere, pasted, or chosen. */
export function watchPictures(onFile) {
  const shade = byId("drop");
  const picker = byId("file");
  byId("pick").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    if (picker.files.length > 0) onFile(picker.files[0]);
    picker.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((candidate) => candidate.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    onFile(file);
  });
  let depth = 0; // dragenter and dragleave come for every element on the way
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    shade.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    shade.hidden = depth === 0;
  });
  document.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    shade.hidden = true;
    if (event.dataTransfer.files.length > 0) onFile(event.dataTransfer.files[0]);
  });
}
