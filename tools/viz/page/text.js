// SPDX-License-Identifier: Apache-2.0
//
// Texts and elements. Names come from strangers: they reach the page only through
// textContent and attributes that are not addresses, never as HTML.
"use strict";

// Fit to be shown: no control characters, no marks that turn the direction of text,
// at most `limit` characters, cut in the middle.
function shown(text, limit = 400) {
  const clean = String(text ?? "").replace(
      /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  const letters = clean.length > limit ? Array.from(clean) : [];
  if (letters.length <= limit) return clean;
  const half = Math.floor((limit - 1) / 2);
  return letters.slice(0, limit - 1 - half).join("") + "…" + letters.slice(-half).join("");
}

// h("p", {class: "note"}, "text", element): texts become text nodes. An attribute that
// is a function listens to the event of its name.
function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}
function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}
function build(element, attributes, children) {
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== "") element.append(child);
  }
  return element;
}
const byId = (id) => document.getElementById(id);

function digits(value) {
  if (value >= 99.95) return Math.round(value).toString();
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
function scaled(value, unit, step, names) {
  let at = 0;
  while (at + 1 < names.length && value >= step * 0.9995) value /= step, ++at;
  const number = at === 0 && Number.isInteger(value) ? String(value) : digits(value);
  return `${number} ${names[at]}${unit}`;
}
const bytesText = (bytes) => scaled(bytes, "B", 1024, ["", "Ki", "Mi", "Gi", "Ti", "Pi"]);
const countText = (count, unit) => scaled(count, unit, 1000, ["", "k", "M", "G", "T", "P", "E"]);
function secondsText(seconds) {
  if (!(seconds > 0)) return "0 s";
  if (seconds < 1e-6) return digits(seconds * 1e9) + " ns";
  if (seconds < 1e-3) return digits(seconds * 1e6) + " µs";
  if (seconds < 1) return digits(seconds * 1e3) + " ms";
  return digits(seconds) + " s";
}
const percentText = (share) =>  // With a space that does not break.
    share > 0 && share < 0.001 ? "<\u00a00.1\u00a0%" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}\u00a0%`;
const plural = (count, one, many = one + "s") => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

// Said by screen readers, and shown for a while.
function say(text) {
  const status = byId("status");
  status.textContent = text;
  status.classList.add("fresh");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => status.classList.remove("fresh"), 4000);
}
