// SPDX-License-Identifier: Apache-2.0
//
// The panel of details: a node with everything that is known of it, a group, or, when
// nothing is selected, the whole.

function fact(name, ...value) {
  return value.every((v) => v === "" || v === undefined || v === null) ? []
      : [h("dt", {}, name), h("dd", {}, ...value)];
}
const linkTo = (id, text) => h("button", {class: "link", click: () => selectNode(id)}, text);
const nodeLink = (id) => linkTo(id, nodeName(seg.nodes[id]));

function nodeLinks(ids) {
  const unique = [...new Set(ids)], links = unique.slice(0, 40).flatMap((id) => [nodeLink(id), " "]);
  if (unique.length > 40) links.push(`and ${unique.length - 40} more`);
  return links.length ? h("span", {class: "links"}, ...links) : "";
}

function stepFacts(i) {
  const step = seg.steps[i], seconds = stepSeconds(step);
  const buffer = (index, at, layouts) => {
    const b = seg.buffers[index], n = seg.nodes[b?.node], layout = layouts[at];
    if (!b) return h("li", {}, `buffer ${index}`);
    const where = b.kind === "arena" ? `arena+${b.offset}` : b.kind;
    return h("li", {}, n ? nodeLink(n.id) : b.kind, n ? ` ${shown(n.type, 60)}` : "",
             h("span", {class: "note"}, ` ${[where, bytesText(b.bytes), layout].filter((t) => t).join(", ")}`));
  };
  const measured = wasMeasured(step), other = measured && step.alternative > 0;
  return [
    h("h3", {}, `Step ${i}` + (step.critical ? ", ★ on the critical path" : "")),
    h("dl", {},
      ...fact("kernel", shown(other ? step.alternatives[step.alternative - 1] : step.kernel)),
      ...fact("first choice", other ? shown(step.kernel) : ""),
      ...fact("or, by a guard", shown(step.alternatives.join(", "))),
      ...fact("device", shown(step.device)),
      ...fact("flops", countText(step.flops, "FLOP")),
      ...fact("bytes", bytesText(step.bytes)),
      ...fact("estimate", secondsText(step.estimated_seconds)),
      ...fact("measured", measured ? `${secondsText(step.measured_seconds)}, ${percentText(step.share)} of all steps` : ""),
      ...fact("measured / estimate", measured && step.estimated_seconds > 0
          ? factorText(step.measured_seconds / step.estimated_seconds) : ""),
      ...fact("rate", seconds > 0 ? `${countText(step.flops / seconds, "FLOP/s")}, ${countText(step.bytes / seconds, "B/s")}` : ""),
      ...fact("share of the roofline", seconds > 0 && step.roofline_seconds > 0
          ? percentText(step.roofline_seconds / seconds) : ""),
      ...fact("workspace", step.workspace_bytes ? bytesText(step.workspace_bytes) : "")),
    h("h4", {}, "Reads"), h("ul", {class: "plain"}, ...step.reads.map((b, at) => buffer(b, at, step.layouts))),
    h("h4", {}, "Writes"), h("ul", {class: "plain"}, ...step.writes.map((b, at) => buffer(b, at, []))),
  ];
}

function sourceEntry(index) {
  const source = seg.sources[index];
  const origin = seg.nodes.find((n) => n.first === 0 && n.sources[0] === index);
  const text = `${source.op}${source.name ? " " + shown(source.name, 60) : ""}`;
  return h("li", {}, origin ? h("button", {class: "link", click: () => selectNode(origin.id)}, text) : text,
           h("span", {class: "note"}, " ", shown(positionOf(source), 120)));
}

function nodeDetails(n) {
  const last = n.last < seg.lastStage;
  const reasons = n.reasons.map((i) => seg.reasons[i]);
  const fired = reasons.filter((r) => r.fired), refused = reasons.filter((r) => !r.fired);
  const buffers = seg.buffers.filter((b) => b.node === n.id);
  const parts = [
    h("h2", {}, shown(n.op, 60)),
    h("code", {class: "block", dir: "auto"}, shown(n.text, 2000)),
    h("dl", {},
      ...fact("name", shown(n.name, 400)),
      ...fact("kind", n.kind),
      ...fact("type", shown(n.type, 400)),
      ...fact("result", shown(n.outputs.join(", "), 200)),
      ...fact("device", shown(n.device)),
      ...fact("bytes", n.bytes ? bytesText(n.bytes) : ""),
      ...fact("lives", lifeText(n)),
      ...fact("made by", n.first > 0 ? seg.stages[n.first].name : ""),
      ...fact("gone in", last ? seg.stages[n.last + 1].name : ""),
      ...fact("became", last ? nodeLinks(n.became) || "nothing: it was not needed" : ""),
      ...fact("reads", nodeLinks(operandsOf(n.id, Math.min(Math.max(state.stage, n.first), n.last)))),
      ...fact("read by", nodeLinks(readersOf(n.id, Math.min(Math.max(state.stage, n.first), n.last)))),
      ...fact("scope", n.scope >= 0 ? scopeText(n.scope) : ""),
      ...buffers.flatMap((b) => fact("buffer", `${b.kind}${b.kind === "arena" ? "+" + b.offset : ""}, ${bytesText(b.bytes)}, steps ${b.first} to ${b.last}`))),
    h("div", {class: "buttons"},
      h("button", {click: () => showNear(n.id), title: "n; again for one step more"}, "Neighbourhood"),
      h("button", {click: () => pathFromHere(n.id), title: "p, here and at the other end"},
        state.from >= 0 && state.from !== n.id ? "Path to here" : "Path from here"),
      state.reach ? h("button", {click: () => change({reach: null}), title: "Escape"}, "Show all") : null),
    ...n.steps.flatMap(stepFacts),
  ];
  if (n.sources.length) {
    parts.push(h("h3", {}, "Written as"), h("ul", {class: "plain"}, ...n.sources.slice(0, 60).map(sourceEntry)));
    if (n.sources.length > 60) parts.push(h("p", {class: "note"}, `and ${n.sources.length - 60} more`));
  }
  const about = (title, list) => list.length && parts.push(h("h3", {}, title),
      ...rulesIn(list).flatMap((rule) => [ruleHeading(rule), reasonList(list.filter((r) => r.rule === rule))]));
  about("Rules that touched it", fired);
  about("Refused", refused);
  if (n.body >= 0) {
    parts.push(h("h3", {}, "Body"), h("pre", {dir: "auto"}, seg.bodies[n.body].text.slice(0, 20000)));
  }
  return parts;
}

