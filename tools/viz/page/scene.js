// SPDX-License-Identifier: Apache-2.0
//
// Draws one stage into an SVG: frames of open groups, below lines, below boxes. Panes
// side by side are two scenes with one camera. A mark of what changed is a sign and a
// word, not only a colour.

const GROUP_HEADER = 26, GROUP_PADDING = 12;  // As in tools/viz/picture.h.

class Scene {
  constructor(name) {
    this.world = svg("g");
    const arrow = (id, css, size) => svg("marker", {id, viewBox: "0 0 8 8", refX: 7, refY: 4,
        markerWidth: size, markerHeight: size, markerUnits: "userSpaceOnUse", orient: "auto"},
        svg("path", {class: css, d: "M0 0L8 4L0 8z"}));
    this.svg = svg("svg", {class: "scene", tabindex: 0, role: "application", id: `scene-${name}`,
        "aria-roledescription": "graph"}, svg("defs", {}, arrow(`arrow-${name}`, "arrow", 6),
            arrow(`transfer-arrow-${name}`, "arrow transfer", 13)), this.world);
    this.caption = h("div", {class: "caption"});
    this.element = h("div", {class: "pane"}, this.svg, this.caption);
    this.name = name;
    this.pointed = -1;
    this.things = new Map();  // By key: "n5", "g2", "l0".
    this.svg.addEventListener("click", (event) => this.click(event));
    this.svg.addEventListener("pointerover", (event) => this.point(event.target.closest("[data-node]")?.dataset.node));
    this.svg.addEventListener("pointerleave", () => this.point(undefined));
    this.svg.addEventListener("dblclick", (event) => {
      const id = event.target.closest("[data-group]")?.dataset.group;
      if (id !== undefined) toggleGroup(Number(id));
    });
  }

  draw(places, stage, changes) {
    this.places = places;
    this.stage = stage;
    this.changes = changes && stage > 0;
    this.things.clear();
    this.layers = {frames: svg("g"), lines: svg("g"), boxes: svg("g")};
    this.frames = this.framesAround(places);
    for (const {g, inside, x, y} of places.groups) {
      const frame = this.frames.get(g.id);
      if (g.id > 0 && frame) this.add("frames", `g${g.id}`, frame, () => this.frame(g, frame));
      for (const route of inside.layout.routes) this.line(inside, route, x, y);
      for (const item of inside.items) {
        const at = {x: x + item.x, y: y + item.y, width: item.width, height: item.height};
        if (item.type === NODE) {
          const n = seg.nodes[item.index], mark = this.markOf(n);
          if (mark !== null) this.add("boxes", `n${n.id}`, at, () => this.box(n, at, mark));
        } else if (item.type === GROUP && !isOpen(item.index)) {
          const child = seg.groups[item.index];
          if (this.showsGroup(child)) this.add("boxes", `g${child.id}`, at, () => this.closed(child, at));
        }
      }
    }
    this.world.replaceChildren(...Object.values(this.layers));
    const name = seg.stages[stage].name;
    this.caption.textContent = `${name}: ${plural(seg.nodes.filter((n) => alive(n, stage)).length, "node")}`;
    this.svg.setAttribute("aria-label", `Graph, stage ${name}. Arrow keys walk along it, ? lists the keys.`);
    this.select();
  }

  // Frames of open groups: around what lives in the stage, boxes and the ways of lines beside
  // them, from inside out. So they are no larger than what is seen in them, though the layout
  // may have room for all stages.
  framesAround({groups}) {
    const frames = new Map();
    for (let i = groups.length; i-- > 0;) {
      const {g, inside, x, y} = groups[i];
      const boxes = [];
      for (const item of inside.items) {
        if (item.type === NODE ? this.markOf(seg.nodes[item.index]) === null
            : item.type !== GROUP || !this.showsGroup(seg.groups[item.index])) continue;
        const open = item.type === GROUP && isOpen(item.index);
        boxes.push(open ? frames.get(item.index) : {x: x + item.x, y: y + item.y, width: item.width, height: item.height});
      }
      const around = boundsOfBoxes(boxes.filter((box) => box));
      if (!around) continue;
      const ways = inside.layout.routes.filter((route) => this.showsRoute(route))
          .flatMap((route) => route.x.map((at) => ({x: x + inside.fx(at), y: around.y, width: 0, height: 0})));
      Object.assign(around, boundsOfBoxes([around, ...ways]));
      const left = around.x - GROUP_PADDING, upper = Math.max(y, around.y - GROUP_HEADER);
      frames.set(g.id, {x: left, y: upper, width: around.width + 2 * GROUP_PADDING,
                        height: around.y + around.height + GROUP_PADDING - upper});
    }
    return frames;
  }

  // ---- what is in the window, and only that, is made and laid out

