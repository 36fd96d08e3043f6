// SPDX-License-Identifier: Apache-2.0
//
// Draws one stage into an SVG: frames of open groups, below lines, below boxes. Panes
// side by side are two scenes with one camera. How they look: shapes.js.

const GROUP_HEADER = 24, GROUP_PADDING = 12;  // As in tools/viz/picture.h.

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
    this.counts = null;
    this.layers = {frames: svg("g"), lines: svg("g"), boxes: svg("g")};
    this.frames = this.framesAround(places);
    for (const {g, inside, x, y} of places.groups) {
      const frame = this.frames.get(g.id);
      if (g.id > 0 && frame) {
        this.add("frames", `g${g.id}`, frame, () => frameShape(this, g, frame));
        this.add("boxes", `t${g.id}`, {...frame, height: GROUP_HEADER}, () => frameTitle(g, frame));
      }
      for (const route of this.routesIn(inside)) this.line(inside, route, x, y);
      for (const item of inside.items) {
        const at = {x: x + item.x, y: y + item.y, width: item.width, height: item.height};
        if (item.type === NODE) {
          const n = seg.nodes[item.index], mark = this.markOf(n);
          if (mark !== null) this.add("boxes", `n${n.id}`, at, () => boxShape(this, n, at, mark));
        } else if (item.type === GROUP && !isOpen(item.index)) {
          const child = seg.groups[item.index];
          if (this.showsGroup(child)) this.add("boxes", `g${child.id}`, at, () => closedShape(this, child, at));
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

  // Nodes of a group that live in the stage.
  countIn(id) {
    if (!this.counts) {
      this.counts = new Int32Array(seg.groups.length);
      for (const n of seg.nodes) {
        if (!alive(n, this.stage)) continue;
        for (let g = seg.groupOf[n.id]; g >= 0; g = seg.groups[g].parent) ++this.counts[g];
      }
    }
    return this.counts[id];
  }
  showsRoute(route) {
    return route.edges.map((e) => seg.edges[e])
        .some((e) => alive(e, this.stage) || (this.changes && e.last === this.stage - 1));
  }

  // Those that are seen. Lines that went to other places in a group are one where it is closed.
  routesIn(inside) {
    const is = (at, open) => inside.items[at].type === GROUP && isOpen(inside.items[at].index) === open;
    const routes = new Map();
    for (const route of inside.layout.routes) {
      if (!this.showsRoute(route)) continue;
      const ends = [route.from, route.to], joins = ends.some((at) => is(at, false)) && !ends.some((at) => is(at, true));
      const key = joins ? ends.join() : routes.size, before = routes.get(key);
      const {from, to, x, y, edges} = before ?? route;
      routes.set(key, before ? {from, to, x, y, edges: edges.concat(route.edges)} : route);
    }
    return routes.values();
  }

  line(inside, route, x, y) {
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
