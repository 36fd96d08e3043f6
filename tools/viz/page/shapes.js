// SPDX-License-Identifier: Apache-2.0
//
// How things look in SVG: boxes of nodes, closed and open groups, lines, and what screen
// readers say of them. A mark of what changed is a sign and a word, not only a colour.

function frameShape(scene, g, {x, y, width, height}) {
  return svg("g", {class: "group open", "data-group": g.id, id: `${scene.name}-g${g.id}`,
      role: "img", "aria-label": `${groupTitle(g)}, open group`},
      svg("rect", {class: "frame", x, y, width, height, rx: 8}),
      svg("rect", {class: "handle", x, y, width, height: 22, rx: 8}));
}

// Above the lines that come in through its upper edge.
function frameTitle(g, {x, y}) {
  return svg("g", {class: "group heading", "data-group": g.id, "aria-hidden": "true"},
      svg("text", {class: "small", x: x + 8, y: y + 15}, `▾ ${groupTitle(g)}`));
}

function closedShape(scene, g, {x, y, width, height}) {
  const title = groupTitle(g), middle = x + width / 2;
  return svg("g", {class: "group", "data-group": g.id, id: `${scene.name}-g${g.id}`, role: "img",
      "aria-label": `${title}, closed group of ${plural(scene.countIn(g.id), "node")}`},
      g.kind === "repeat" ? svg("rect", {class: "closed", x: x + 4, y: y + 4, width, height, rx: 6}) : null,
      svg("rect", {class: "closed", x, y, width, height, rx: 6}),
      svg("text", {class: "title", x: middle, y: y + 16}, `▸ ${title}`),
      svg("text", {class: "small middle", x: middle, y: y + 30}, plural(scene.countIn(g.id), "node")));
}

function boxShape(scene, n, {x, y, width, height}, mark) {
  const mode = colorMode(), label = labelOf(n, scene.stage), value = mode.textOf(n);
  if (value && label.detail) label.detail = shown(value, 40);
  else if (value) label.subtitle = shown(value, 40);
  const middle = x + width / 2, leaf = n.kind === "input" || n.kind === "constant";
  const lines = [label.title, label.subtitle, label.detail].filter((t) => t);
  let top = y + (height - 14 * lines.length) / 2 + 10.5;
  const inPlan = seg.stages[scene.stage].kind === "plan";
  const star = inPlan && seg.critical_path.length > 1 &&
      n.steps.some((i) => seg.steps[i].critical) ? "★ " : "";
  const classes = ["node", mark, n.outputs.length ? "out" : "", star ? "critical" : ""].filter((c) => c);
  const signs = {made: "+ made", removed: "− removed", merged: "⋈ merged"};
  const element = svg("g", {class: classes.join(" "), "data-node": n.id, id: `${scene.name}-n${n.id}`,
      role: "img", "aria-label": describe(n, mark)},
      svg("rect", {class: `box ${mode.classOf(n).css}`, x, y, width, height, rx: leaf ? 12 : 5}));
  lines.forEach((text, i) => {
    element.append(svg("text", {class: i ? "small middle" : "title", x: middle, y: top},
                       i === 0 ? star + text : text));
    top += 14;
  });
  const share = shareOf(n, scene.stage);
  if (share > SHOWN_SHARE) {
    element.append(svg("rect", {class: "bar", x: x + 4, y: y + height - 3.5, height: 2.5, rx: 1,
        width: Math.max(2, share * (width - 8))}));
  }
  if (mark) {
    // No further to the left than there is room between boxes (kBoxGap); what lives has
    // arrows at its upper edge, which are to be seen.
    const tag = signs[mark], wide = 13 + 6.2 * tag.length, from = x - (mark === "made" ? 18 : 8);
    element.append(svg("rect", {class: "tag", x: from, y: y - 11, width: wide, height: 14, rx: 7}),
                   svg("text", {class: "tag-text", x: from + 6, y: y - 0.5}, tag));
  }
  return element;
}

// Of the time of the segment, as the bar at the bottom of a box tells it.
const SHOWN_SHARE = 0.005;
function shareOf(n, stage) {
  const told = seg.stages[stage].kind === "plan" && seg.steps.length > 1 && seg.seconds > 0;
  return told ? secondsOf(n) / seg.seconds : 0;
}

// By the logarithm: a kilobyte is thin, a gigabyte a band.
function transferWidth(edges) {
  const bytes = edges.reduce((most, e) => Math.max(most, e.bytes), 0);
  return Math.min(7, Math.max(1.5, (Math.log10(bytes + 1) - 1) * 0.8)) + "px";
}

function boundsOfBoxes(boxes) {
  if (!boxes.length) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const {x, y, width, height} of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return {x: left, y: top, width: right - left, height: bottom - top};
}
const boundsOfPoints = (points) => boundsOfBoxes(points.map(([x, y]) => ({x, y, width: 0, height: 0})));

// Straight where points are above or beside each other, else a curve that begins and
// ends downwards, as in tools/viz/svg.cc.
function pathData(points) {
  const num = (v) => Math.round(v * 10) / 10;
  let d = `M${num(points[0][0])} ${num(points[0][1])}`;
  for (let i = 1; i < points.length; ++i) {
    const [ax, ay] = points[i - 1].map(num), [bx, by] = points[i].map(num);
    if (Math.abs(ax - bx) < 0.6 || Math.abs(ay - by) < 0.6) d += `L${bx} ${by}`;
    else d += `C${ax} ${num((ay + by) / 2)} ${bx} ${num((ay + by) / 2)} ${bx} ${by}`;
  }
  return d;
}

function describe(n, mark) {
  const parts = [nodeName(n), n.kind, shown(n.type, 60)];
  if (n.device) parts.push(`on ${shown(n.device, 20)}`);
  if (n.steps.length) parts.push(secondsText(secondsOf(n)));
  if (n.outputs.length) parts.push(`result ${shown(n.outputs.join(", "), 40)}`);
  if (mark) parts.push({made: "made in this stage", removed: "removed in this stage",
                        merged: "merged in this stage"}[mark]);
  return parts.join(", ");
}
