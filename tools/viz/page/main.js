// SPDX-License-Identifier: Apache-2.0
//
// Starts the page, and redraws what a change of the state is about.

let places = null;  // Of the stage; the source beside it has its own.
const scenes = [];

function drawScenes() {
  const before = places;
  places = placeAll(state.stage, state.changes);
  const wanted = state.side ? 2 : 1;
  while (scenes.length < 2) {
    scenes.push(new Scene(scenes.length ? "b" : "a"));
    camera.watch(scenes[scenes.length - 1]);
  }
  const shownScenes = scenes.slice(0, wanted);
  if (byId("panes").children.length !== wanted) {
    byId("panes").replaceChildren(...shownScenes.map((s) => s.element));
  }
  camera.scenes = shownScenes;
  if (state.side) scenes[0].draw(placeAll(0, false), 0, false);
  shownScenes[wanted - 1].draw(places, state.stage, state.changes);
  const moved = before && (before.layout !== places.layout || before.stage !== places.stage);
  if (moved && state.view && seg.layouts.includes(before.layout)) {
    camera.follow(before, places);
  }
}

function redraw(changed) {
  const any = (...keys) => keys.some((key) => changed.has(key));
  if (any("theme")) document.documentElement.dataset.theme = state.theme;
  if (any("segment")) seg = doc.segments[state.segment];
  const scene = any("segment", "stage", "changes", "side", "color", "opened", "closed");
  if (any("segment", "stage", "color")) prepareColors();
  if (any("segment", "stage", "color", "changes")) drawLegend();
  if (scene) drawScenes();
  else if (any("node", "group", "reach")) camera.scenes.forEach((s) => s.select());
  if (any("segment", "stage", "changes", "side")) drawStageBar();
  if (scene || any("node", "group", "tab", "reach", "from")) drawPanel();
  if (any("segment", "color", "chart")) drawCharts();
  else if (any("node")) selectInCharts();
  // Panes half as wide show half as much: begin anew.
  if (any("side") && state.view && !any("view")) beginAnew();
  if (scene || any("view") || (state.side && any("node"))) camera.apply();
  if (any("stage")) say(`${seg.stages[state.stage].name}: ${countsText()}`);
  if (any("color")) byId("color").value = state.color;
  if (any("segment")) byId("segment").value = state.segment;
}

// Where the selection is in the stage, or the closed group that holds it.
function revealSelection() {
  if (state.group >= 0) return camera.reveal(places.groupAt.get(state.group));
  if (state.node < 0) return;
  const id = counterparts(state.node, state.stage)[0] ?? state.node;
  for (let g = seg.groupOf[id]; g > 0; g = seg.groups[g].parent) {
    if (!isOpen(g) && places.groupAt.has(g)) return camera.reveal(places.groupAt.get(g));
  }
  camera.reveal(places.nodeAt.get(id));
}

function beginAnew() {
  camera.begin(places);
  revealSelection();
}

function nextTheme() {
  const theme = {"": "light", light: "dark", dark: ""}[state.theme];
  change({theme});
  say(`Theme: ${theme || "as the system is"}`);
}

function drawHeader() {
  byId("graph-name").textContent = shown(doc.graph, 60) || "Graph";
  const steps = seg.steps, parts = [plural(seg.nodes.filter((n) => alive(n, seg.lastStage)).length, "node")];
  if (steps.length) {
    parts.push(plural(steps.length, "step"), countText(sumOf(steps, "flops"), "FLOP"),
               `estimate ${secondsText(sumOf(steps, "estimated_seconds"))}`);
    if (seg.memory.length) parts.push(peakText());
  }
  if (measuredText()) parts.push(`measured ${measuredText()}`);
  byId("summary").textContent = parts.join(" · ");
}

function setUpControls() {
  byId("color").replaceChildren(...colorModes.map((m) => h("option", {value: m.id}, m.label)));
  byId("color").addEventListener("change", (event) => change({color: event.target.value}));
  if (doc.segments.length > 1) {
    byId("segment-label").hidden = false;
    byId("segment").replaceChildren(...doc.segments.map((_, i) => h("option", {value: i}, String(i))));
    byId("segment").addEventListener("change", (event) => showSegment(Number(event.target.value)));
  }
  const on = (id, run) => byId(id).addEventListener("click", run);
  on("fit", () => camera.fit(places));
  on("zoom-in", () => camera.zoom(1.25));
  on("zoom-out", () => camera.zoom(0.8));
  on("unfold", openAll);
  on("fold", closeAll);
  on("export-svg", saveSvg);
  on("export-png", savePng);
  on("theme", nextTheme);
  setUpTabs(["details", "rules"], (tab) => change({tab}));
  setUpTabs(["timeline", "memory"], (chart) => chart === state.chart ? change({chart: ""}) : change({chart}));
  addEventListener("resize", () => drawCharts());
  new ResizeObserver(() => camera.apply()).observe(byId("panes"));
}

function showSegment(segment) {
  seg = doc.segments[segment];
  change({segment, stage: seg.lastStage, node: -1, group: -1, reach: null, from: -1,
          opened: new Set(), closed: new Set()});
  drawHeader();
  camera.begin(places);
}

function showHash() {
  const wanted = readHash(location.hash);
  seg = doc.segments[wanted.segment];
  Object.assign(state, wanted);
  redraw(new Set(Object.keys(wanted)));
  drawHeader();
  if (state.node >= 0) openAround(state.node);
  if (!state.view) beginAnew();
  camera.apply();
}

async function start() {
  const begin = performance.now();
  try {
    await loadDocument();
  } catch (error) {
    byId("panes").replaceChildren(h("p", {class: "failure"}, "This browser could not read the data of the page: ", String(error)));
    throw error;
  }
  seg = doc.segments[0];
  listen(redraw);
  setUpControls();
  setUpStages();
  search.setUp();
  setUpKeys();
  showHash();
  addEventListener("hashchange", () => location.hash !== hashOf() && showHash());
  byId("status").textContent = "";
  // Waits until it is on the screen; the tests print it.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.ready = Math.round(performance.now() - begin);
  }));
}
start();
