// SPDX-License-Identifier: Apache-2.0
//
// Where time goes: steps on a line for each device, as they were measured, or, without
// a profile, one after another as they are estimated. What lies between measured steps
// belongs to none and is hatched; steps of the critical path have a star and a strip below.

function stepTimes() {
  let at = 0;
  return seg.steps.map((step, i) => {
    const start = wasMeasured(step) ? step.start : seg.measured ? null : at;
    const seconds = seg.measured && !wasMeasured(step) ? 0 : stepSeconds(step);
    at += seconds;
    return {step, i, start, seconds};
  }).filter((t) => t.start !== null);
}

function drawTimeline() {
  const times = stepTimes(), panel = byId("timeline");
  if (!times.length) {
    panel.replaceChildren(h("p", {class: "note"}, "A graph without a plan has no steps."));
    return;
  }
  // Segments of one run follow each other: this one begins where its first step does.
  const begin = seg.measured ? times.reduce((least, t) => Math.min(least, t.start), Infinity) : 0;
  const from = doc.segments.length === 1 ? 0 : begin;
  const last = times.reduce((most, t) => Math.max(most, t.start + t.seconds), 0);
  const end = seg.measured && doc.segments.length === 1 ? Math.max(last, doc.measured_seconds ?? 0) : last;
  const width = chartWidth(), scale = (width - CHART_LEFT - CHART_RIGHT) / Math.max(end - from, 1e-12);
  const x = (seconds) => CHART_LEFT + (seconds - from) * scale;
  const devices = [...new Set(times.map((t) => t.step.device))].sort();
  const row = 34, height = 8 + devices.length * row;
  const chart = svg("svg", {class: "chart", width, height: height + 18, role: "group",
      "aria-label": `Timeline of ${plural(times.length, "step")}`},
      svg("defs", {}, svg("pattern", {id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)"}, svg("rect", {class: "hatch-line", width: 1.5, height: 6}))));
  chart.append(axis(ticks(end - from, Math.max(2, width / 130)).map((v) => v + from), x, height, (v) => secondsText(v - from)));
  devices.forEach((device, r) => {
    const y = 6 + r * row, own = times.filter((t) => t.step.device === device).sort((a, b) => a.start - b.start);
    chart.append(svg("text", {class: "row-name", x: 6, y: y + 18}, shown(device, 12)));
    if (seg.measured) chart.append(svg("rect", {class: "unattributed", fill: "url(#hatch)", x: x(from), y, width: (end - from) * scale, height: row - 8}));
    for (const bar of joined(own, scale)) {
      const first = bar[0], tail = bar[bar.length - 1];
      const critical = bar.some((t) => t.step.critical) && seg.critical_path.length > 1;
      const n = seg.nodes[first.step.node];
      const name = bar.length > 1 ? `${plural(bar.length, "step")} from ${first.i}` : n ? nodeName(n) : shown(first.step.kernel);
      const seconds = bar.reduce((sum, t) => sum + t.seconds, 0);
      const title = `${name}${bar.length > 1 ? "" : `, step ${first.i}, ${shown(first.step.kernel, 40)}`}: ${secondsText(seconds)} from ${secondsText(first.start)}${critical ? ", on the critical path" : ""}`;
      chart.append(chartBar(first.step.node, `box-like ${n ? colorMode().classOf(n).css : "none"}`,
          {x: x(first.start), y, width: (tail.start + tail.seconds - first.start) * scale, height: row - 8},
          title, {text: `${critical ? "★ " : ""}${name}`, critical}));
    }
  });
  panel.replaceChildren(chart);
  const parts = [seg.measured ? "measured" : "estimated, one after another"];
  if (seg.critical_path.length) parts.push(`★ critical path (strip) ${secondsText(seg.critical_seconds)} in ${plural(seg.critical_path.length, "step")}`);
  if (doc.measured_seconds) {
    const rest = doc.unattributed_seconds ?? 0;
    parts.push(`whole run ${secondsText(doc.measured_seconds)}`, `unattributed (hatched) ${secondsText(rest)}, ${percentText(rest / doc.measured_seconds)}`);
  }
  byId("chart-text").textContent = parts.join("  ·  ");
}

// Steps too short to be seen become one bar, when there are many.
function joined(times, scale) {
  if (times.length <= MAX_BARS / 4) return times.map((t) => [t]);
  const bars = [];
  for (const t of times) {
    const bar = bars[bars.length - 1];
    if (bar && (t.start + t.seconds - bar[0].start) * scale < 2) bar.push(t);
    else bars.push([t]);
  }
  return bars;
}
