// SPDX-License-Identifier: Apache-2.0
//
// What the two charts share: an SVG as wide as the drawer, a scale, ticks, and bars
// that select the node they stand for. To the keyboard and to screen readers a chart is a
// list of its bars: one is in the order of Tab, arrows go to the others, Enter selects.

const CHART_LEFT = 112, CHART_RIGHT = 16, MAX_BARS = 3000;

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
  return svg("g", {class: "axis", "aria-hidden": "true"}, ...values.flatMap((v) => [  // Of the last one there may be no room to say what it is.
    svg("path", {d: `M${x(v)} 0V${height}`}),
    x(v) + 56 < chartWidth() ? svg("text", {x: x(v) + 3, y: height + 12}, textOf(v)) : null,
  ]));
}

function chartOf(panel, height, label, ...children) {
  const chart = svg("svg", {class: "chart", width: chartWidth(), height, role: "listbox", "aria-label": label,
      keydown: chartKey}, ...children);
  panel.replaceChildren(chart);
  return chart;
}

// One that can be chosen; `node` may be none.
function chartBar(node, classes, {x, y, width, height}, title, {text = "", critical = false} = {}) {
  const bar = svg("g", {class: `chart-bar ${classes}`, "data-chart-node": node, role: "option", tabindex: -1,
      "aria-label": title, "aria-selected": false},
      svg("title", {}, title),
      svg("rect", {x, y, width: Math.max(0.75, width), height, rx: Math.min(3, width / 4)}));
  if (width < 4) bar.classList.add("thin");  // Of which a border would leave nothing.
  // A strip, for borders of short steps would hide all else.
  if (critical) bar.append(svg("path", {class: "critical-strip", d: `M${x} ${y + height + 2.5}h${Math.max(0.75, width)}`}));
  if (text && width > 14 + 6.2 * Array.from(text).length) {
    bar.append(svg("text", {x: x + 5, y: y + height / 2 + 4}, text));
  }
  bar.addEventListener("click", () => chooseBar(bar));
  return bar;
}

function chooseBar(bar) {
  const node = Number(bar.dataset.chartNode);
  if (node < 0) return say("It makes no node of the graph");
  if (!alive(seg.nodes[node], state.stage)) change({stage: seg.lastStage});
  selectNode(node);
  revealSelection();
}

function chartKey(event) {
  const bars = [...event.currentTarget.querySelectorAll(".chart-bar")], at = bars.indexOf(event.target);
  if (at < 0) return;
  const to = {ArrowRight: bars[at + 1], ArrowLeft: bars[at - 1], Home: bars[0], End: bars[bars.length - 1],
              ArrowUp: barBeside(bars, at, -1), ArrowDown: barBeside(bars, at, 1)};
  if (event.key === "Enter" || event.key === " ") chooseBar(bars[at]);
  else if (!(event.key in to)) return;
  else if (to[event.key]) enterBar(to[event.key]).focus();
  event.preventDefault();
  event.stopPropagation();
}

// The closest bar in the next row up or down.
function barBeside(bars, at, sign) {
  const boxes = bars.map((bar) => bar.querySelector("rect").getBBox()), here = boxes[at];
  let best, least = Infinity;
  boxes.forEach((box, i) => {
    const down = sign * (box.y + box.height / 2 - here.y - here.height / 2);
    const across = Math.max(0, box.x - here.x - here.width, here.x - box.x - box.width);
    if (down > 1 && down + across < least) [best, least] = [bars[i], down + across];
  });
  return best;
}

// The bar that Tab comes to.
function enterBar(bar) {
  bar.parentNode.querySelector("[tabindex='0']")?.setAttribute("tabindex", -1);
  bar.setAttribute("tabindex", 0);
  return bar;
}

function selectInCharts() {
  for (const bar of document.querySelectorAll("[data-chart-node]")) {
    const selected = state.node >= 0 && Number(bar.dataset.chartNode) === state.node;
    bar.classList.toggle("selected", selected);
    bar.setAttribute("aria-selected", selected);
  }
}

function drawCharts() {
  const focused = [...document.querySelectorAll(".chart-bar")].indexOf(document.activeElement);
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
  const bars = document.querySelectorAll(".chart-bar");
  if (bars.length) enterBar(bars[focused] ?? document.querySelector(".chart-bar.selected") ?? bars[0]);
  if (focused >= 0) bars[focused]?.focus();
}
const toggleChart = (name) => change({chart: state.chart === name ? "" : name});
