// SPDX-License-Identifier: Apache-2.0
//
// Buffers and their lifetimes, device by device: steps to the right, bytes upwards. What
// lies in an arena stands at its offset; results, which have places of their own, stand
// above. The line is what is in use while each step runs, and its peak is marked: of each
// device its own, for they may be in different steps.

const peakText = () => seg.memory.length === 1 ? `peak ${bytesText(seg.memory[0].peak_bytes)}`
    : seg.memory.map((m) => `peak of ${shown(m.device, 20)} ${bytesText(m.peak_bytes)}`).join(" · ");

function drawMemory() {
  const panel = byId("memory"), steps = seg.steps.length;
  if (!seg.memory.length) {
    panel.replaceChildren(h("p", {class: "note"}, steps ? "The plan makes no buffers." : "A graph without a plan has no buffers."));
    return;
  }
  const width = chartWidth(), scale = (width - CHART_LEFT - CHART_RIGHT) / steps;
  const x = (step) => CHART_LEFT + step * scale;
  // As much as the drawer shows at once, unless there are many.
  const tall = Math.max(60, Math.min(150, 186 / seg.memory.length)), height = tall * seg.memory.length;
  const made = seg.buffers.filter((b) => b.kind === "arena" || b.kind === "result");
  const chart = chartOf(panel, height + 18, `Memory: ${plural(made.length, "buffer")}, ${peakText()}`);
  const whole = [...new Set(ticks(steps, Math.max(2, Math.min(steps, width / 110))).map(Math.round))].filter((v) => v < steps);
  chart.append(axis(whole, x, height, (v) => `step ${v}`));
  // Many buffers: the largest are drawn.
  const drawn = made.length <= MAX_BARS ? made : [...made].sort((a, b) => b.bytes - a.bytes).slice(0, MAX_BARS);
  seg.memory.forEach((m, i) => chart.append(...memoryLane(m, drawn, x, i * tall, (i + 1) * tall)));
  const text = [`${plural(made.length, "buffer")}, without inputs and constants`, peakText()];
  for (const m of seg.memory) if (m.arena_bytes) text.push(`arena of ${shown(m.device, 20)} ${bytesText(m.arena_bytes)}`);
  if (drawn.length < made.length) text.push(`the largest ${MAX_BARS} drawn`);
  byId("chart-text").textContent = text.join("  ·  ");
}

// Of one device, between two heights of the chart.
function memoryLane(memory, buffers, x, top, bottom) {
  const most = Math.max(memory.arena_bytes + memory.result_bytes, memory.peak_bytes, 1);
  const y = (bytes) => bottom - bytes / most * (bottom - top - 16);
  const parts = [svg("text", {class: "row-name", x: 6, y: (top + bottom) / 2 + 12}, shown(memory.device, 9))];
  for (const bytes of [0, most / 2, most]) {
    parts.push(svg("text", {class: "row-name end", x: CHART_LEFT - 6, y: Math.min(bottom - 2, y(bytes) + 4)}, bytesText(Math.round(bytes))));
  }
  let above = memory.arena_bytes;  // Where the next result stands.
  for (const b of buffers.filter((b) => b.device === memory.device)) {
    const n = seg.nodes[b.node], name = n ? nodeName(n) : b.kind, isResult = b.kind === "result";
    const at = isResult ? above : b.offset, height = Math.max(1, y(at) - y(at + b.bytes));
    if (isResult) above += b.bytes;
    parts.push(chartBar(b.node, `box-like ${n ? colorMode().classOf(n).css : "none"} ${b.kind}`,
        {x: x(b.first), y: y(at + b.bytes), width: x(b.last + 1) - x(b.first), height},
        `${name}: ${b.kind}, ${bytesText(b.bytes)}${isResult ? "" : ` at ${b.offset}`}, steps ${b.first} to ${b.last}, ${shown(b.device, 20)}`,
        {text: height > 13 ? name : ""}));
  }
  const at = x(memory.peak_step + 0.5), label = `▼ peak ${bytesText(memory.peak_bytes)}, step ${memory.peak_step}`;
  const right = at + 8 + 6.2 * label.length < chartWidth();
  return [...parts, svg("path", {class: "live", d: liveLine(memory.live_bytes, x, y)}),
          svg("path", {class: "peak", d: `M${at} ${top + 12}V${bottom}`}),
          svg("text", {class: `peak-text ${right ? "" : "end"}`, x: at + (right ? 5 : -5), y: top + 11}, label)];
}

// With many steps, the most of those that share a pixel.
function liveLine(live, x, y) {
  let d = "";
  const each = Math.max(1, Math.floor(live.length / 2000));
  for (let i = 0; i < live.length; i += each) {
    const bytes = live.slice(i, i + each).reduce((a, b) => Math.max(a, b), 0);
    d += `${d ? "L" : "M"}${x(i).toFixed(1)} ${y(bytes).toFixed(1)}H${x(Math.min(live.length, i + each)).toFixed(1)}`;
  }
  return d;
}