  add(layer, key, at, make, edges = null) {
    this.things.set(key, {layer: this.layers[layer], key, at, make, edges, element: null, isIn: false});
  }

  look(left, top, right, bottom) {
    for (const thing of this.things.values()) {
      const {x, y, width, height} = thing.at;
      const isIn = x <= right && y <= bottom && x + width >= left && y + height >= top;
      if (isIn === thing.isIn) continue;
      thing.isIn = isIn;
      if (!isIn) {
        thing.element.remove();
        continue;
      }
      thing.element ??= thing.make();
      this.mark(thing);
      thing.layer.append(thing.element);
    }
  }

  // ---- what there is

  // "" of what lives, null of what does not and is not going either.
  markOf(n) {
    if (alive(n, this.stage)) return this.changes && n.first === this.stage ? "made" : "";
    return !this.isGoing(n) ? null : this.mergeOf(n) ? "merged" : "removed";
  }
  isGoing(n) { return this.changes && n.last === this.stage - 1; }
  // What several nodes became together.
  mergeOf(n) {
    return n.became.find((made) => this.mergedInto().get(made) > 1);
  }
  mergedInto() {
    if (this.merges?.stage === this.stage && this.merges.seg === seg) return this.merges.count;
    const count = new Map();
    for (const n of seg.nodes) {
      if (n.last !== this.stage - 1) continue;
      for (const made of n.became) count.set(made, (count.get(made) ?? 0) + 1);
    }
    this.merges = {stage: this.stage, seg, count};
    return count;
  }
  showsGroup(g) { return g.first <= this.stage && this.stage <= g.last + (this.changes ? 1 : 0); }

  showsRoute(route) {
    return route.edges.map((e) => seg.edges[e])
        .some((e) => alive(e, this.stage) || (this.changes && e.last === this.stage - 1));
  }

  frame(g, {x, y, width, height}) {
    return svg("g", {class: "group open", "data-group": g.id, id: `${this.name}-g${g.id}`,
        role: "img", "aria-label": `${groupTitle(g)}, open group`},
        svg("rect", {class: "frame", x, y, width, height, rx: 8}),
        svg("rect", {class: "handle", x, y, width, height: 22, rx: 8}),
        svg("text", {class: "small", x: x + 8, y: y + 15}, `▾ ${groupTitle(g)}`));
  }

  closed(g, {x, y, width, height}) {
    const title = groupTitle(g), middle = x + width / 2;
    return svg("g", {class: "group", "data-group": g.id, id: `${this.name}-g${g.id}`, role: "img",
        "aria-label": `${title}, closed group of ${plural(g.count, "node")}`},
        g.kind === "repeat" ? svg("rect", {class: "closed", x: x + 4, y: y + 4, width, height, rx: 6}) : null,
        svg("rect", {class: "closed", x, y, width, height, rx: 6}),
        svg("text", {class: "title", x: middle, y: y + 16}, `▸ ${title}`),
        svg("text", {class: "small middle", x: middle, y: y + 30}, plural(g.count, "node")));
  }

  box(n, {x, y, width, height}, mark) {
    const mode = colorMode(), label = labelOf(n, this.stage), value = mode.textOf(n);
    if (value && label.detail) label.detail = shown(value, 40);
    else if (value) label.subtitle = shown(value, 40);
    const middle = x + width / 2, leaf = n.kind === "input" || n.kind === "constant";
    const lines = [label.title, label.subtitle, label.detail].filter((t) => t);
    let top = y + (height - 14 * lines.length) / 2 + 10.5;
    const inPlan = seg.stages[this.stage].kind === "plan";
    const star = inPlan && seg.critical_path.length > 1 &&
        n.steps.some((i) => seg.steps[i].critical) ? "★ " : "";
    const classes = ["node", mark, n.outputs.length ? "out" : "", star ? "critical" : ""].filter((c) => c);
    const signs = {made: "+ made", removed: "− removed", merged: "⋈ merged"};
    const element = svg("g", {class: classes.join(" "), "data-node": n.id, id: `${this.name}-n${n.id}`,
        role: "img", "aria-label": describe(n, mark)},
        svg("rect", {class: `box ${mode.classOf(n).css}`, x, y, width, height, rx: leaf ? 12 : 5}));
    lines.forEach((text, i) => {
      element.append(svg("text", {class: i ? "small middle" : "title", x: middle, y: top},
                         i === 0 ? star + text : text));
      top += 14;
    });
    const share = inPlan && seg.steps.length > 1 && seg.seconds > 0 ? secondsOf(n) / seg.seconds : 0;
    if (share > 0.005) {
      element.append(svg("rect", {class: "bar", x: x + 4, y: y + height - 3.5, height: 2.5, rx: 1,
          width: Math.max(2, share * (width - 8))}));
    }
    if (mark) {
      // To the left of where lines come in.
      const tag = signs[mark], wide = 13 + 6.2 * tag.length, from = x - wide + 22;
      element.append(svg("rect", {class: "tag", x: from, y: y - 11, width: wide, height: 14, rx: 7}),
                     svg("text", {class: "tag-text", x: from + 6, y: y - 0.5}, tag));
    }
    return element;
  }

