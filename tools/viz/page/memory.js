// SPDX-License-Identifier: Apache-2.0
//
// Buffers and their lifetimes: steps to the right, bytes upwards. What lies in an arena
// stands at its offset; results, which have places of their own, stand above. The line
// is what lives while each step runs, and its peak is marked.

function drawMemory() {
  const panel = byId("memory"), steps = seg.steps.length;
  const inArena = seg.buffers.filter((b) => b.kind === "arena");
  const results = seg.buffers.filter((b) => b.kind === "result");
  if (!steps || !(inArena.length + results.length)) {
    panel.replaceChildren(h("p", {class: "note"}, steps ? "The plan makes no buffers." : "A graph without a plan has no buffers."));
    return;
  }
  // Arenas of several devices stand on each other, then the results.
  const base = new Map();
  let most = 0;
  for (const arena of seg.arenas) {
    base.set(arena.device, most);
    most += arena.bytes ?? 0;
  }
  const placed = inArena.map((b) => ({b, at: (base.get(b.device) ?? 0) + b.offset}));
  for (const b of results) {
    placed.push({b, at: most});
    most += b.bytes;
  }
  most = Math.max(most, seg.peak_bytes ?? 0, 1);
  const width = chartWidth(), height = 150, scale = (width - CHART_LEFT - CHART_RIGHT) / steps;
  const x = (step) => CHART_LEFT + step * scale, y = (bytes) => height - bytes / most * (height - 16);
  const chart = chartOf(panel, height + 18, `Memory: ${plural(placed.length, "buffer")}, peak ${bytesText(seg.peak_bytes ?? 0)}`);
  const whole = [...new Set(ticks(steps, Math.max(2, Math.min(steps, width / 110))).map(Math.round))].filter((v) => v < steps);
  chart.append(axis(whole, x, height, (v) => `step ${v}`));
  for (const bytes of [0, most / 2, most]) {
    chart.append(svg("text", {class: "row-name", x: 6, y: Math.min(height - 2, y(bytes) + 4)}, bytesText(Math.round(bytes))));
  }
  // Many buffers: the largest are drawn.
  const largest = placed.length <= MAX_BARS ? placed
      : [...placed].sort((p, q) => q.b.bytes - p.b.bytes).slice(0, MAX_BARS);
  for (const {b, at} of largest) {
    const n = seg.nodes[b.node], name = n ? nodeName(n) : b.kind, bytes = b.bytes;
    const top = y(at + bytes), tall = Math.max(1, y(at) - top);
    chart.append(chartBar(b.node, `box-like ${n ? colorMode().classOf(n).css : "none"} ${b.kind}`,
        {x: x(b.first), y: top, width: (b.last + 1 - b.first) * scale, height: tall},
        `${name}: ${b.kind}, ${bytesText(bytes)}${b.kind === "arena" ? ` at ${b.offset}` : ""}, steps ${b.first} to ${b.last}, ${shown(b.device, 20)}`,
        {text: tall > 13 ? name : ""}));
  }
  chart.append(svg("path", {class: "live", d: liveLine(x, y)}));
  if (seg.peak_step >= 0) {
    const at = x(seg.peak_step), label = `▼ peak ${bytesText(seg.peak_bytes ?? 0)}, step ${seg.peak_step}`;
    const right = at + 8 + 6.2 * label.length < width;
    chart.append(svg("path", {class: "peak", d: `M${at + scale / 2} 12V${height}`}),
                 svg("text", {class: "peak-text", x: at + scale / 2 + (right ? 5 : -5), y: 11, "text-anchor": right ? "start" : "end"}, label));
  }
  const text = [`${plural(placed.length, "buffer")}, without inputs and constants`, `peak ${bytesText(seg.peak_bytes ?? 0)}`];
  for (const arena of seg.arenas) text.push(`arena of ${shown(arena.device, 20)} ${bytesText(arena.bytes ?? 0)}`);
  if (largest.length < placed.length) text.push(`the largest ${MAX_BARS} drawn`);
  byId("chart-text").textContent = text.join("  ·  ");
}

// With many steps, the most of those that share a pixel.
function liveLine(x, y) {
  let d = "", last = null;
  const each = Math.max(1, Math.floor(seg.steps.length / 2000));
  for (let i = 0; i < seg.steps.length; i += each) {
    const bytes = seg.steps.slice(i, i + each).reduce((most, step) => Math.max(most, step.live_bytes), 0);
    const to = Math.min(seg.steps.length, i + each);
    d += `${last === null ? "M" : "L"}${x(i).toFixed(1)} ${y(bytes).toFixed(1)}L${x(to).toFixed(1)} ${y(bytes).toFixed(1)}`;
    last = bytes;
  }
  return d;
}