function scopeText(scope) {
  const names = [];
  for (let s = scope; s >= 0; s = seg.scopes[s].parent) names.unshift(shown(seg.scopes[s].name, 60));
  return names.join(" / ");
}

function groupDetails(g) {
  return [
    h("h2", {}, groupTitle(g)),
    h("dl", {}, ...fact("kind", g.kind), ...fact("nodes", g.count.toLocaleString("en")),
      ...fact("alike blocks", g.times || ""),
      ...fact("lives", lifeText(g))),
    h("div", {class: "buttons"}, h("button", {click: () => toggleGroup(g.id)}, isOpen(g.id) ? "Close" : "Open")),
  ];
}

// Where the time goes, most first: of many steps those that do the same, as the layers of
// a model, together.
function costliest(steps, count) {
  const sums = new Map();
  for (const step of steps) {
    const n = seg.nodes[step.node], what = n ? titleOf(n) : step.kind;
    const key = steps.length > count ? [what, step.kernel, step.device].join("\n") : step.id;
    const sum = sums.get(key) ?? {step, what, times: 0, seconds: 0};
    ++sum.times;
    sum.seconds += stepSeconds(step);
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b.seconds - a.seconds).slice(0, count);
}

function costEntry({step, what, times, seconds}) {
  const link = step.node < 0 ? shown(step.kernel) : times === 1 ? nodeLink(step.node) : linkTo(step.node, shown(what, 60));
  const which = times === 1 ? `step ${step.id}` : `×${times.toLocaleString("en")}`;
  const share = percentText(seg.seconds > 0 ? seconds / seg.seconds : 0);
  return h("li", {}, link, h("span", {class: "note"}, ` ${which}, ${shown(step.kernel, 40)}, ${secondsText(seconds)}, ${share}`));
}

function wholeDetails() {
  const steps = seg.steps;
  const devices = (doc.devices ?? []).map((d) =>
      `${d.device}: ${shown(d.name, 80)}, ${countText(d.f32_flops ?? 0, "FLOP/s")} (f32), ${countText(d.f64_flops ?? 0, "FLOP/s")} (f64), ${countText(d.memory_bandwidth ?? 0, "B/s")}`);
  const outputs = seg.nodes.filter((n) => n.outputs.length && n.last === seg.lastStage);
  const costs = costliest(steps, 10);
  return [
    h("h2", {}, shown(doc.graph, 80) || "Graph"),
    h("p", {class: "note"}, "Select a node for everything about it."),
    h("dl", {},
      ...fact("results", nodeLinks(outputs.map((n) => n.id))),
      ...fact("steps", steps.length || ""),
      ...fact("memory", seg.memory.length ? peakText() : ""),
      ...fact("critical path", seg.critical_path.length ? `${plural(seg.critical_path.length, "step")}, ${secondsText(seg.critical_seconds)}` : ""),
      ...fact("measured", measuredText()),
      ...fact("unattributed", doc.measured_seconds ? `${secondsText(doc.unattributed_seconds ?? 0)}, ${percentText((doc.unattributed_seconds ?? 0) / doc.measured_seconds)}` : ""),
      ...fact("planned later", shown(seg.planned_later.join(", "), 300)),
      ...devices.flatMap((d) => fact("device", d))),
    ...(costs.length ? [h("h3", {}, `Where the time goes (${seg.measured ? "measured" : "estimated"})`),
      h("ol", {class: "plain"}, ...costs.map(costEntry))] : []),
  ];
}

function drawPanel() {
  for (const tab of ["details", "rules"]) {
    const on = state.tab === tab;
    byId(tab).hidden = !on;
    byId(`tab-${tab}`).setAttribute("aria-selected", on);
    byId(`tab-${tab}`).tabIndex = on ? 0 : -1;
  }
  if (state.tab === "rules") return drawRules();
  const parts = state.node >= 0 ? nodeDetails(seg.nodes[state.node])
      : state.group >= 0 ? groupDetails(seg.groups[state.group]) : wholeDetails();
  byId("details").replaceChildren(...parts.filter((p) => p));
}

// Tabs as the ARIA practices have them: arrows go from one to the next.
function setUpTabs(names, choose) {
  const tabs = names.map((name) => byId(`tab-${name}`));
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(names[i]));
    tab.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!step) return;
      event.stopPropagation();
      const next = (i + step + names.length) % names.length;
      choose(names[next]);
      tabs[next].focus();
    });
  });
}
