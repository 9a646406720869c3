// SPDX-License-Identifier: BSD-3-Clause
// Returns what is wrong with how the page looks now: contrast of texts, icons and edges (WCAG 2.2 AA: 1.4.3, 1.4.11), targets that are too
// small (2.5.8), and anything wider than the window. What lies over a picture is taken against black and white.
const problems = [];

function parse(color) {
  const numbers = (color.match(/[\d.]+/g) ?? []).map(Number);
  if (color.startsWith("color(")) return [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1];
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0, numbers[3] ?? 1];
}
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function ratio(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}
// Every colour that can be below an element.
function backgrounds(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const layer = parse(getComputedStyle(at).backgroundColor);
    layers.push(layer);
    if (layer[3] === 1 && !at.matches(".face, .stage")) break;
    if (at.matches(".face, .stage") && at.querySelector(":scope > img, :scope > video")) {
      return [[0, 0, 0, 1], [255, 255, 255, 1]].map((base) => layers.slice(0, -1).reduceRight((below, top) => over(top, below), base));
    }
    if (layer[3] === 1) break;
  }
  return [layers.reduceRight((below, top) => over(top, below), [255, 255, 255, 1])];
}
function need(what, element, color, behind, least) {
  const worst = Math.min(...behind.map((below) => ratio(over(color, below), below)));
  if (worst < least) problems.push(`${what} of ${element.outerHTML.slice(0, 90)}: contrast ${worst.toFixed(2)}, needs ${least}`);
}
// A modal dialog makes everything else inert.
const modal = document.querySelector("dialog[open]");
const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && (!modal || modal.contains(element)) &&
  element.closest(".visually-hidden, .skeleton, .skip") === null;

for (const element of document.querySelectorAll("body *")) {
  if (!isShown(element) || element.matches("option, script, noscript *")) continue;
  const style = getComputedStyle(element);
  const disabled = element.closest(":disabled") !== null;
  const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
  if ((hasText || (element.matches("input, select") && element.value)) && !disabled) {
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    need("text", element, parse(style.color), backgrounds(element), large ? 3 : 4.5);
  }
  if (element.matches("svg.icon") && !disabled) need("icon", element, parse(style.color), backgrounds(element), 3);
  if (element.placeholder) need("placeholder", element, parse(getComputedStyle(element, "::placeholder").color), backgrounds(element), 4.5);
  if (element.matches("form.search, .field input, .condition input, .condition select, .choice select, .button:not(.primary)") && !disabled) {
    need("edge", element, parse(style.borderTopColor), backgrounds(element.parentElement), 3);
  }
  if (element.matches("button, a, select, input:not([type=radio]):not([type=file]), summary")) {
    const target = (element.matches("input[type=checkbox]") ? element.closest("label") : element).getBoundingClientRect();
    if (target.width < 23.9 || target.height < 23.9) problems.push(`${element.outerHTML.slice(0, 90)} is ${target.width} x ${target.height}`);
  }
}
if (document.documentElement.scrollWidth > innerWidth) problems.push(`the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}`);
if (modal && modal.scrollWidth > modal.clientWidth) problems.push("the dialog is wider than it shows");
return problems;
