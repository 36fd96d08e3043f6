// SPDX-License-Identifier: Apache-2.0
//
// What is shown, all of it, in one object that the address holds after its #: a link
// shows the same thing. Everything that changes it calls change(), everything that
// shows it listens.

const state = {
  segment: 0,
  stage: 0,
  changes: false,     // Mark what the pass of the stage did.
  side: false,        // Source and stage side by side.
  node: -1,           // Selected.
  group: -1,          // Or this one.
  color: "kind",
  opened: new Set(),  // Groups that are other than they began.
  closed: new Set(),
  view: null,         // {x, y, k}: the picture's point in the corner, and pixels a unit.
  reach: null,        // {kind: "near", node, steps} or {kind: "path", from, to}
  from: -1,           // Where a path is to begin.
  tab: "details",
  chart: "",
  theme: "",          // "", "light", "dark"
};

const listeners = [];
const listen = (listener) => listeners.push(listener);

// `by`: keys that changed. Listeners get the set of them.
function change(values) {
  const changed = new Set();
  for (const key in values) {
    if (state[key] === values[key]) continue;
    state[key] = values[key];
    changed.add(key);
  }
  if (!changed.size) return;
  for (const listener of listeners) listener(changed);
  saveSoon();
}

const numbers = (set) => [...set].sort((a, b) => a - b).join(".");

function hashOf() {
  const parts = [];
  const put = (key, value) => parts.push(`${key}=${value}`);
  if (state.segment) put("segment", state.segment);
  put("stage", state.stage);
  if (state.changes) put("changes", 1);
  if (state.side) put("side", 1);
  if (state.node >= 0) put("node", state.node);
  if (state.group >= 0) put("group", state.group);
  if (state.color !== "kind") put("color", state.color);
  if (state.opened.size) put("open", numbers(state.opened));
  if (state.closed.size) put("closed", numbers(state.closed));
  if (state.reach?.kind === "near") put("near", `${state.reach.node}.${state.reach.steps}`);
  if (state.reach?.kind === "path") put("path", `${state.reach.from}.${state.reach.to}`);
  if (state.tab !== "details") put("tab", state.tab);
  put("chart", state.chart || "none");
  if (state.theme) put("theme", state.theme);
  if (state.view) put("view", [state.view.x, state.view.y, state.view.k].map((v) => +v.toFixed(3)).join(","));
  return "#" + parts.join("&");
}

// Addresses are written by strangers, too: what does not fit is left out.
function readHash(hash) {
  const get = new URLSearchParams(hash.slice(1));
  const int = (key, most, none) => {
    const value = get.has(key) ? Number(get.get(key)) : NaN;
    return Number.isInteger(value) && value >= 0 && value < most ? value : none;
  };
  const list = (key, most) => (get.get(key) ?? "").split(".").filter((v) => v !== "").map(Number)
      .filter((v) => Number.isInteger(v) && v >= 0 && v < most);
  const segment = int("segment", doc.segments.length, 0), s = doc.segments[segment];
  const near = list("near", s.nodes.length + 1000), path = list("path", s.nodes.length);
  const view = (get.get("view") ?? "").split(",").map(Number);
  let reach = null;
  if (path.length === 2) reach = {kind: "path", from: path[0], to: path[1]};
  else if (near.length === 2 && near[0] < s.nodes.length) {
    reach = {kind: "near", node: near[0], steps: Math.min(near[1], 20)};
  }
  return {
    segment,
    stage: int("stage", s.stages.length, s.lastStage),
    changes: get.get("changes") === "1",
    side: get.get("side") === "1",
    node: int("node", s.nodes.length, -1),
    group: int("group", s.groups.length, -1),
    color: colorModes.some((m) => m.id === get.get("color")) ? get.get("color") : "kind",
    opened: new Set(list("open", s.groups.length)),
    closed: new Set(list("closed", s.groups.length)),
    view: view.length === 3 && view.every(Number.isFinite) && view[2] > 0
        ? {x: view[0], y: view[1], k: view[2]} : null,
    reach,
    from: -1,
    tab: get.get("tab") === "rules" ? "rules" : "details",
    chart: ["timeline", "memory"].includes(get.get("chart")) ? get.get("chart")
        : get.get("chart") === "none" ? "" : s.measured ? "timeline" : "",
    theme: ["light", "dark"].includes(get.get("theme")) ? get.get("theme") : "",
  };
}

// Soon, and not at every step of a drag: browsers limit how often the address changes.
function saveSoon() {
  clearTimeout(saveSoon.timer);
  saveSoon.timer = setTimeout(() => history.replaceState(null, "", hashOf()), 120);
}

// ---- changes that several parts make

function selectNode(id, {reveal = true} = {}) {
  if (id >= 0 && reveal) openAround(id);
  change({node: id, group: -1});
}
const selectGroup = (id) => change({group: id, node: -1});

function setStage(stage) {
  stage = Math.max(0, Math.min(seg.lastStage, stage));
  if (stage === state.stage) return;
  // Who steps through the passes wants to see what they did.
  change({stage, changes: true});
}
