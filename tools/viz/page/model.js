// SPDX-License-Identifier: Apache-2.0
//
// The document (tools/viz/README.md, "JSON, format 1"), and what is looked up in it
// again and again: the group of a node, its edges, its steps, its label.

let doc = null;  // The whole of it.
let seg = null;  // The segment that is shown.

async function loadDocument() {
  const element = byId("data");
  const base64 = element.textContent;
  element.textContent = "";  // Large, and not needed again.
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64)
      : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  doc = await new Response(stream).json();
  doc.segments.forEach(prepareSegment);
}

// Lists that the file leaves out are empty here.
function prepareSegment(s) {
  for (const key of ["stages", "nodes", "edges", "scopes", "sources", "reasons", "bodies", "steps",
                     "buffers", "arenas", "live_bytes", "critical_path", "planned_later"]) {
    s[key] ??= [];
  }
  for (const step of s.steps) {
    for (const key of ["flops", "bytes", "estimated_seconds", "roofline_seconds"]) step[key] ??= 0;
  }
  s.nodes.forEach((n, id) => { n.id = id; });
  s.groups = s.picture.groups;
  s.groupOf = new Int32Array(s.nodes.length).fill(-1);
  s.groups.forEach((g, id) => {
    g.id = id;
    for (const item of g.items) if (item[0] === NODE) s.groupOf[item[1]] = id;
  });
  s.lastStage = s.stages.length - 1;
  s.onCriticalPath = new Set(s.critical_path);
  s.measured = s.steps.some((step) => step.measured);
  s.seconds = s.steps.reduce((sum, step) => sum + stepSeconds(step), 0);
}

// Types of items.
const NODE = 0, GROUP = 1, PORT_IN = 2, PORT_OUT = 3;

const stepSeconds = (step) => step.measured ? step.measured.seconds : step.estimated_seconds;
const alive = (thing, stage) => thing.first <= stage && stage <= thing.last;
const edgeAlive = (e, stage) => e[4] <= stage && stage <= e[5];
const stepsOf = (node) => (node.steps ?? []).map((i) => seg.steps[i]);
const secondsOf = (node) => stepsOf(node).reduce((sum, step) => sum + stepSeconds(step), 0);
const kindIndex = (node) => doc.kinds.indexOf(node.kind);

// Edges into and out of each node, of all stages; made when first wanted.
function linksOf(s) {
  if (!s.links) {
    s.links = s.nodes.map(() => ({ins: [], outs: []}));
    s.edges.forEach((e, i) => {
      s.links[e[0]].outs.push(i);
      s.links[e[2]].ins.push(i);
    });
  }
  return s.links;
}
const operandsOf = (id, stage) => linksOf(seg)[id].ins.map((i) => seg.edges[i])
    .filter((e) => edgeAlive(e, stage)).map((e) => e[0]);
const readersOf = (id, stage) => linksOf(seg)[id].outs.map((i) => seg.edges[i])
    .filter((e) => edgeAlive(e, stage)).map((e) => e[2]);

// The node itself where it lives, else what it became or what it was made of, and
// else those that come from the same source: how the selection keeps in step.
function counterparts(id, stage) {
  const node = seg.nodes[id];
  if (alive(node, stage)) return [id];
  const found = new Set(), seen = new Set([id]), queue = [id];
  if (stage > node.last) {
    while (queue.length) {
      for (const next of seg.nodes[queue.pop()].became ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (alive(seg.nodes[next], stage)) found.add(next);
        else queue.push(next);
      }
    }
  }
  if (!found.size) {
    const sources = new Set(node.sources ?? []);
    for (const other of seg.nodes) {
      const own = other.sources ?? [];
      // Calls come last and hold much: what a node was written as comes first.
      if (alive(other, stage) && own.length && sources.has(own[0])) found.add(other.id);
    }
  }
  return [...found];
}

// As tools/viz/picture.cc writes them, whose boxes have room for it.
function labelOf(node, stage) {
  const leaf = node.kind === "input", text = node.text ?? "", at = text.indexOf(" = ");
  let title = leaf ? node.name ?? "" : node.op;
  if (node.kind === "constant" && at >= 0) title = text.slice(at + 3);
  if (node.kind === "call" && at >= 0 && text.indexOf("(", at) > 0) {
    title = text.slice(at + 3, text.indexOf("(", at));
  }
  let name = leaf ? "" : node.name ?? "";
  for (const out of node.outputs ?? []) if (out !== name) name += (name ? ", " : "") + out;
  const label = {
    title: shown(title, 28),
    subtitle: shown((name ? shown(name, 16) + ": " : "") + shown(node.type, 32), 40),
    detail: "",
  };
  const steps = stepsOf(node);
  if (steps.length && seg.stages[stage].kind === "plan") {
    label.detail = shown(`${steps[steps.length - 1].kernel}  ${secondsText(secondsOf(node))}`, 40);
  }
  return label;
}
const groupTitle = (g) =>
    (g.times ? `×${g.times} ` : "") + shown(g.name || (g.kind === "whole" ? "all" : g.kind), 28);

const nodeName = (n) => shown(n.name ? `${n.op} ${n.name}` : n.op, 60);
const positionOf = (source) =>
    source.file ? `${source.file}:${source.line ?? 0}:${source.column ?? 0}` : "";