  line(inside, route, x, y) {
    if (!this.showsRoute(route)) return;
    const edges = route.edges.map((e) => seg.edges[e]), here = edges.some((e) => alive(e, this.stage));
    const points = routePoints(inside, route).map(([px, py]) => [px + x, py + y]);
    if (points.length < 2) return;
    const moves = (id) => seg.nodes[id].kind === "transfer";
    const transfer = edges.some((e) => moves(e.from) || moves(e.to)), to = inside.items[route.to];
    const made = here && this.changes && edges.every((e) => e.first === this.stage);
    const classes = ["line", transfer ? "transfer" : "", here ? "" : "going", made ? "new" : ""];
    const ends = here && (to.type === NODE || (to.type === GROUP && !isOpen(to.index)));
    this.path(points, edges, () => {
      const path = svg("path", {class: classes.filter((c) => c).join(" "), d: pathData(points)});
      if (transfer) path.style.strokeWidth = transferWidth(edges);
      if (ends) path.setAttribute("marker-end", `url(#${transfer ? "transfer-" : ""}arrow-${this.name})`);
      return path;
    });
    this.joinPorts(inside, route, edges, x, y, points);
  }

  path(points, edges, make) {
    this.add("lines", `l${this.things.size}`, boundsOfPoints(points), make, edges);
  }

  // A group that began closed has one line for what goes in at several ports.
  joinPorts(inside, route, edges, x, y, points) {
    const join = (itemIndex, portType, [px, py]) => {
      const item = inside.items[itemIndex];
      if (item.type !== GROUP || !isOpen(item.index) || seg.groups[item.index].open) return;
      const child = this.places.insides.get(item.index), wanted = new Set(edges.map((e) => e.from));
      for (const port of child.items) {
        if (port.type !== portType || !wanted.has(port.index)) continue;
        const at = [x + item.x + port.x, y + item.y + port.y];
        if (Math.abs(at[0] - px) < 1) continue;
        const ends = [[px, portType === PORT_IN ? py - 9 : py + 9], [at[0], py]];
        this.path(ends, edges.filter((e) => e.from === port.index), () => svg("path", {class: "line", d: pathData(ends)}));
      }
    };
    join(route.to, PORT_IN, points[points.length - 1]);
    join(route.from, PORT_OUT, points[0]);
  }

  click(event) {
    if (camera.dragged) return;
    const node = event.target.closest("[data-node]"), group = event.target.closest("[data-group]");
    if (node && event.shiftKey && state.node >= 0) showPath(state.node, Number(node.dataset.node));
    else if (node) selectNode(Number(node.dataset.node));
    else if (group && event.detail < 2) selectGroup(Number(group.dataset.group));
    else if (!group) change({node: -1, group: -1, reach: null});
  }

  // ---- the selection, what it is elsewhere, its lines, and what is out of reach

  select() {
    this.chosen = new Set(state.node >= 0 ? counterparts(state.node, this.stage) : []);
    this.marked = new Set([...this.chosen].map((id) => `n${id}`));
    if (state.node >= 0) this.marked.add(`n${state.node}`);  // Also one that is going.
    if (state.group >= 0) this.marked.add(`g${state.group}`);
    this.reached = reachedNodes(this.stage);
    for (const thing of this.things.values()) if (thing.element) this.mark(thing);
    const active = [...this.marked].find((key) => this.things.has(key));
    if (active) this.svg.setAttribute("aria-activedescendant", `${this.name}-${active}`);
    else this.svg.removeAttribute("aria-activedescendant");
  }

  // The node under the pointer: its lines stand out of a bundle, as those of the selection.
  point(id) {
    const pointed = id === undefined ? -1 : Number(id);
    if (pointed === this.pointed) return;
    this.pointed = pointed;
    for (const thing of this.things.values()) if (thing.isIn && thing.edges) this.mark(thing);
  }

  mark({key, layer, element, edges}) {
    const {chosen, reached, pointed} = this, toggle = (name, on) => element.classList.toggle(name, on);
    if (edges) {
      const wasNear = element.classList.contains("near");
      const near = edges.some((e) => chosen.has(e.from) || chosen.has(e.to) || e.from === pointed || e.to === pointed);
      toggle("near", near);
      if (near && !wasNear && element.parentNode) layer.append(element);  // Above the others.
      toggle("dim", reached !== null && !edges.some((e) => reached.has(e.from) && reached.has(e.to)));
    } else {
      toggle("selected", this.marked.has(key));
      toggle("dim", reached !== null && key[0] === "n" && !reached.has(Number(key.slice(1))));
    }
  }
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
