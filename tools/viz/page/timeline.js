// SPDX-License-Identifier: Apache-2.0
//
// Where time goes: a lane for each device and thread that ran steps on it, as they were
// measured, or, without a profile, one after another as they are estimated. Time in which
// no lane ran a step belongs to none and is hatched, across all lanes; steps of the
// critical path have a star and a strip below.

function stepTimes() {
  let at = 0;
  return seg.steps.map((step, i) => {
    const start = wasMeasured(step) ? step.start : seg.measured ? null : at;
    const seconds = seg.measured && !wasMeasured(step) ? 0 : stepSeconds(step);
    at += seconds;
    return {step, i, start, seconds};
  }).filter((t) => t.start !== null);
}

// Steps by lane, the lanes by name, each in the order of time.
function lanesOf(times) {
  const lanes = new Map();
  for (const t of times) {
    const thread = wasMeasured(t.step) ? t.step.thread : 0, device = shown(t.step.device, 9);
    const name = wasMeasured(t.step) ? `${device}, thread ${thread}` : device;
    if (!lanes.has(name)) lanes.set(name, {name, device, thread, times: []});
    lanes.get(name).times.push(t);
  }
  for (const lane of lanes.values()) lane.times.sort((a, b) => a.start - b.start);
  return [...lanes.values()].sort((a, b) => (a.device < b.device ? -1 : a.device > b.device ? 1 : a.thread - b.thread));
}

// [from, to] of the time in which no step runs.
function idleTimes(times, from, end) {
  const idle = [];
  let at = from;
  for (const t of [...times].sort((a, b) => a.start - b.start)) {
    if (t.start > at) idle.push([at, t.start]);
    at = Math.max(at, t.start + t.seconds);
  }
  if (end > at) idle.push([at, end]);
  return idle;
}

function laneBar(bar, x, y, height) {
  const first = bar[0], tail = bar[bar.length - 1], n = seg.nodes[first.step.node];
  const critical = bar.some((t) => t.step.critical) && seg.critical_path.length > 1;
  const name = bar.length > 1 ? `${plural(bar.length, "step")} from ${first.i}` : n ? nodeName(n) : shown(first.step.kernel);
  const seconds = bar.reduce((sum, t) => sum + t.seconds, 0);
  const title = `${name}${bar.length > 1 ? "" : `, step ${first.i}, ${shown(first.step.kernel, 40)}`}: ${secondsText(seconds)} from ${secondsText(first.start)}${critical ? ", on the critical path" : ""}`;
  return chartBar(first.step.node, `box-like ${n ? colorMode().classOf(n).css : "none"}`,
      {x: x(first.start), y, width: x(tail.start + tail.seconds) - x(first.start), height},
      title, {text: `${critical ? "★ " : ""}${name}`, critical});
}

function drawTimeline() {
  const times = stepTimes(), panel = byId("timeline");
  if (!times.length) {
    panel.replaceChildren(h("p", {class: "note"}, "A graph without a plan has no steps."));
    return;
  }
  // Segments of one run follow each other: this one begins where its first step does.
  const whole = doc.segments.length === 1 && seg.measured;
  const from = whole ? 0 : times.reduce((least, t) => Math.min(least, t.start), Infinity);
  const last = times.reduce((most, t) => Math.max(most, t.start + t.seconds), 0);
  const end = whole ? Math.max(last, doc.measured_seconds ?? 0) : last;
  const width = chartWidth(), scale = (width - CHART_LEFT - CHART_RIGHT) / Math.max(end - from, 1e-12);
  const x = (seconds) => CHART_LEFT + (seconds - from) * scale;
  const lanes = lanesOf(times), row = 34, height = 8 + lanes.length * row;
  const chart = chartOf(panel, height + 18, `Timeline of ${plural(times.length, "step")} in ${plural(lanes.length, "lane")}`,
      svg("defs", {}, svg("pattern", {id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)"}, svg("rect", {class: "hatch-line", width: 1.5, height: 6}))));
  chart.append(axis(ticks(end - from, Math.max(2, width / 130)).map((v) => v + from), x, height, (v) => secondsText(v - from)));
  if (seg.measured) {
    const idle = idleTimes(times, from, end).filter(([a, b]) => (b - a) * scale > 0.5);
    chart.append(svg("path", {class: "unattributed", fill: "url(#hatch)",
        d: idle.map(([a, b]) => `M${x(a).toFixed(2)} 4H${x(b).toFixed(2)}V${height - 2}H${x(a).toFixed(2)}Z`).join("")}));
  }
  lanes.forEach((lane, r) => {
    const y = 6 + r * row;
    chart.append(svg("text", {class: "row-name", x: 6, y: y + 18}, lane.name));
    for (const bar of joined(lane.times, scale)) chart.append(laneBar(bar, x, y, row - 8));
  });
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
