// SPDX-License-Identifier: Apache-2.0
//
// The document (tools/viz/README.md, "JSON, format 2"), and what is looked up in it
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

const TABLES = ["nodes", "edges", "scopes", "sources", "reasons", "bodies", "steps", "buffers",
                "memory", "groups"];

// What a graph without a plan does not have is empty here.
function prepareSegment(s) {
  for (const name of TABLES) s[name] = tableOf(s[name], doc.texts);
  s.planned_later ??= [];
  s.layouts = s.layouts.map(prepareLayout);
  s.groupOf = new Int32Array(s.nodes.length).fill(-1);
  s.layouts[0].insides.forEach(({items}, g) => {
    for (const {type, index} of items) if (type === NODE) s.groupOf[index] = g;
  });
  s.lastStage = s.stages.length - 1;
  s.critical_path = s.steps.filter((step) => step.critical);
  s.measured = s.steps.some(wasMeasured);
  s.seconds = s.steps.reduce((sum, step) => sum + stepSeconds(step), 0);
}

// Each group with its own items and routes, which are made when they are asked for.
function prepareLayout({stage, ...tables}) {
  const items = tableOf(tables.items, doc.texts), rows = tableOf(tables.routes, doc.texts), ways = new Map();
  let item = 0, row = 0;
  return {stage, insides: tableOf(tables.insides, doc.texts).map((inside) => {
    const own = rows.slice(row, row += inside.routes);
    let routes = null;
    return {
      width: inside.width,
      height: inside.height,
      items: items.slice(item, item += inside.items),
      get routes() {
        return routes ??= own.map(({id, from, to, edges}) => ({from, to, edges, ...wayOf(rows, id, ways)}));
      },
    };
  })};
}

// The points of a route, of which the first may be those of another.
function wayOf(rows, id, ways) {
  const chain = [];
  for (let at = id; !ways.has(at); at = rows[at].like) {
    chain.push(rows[at]);
    if (!rows[at].alike) break;
  }
  for (const row of chain.reverse()) {
    const before = ways.get(row.like), join = (axis) => row.alike ? before[axis].slice(0, row.alike).concat(row[axis]) : row[axis];
    ways.set(row.id, {x: join("x"), y: join("y")});
  }
  return ways.get(id);
}

// Types of items.
const NODE = 0, GROUP = 1, PORT_IN = 2, PORT_OUT = 3;

const wasMeasured = (step) => step.measured_seconds >= 0;
const stepSeconds = (step) => wasMeasured(step) ? step.measured_seconds : step.estimated_seconds;
// Of the whole run; of several segments, how much the steps of this one took of it.
const measuredText = () => !doc.measured_seconds ? ""
    : (doc.segments.length > 1 ? `${secondsText(seg.measured ? seg.seconds : 0)} of ` : "") + secondsText(doc.measured_seconds);
const alive = (thing, stage) => thing.first <= stage && stage <= thing.last;
const stepsOf = (node) => node.steps.map((i) => seg.steps[i]);
const secondsOf = (node) => stepsOf(node).reduce((sum, step) => sum + stepSeconds(step), 0);
const kindIndex = (node) => doc.kinds.indexOf(node.kind);

// Edges into and out of each node, of all stages; made when first wanted.
function linksOf(s) {
  if (!s.links) {
    s.links = s.nodes.map(() => ({ins: [], outs: []}));
    for (const e of s.edges) {
      s.links[e.from].outs.push(e);
      s.links[e.to].ins.push(e);
    }
  }
  return s.links;
}
const operandsOf = (id, stage) => linksOf(seg)[id].ins
    .filter((e) => alive(e, stage)).map((e) => e.from);
const readersOf = (id, stage) => linksOf(seg)[id].outs
    .filter((e) => alive(e, stage)).map((e) => e.to);

// The node itself where it lives, else what it became or what it was made of, and
// else those that come from the same source: how the selection keeps in step.
function counterparts(id, stage) {
  const node = seg.nodes[id];
  if (alive(node, stage)) return [id];
  const found = new Set(), seen = new Set([id]), queue = [id];
  if (stage > node.last) {
    while (queue.length) {
      for (const next of seg.nodes[queue.pop()].became) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (alive(seg.nodes[next], stage)) found.add(next);
        else queue.push(next);
      }
    }
  }
  if (!found.size) {
    const sources = new Set(node.sources);
    for (const other of seg.nodes) {
      // Calls come last and hold much: what a node was written as comes first.
      if (alive(other, stage) && sources.has(other.sources[0])) found.add(other.id);
    }
  }
  return [...found];
}

// As tools/viz/picture.cc writes them, whose boxes have room for it: the op, and of a fused
// one or a call what it does, "fused mul_sum".
function titleOf(node) {
  const text = node.text, at = text.indexOf(" = ");
  if (node.kind === "input") return node.name;
  if (node.kind === "constant" && at >= 0) return text.slice(at + 3);
  const does = (node.kind === "call" || node.kind === "fused") && at >= 0 && text.indexOf("(", at) > 0;
  return does ? text.slice(at + 3, text.indexOf("(", at)) : node.op;
}
function labelOf(node, stage) {
  const leaf = node.kind === "input";
  let name = leaf ? "" : node.name;
  for (const out of node.outputs) if (out !== name) name += (name ? ", " : "") + out;
  const label = {
    title: shown(titleOf(node), 28),
    subtitle: shown((name ? shown(name, 16) + ": " : "") + shown(node.type, 32), 40),
    detail: "",
  };
  const steps = stepsOf(node);
  if (steps.length && seg.stages[stage].kind === "plan") {
    label.detail = shown(`${steps[steps.length - 1].kernel}  ${secondsText(secondsOf(node))}`, 40);
  }
  return label;
}
const lifeText = (thing) => thing.first === thing.last ? `only in ${seg.stages[thing.first].name}`
    : `${seg.stages[thing.first].name} to ${seg.stages[thing.last].name}`;
const groupTitle = (g) =>
    (g.times ? `×${g.times} ` : "") + shown(g.name || (g.kind === "whole" ? "all" : g.kind), 28);

function nodeName(n) {
  const what = n.kind === "fused" ? titleOf(n) : n.op;
  return shown(n.name ? `${what} ${n.name}` : what, 60);
}
const positionOf = (source) =>
    source.file ? `${source.file}:${source.line}:${source.column}` : "";
