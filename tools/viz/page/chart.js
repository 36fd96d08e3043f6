// SPDX-License-Identifier: Apache-2.0
//
// What the two charts share: an SVG as wide as the drawer, a scale, ticks, and bars
// that select the node they stand for.

const CHART_LEFT = 92, CHART_RIGHT = 16, MAX_BARS = 3000;

function chartWidth() { return Math.max(320, byId("drawer").clientWidth - 8); }

// Round numbers: 1, 2 or 5 times a power of ten, about `count` of them.
function ticks(most, count) {
  if (!(most > 0)) return [0];
  const rough = most / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  const list = [];
  for (let v = 0; v <= most * 1.0001; v += step) list.push(v);
  return list;
}

function axis(values, x, height, textOf) {
  return svg("g", {class: "axis", "aria-hidden": "true"}, ...values.flatMap((v) => [
    svg("path", {d: `M${x(v)} 0V${height}`}),
    svg("text", {x: x(v) + 3, y: height + 12}, textOf(v)),
  ]));
}

// One that can be chosen; `node` may be none.
function chartBar(node, classes, {x, y, width, height}, title, {text = "", critical = false} = {}) {
  const bar = svg("g", {class: `chart-bar ${classes}`, "data-chart-node": node},
      svg("title", {}, title),
      svg("rect", {x, y, width: Math.max(0.75, width), height, rx: Math.min(3, width / 4)}));
  if (width < 4) bar.classList.add("thin");  // Of which a border would leave nothing.
  // A strip, for borders of short steps would hide all else.
  if (critical) bar.append(svg("path", {class: "critical-strip", d: `M${x} ${y + height + 2.5}h${Math.max(0.75, width)}`}));
  if (text && width > 14 + 6.2 * Array.from(text).length) {
    bar.append(svg("text", {x: x + 5, y: y + height / 2 + 4}, text));
  }
  if (node >= 0) bar.addEventListener("click", () => {
    if (!alive(seg.nodes[node], state.stage)) change({stage: seg.lastStage});
    selectNode(node);
    revealSelection();
  });
  return bar;
}

function selectInCharts() {
  for (const bar of document.querySelectorAll("[data-chart-node]")) {
    bar.classList.toggle("selected", state.node >= 0 && Number(bar.dataset.chartNode) === state.node);
  }
}

function drawCharts() {
  for (const name of ["timeline", "memory"]) {
    const on = state.chart === name;
    byId(name).hidden = !on;
    byId(`tab-${name}`).setAttribute("aria-selected", on);
    byId(`tab-${name}`).tabIndex = on || (!state.chart && name === "timeline") ? 0 : -1;
    if (!on) byId(name).replaceChildren();
  }
  byId("chart-text").textContent = "";
  if (state.chart === "timeline") drawTimeline();
  if (state.chart === "memory") drawMemory();
  selectInCharts();
}
const toggleChart = (name) => change({chart: state.chart === name ? "" : name});
