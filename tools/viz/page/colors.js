// SPDX-License-Identifier: Apache-2.0
//
// What colour means, and the legend that says so. A mode sorts nodes into classes of
// style.css; but for the kind, which the op tells, the value also stands on the box, so
// that nothing is said by colour alone.

const NOTHING = {css: "none", label: "does not apply"};

// Classes q0, q1, … by how often a text occurs; the rest are one.
function textMode(id, label, textOf) {
  return {
    id, label, textOf,
    prepare(nodes) {
      const count = new Map();
      for (const n of nodes) {
        const text = textOf(n);
        if (text) count.set(text, (count.get(text) ?? 0) + 1);
      }
      const sorted = [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      this.classes = sorted.slice(0, 9).map(([text], i) => ({css: `q${i}`, label: shown(text, 40)}));
      this.index = new Map(sorted.map(([text], i) => [text, Math.min(i, 9)]));
      if (sorted.length > 9) this.classes.push({css: "q9", label: `${sorted.length - 9} others`});
    },
    classOf(n) { return this.classes[this.index.get(textOf(n))] ?? NOTHING; },
  };
}

// Classes with bounds: a value belongs to the last one whose bound it reaches.
function boundMode(id, label, valueOf, textOf, prepare) {
  return {
    id, label, prepare,
    textOf: (n) => valueOf(n) === null ? "" : textOf(valueOf(n)),
    classOf(n) {
      const value = valueOf(n);
      if (value === null) return NOTHING;
      let at = 0;
      while (at + 1 < this.bounds.length && value >= this.bounds[at + 1]) ++at;
      return this.classes[at] ?? NOTHING;
    },
  };
}

// Up to six classes of equal factors between the least and the most.
function logMode(id, label, valueOf, textOf) {
  return boundMode(id, label, valueOf, textOf, function (nodes) {
    const values = nodes.map(valueOf).filter((v) => v > 0);
    this.bounds = [];
    this.classes = [];
    if (!values.length) return;
    const most = values.reduce((a, b) => Math.max(a, b)), least = values.reduce((a, b) => Math.min(a, b));
    const factor = Math.max(10, (most / least) ** (1 / 5.99));
    const count = Math.max(1, Math.min(6, Math.ceil(Math.log(most / least * 1.0001) / Math.log(factor))));
    for (let i = 0; i < count; ++i) this.bounds.push(most / factor ** (count - i));
    this.classes = this.bounds.map((bound, i) => ({
      css: `s${count === 1 ? 5 : Math.round(i * 5 / (count - 1))}`,
      label: `${i === 0 ? "up to" : "over " + textOf(bound) + ", to"} ${textOf(bound * factor)}`,
    }));
  });
}

const orNull = (steps, value) => steps.length ? value : null;
const sumOf = (steps, key) => steps.reduce((sum, step) => sum + step[key], 0);
function rooflineShare(n) {
  const seconds = secondsOf(n), least = sumOf(stepsOf(n), "roofline_seconds");
  return seconds > 0 && least > 0 ? least / seconds : null;
}
function estimateError(n) {
  const steps = stepsOf(n).filter((s) => wasMeasured(s) && s.estimated_seconds > 0);
  return orNull(steps, steps.reduce((sum, s) => sum + s.measured_seconds, 0) / sumOf(steps, "estimated_seconds"));
}
const factorText = (factor) => `${digits(factor)}×`;

const colorModes = [
  {
    id: "kind", label: "kind", textOf: () => "",
    prepare(nodes) {
      const used = new Set(nodes.map(kindIndex));
      this.classes = doc.kinds.map((kind, i) => ({css: `k${i}`, label: kind}));
      this.legend = this.classes.filter((_, i) => used.has(i));
    },
    classOf(n) { return this.classes[kindIndex(n)] ?? NOTHING; },
  },
  textMode("device", "device", (n) => n.device),
  textMode("kernel", "kernel", (n) => stepsOf(n).map((s) => s.kernel).pop() ?? ""),
  logMode("time", "time (log)", (n) => orNull(stepsOf(n), secondsOf(n)), secondsText),
  logMode("bytes", "bytes (log)", (n) => n.bytes > 0 ? n.bytes : null, bytesText),
  boundMode("roofline", "share of the roofline", rooflineShare, percentText, function () {
    this.bounds = [0, 0.1, 0.25, 0.5, 0.75];
    this.classes = ["below 10 %", "10 to 25 %", "25 to 50 %", "50 to 75 %", "over 75 %"]
        .map((label, i) => ({css: `s${5 - i}`, label}));
  }),
  boundMode("error", "error of the estimate", estimateError, factorText, function () {
    this.bounds = [0, 0.5, 0.8, 1.25, 2];
    this.classes = ["measured is below half", "0.5× to 0.8×", "about as estimated", "1.25× to 2×",
                    "over twice the estimate"].map((label, i) => ({css: `d${i}`, label}));
  }),
];
const colorMode = () => colorModes.find((m) => m.id === state.color);

function prepareColors() {
  const mode = colorMode();
  mode.prepare(seg.nodes.filter((n) => alive(n, state.stage)));
}

function drawLegend() {
  const mode = colorMode(), nodes = seg.nodes.filter((n) => alive(n, state.stage));
  const entry = (css, label) => h("li", {},
      svg("svg", {width: 16, height: 16, "aria-hidden": "true"},
          svg("rect", {class: `box ${css}`, x: 1.5, y: 1.5, width: 13, height: 13, rx: 3})), label);
  const entries = (mode.legend ?? mode.classes).map((c) => entry(c.css, c.label));
  if (mode.id !== "kind" && nodes.some((n) => mode.classOf(n) === NOTHING)) {
    entries.push(entry(NOTHING.css, NOTHING.label));
  }
  const marks = [["line", "value"]];
  if (state.changes && state.stage > 0) marks.push(["line new", "made"], ["line going", "removed"]);
  if (nodes.some((n) => n.kind === "transfer")) marks.push(["line transfer", "transfer: wider with its bytes"]);
  if (seg.critical_path.length > 1 && seg.stages[state.stage].kind === "plan") marks.push(["line critical", "★ critical path"]);
  for (const [css, label] of marks) {
    entries.push(h("li", {}, svg("svg", {width: 24, height: 16, "aria-hidden": "true"},
        svg("path", {class: css, d: "M1 8H23"})), label));
  }
  const sign = (label, ...shapes) => entries.push(h("li", {},
      svg("svg", {width: 24, height: 16, "aria-hidden": "true"}, ...shapes), label));
  if (nodes.some((n) => n.outputs.length)) {
    sign("result: thick border", svg("g", {class: "out"}, svg("rect", {class: "box none", x: 3, y: 2.5, width: 18, height: 11, rx: 3})));
  }
  if (nodes.some((n) => shareOf(n, state.stage) > SHOWN_SHARE)) {
    sign("share of the time", svg("rect", {class: "box none", x: 2.5, y: 1.5, width: 19, height: 13, rx: 3}),
         svg("rect", {class: "bar", x: 5, y: 10.5, width: 9, height: 2.5, rx: 1}));
  }
  byId("legend").replaceChildren(h("span", {class: "legend-title"}, `Colour: ${mode.label}`),
                                 h("ul", {}, ...entries));
}
