// SPDX-License-Identifier: Apache-2.0
//
// Where things stand when groups are open or closed. The file has layouts of every
// group, with the groups in it as they begin. Opening one makes room: along each axis
// a map that never goes down stretches what the group covers, so that everything right
// of it and below it moves and the order stays; closing one takes room back where
// nothing else stands.

const MAX_DRAWN = 3000;
const LARGE_VOID = 130, SMALL_VOID = 44;
const ROOM = 8;  // That boxes keep on each side, whatever is closed beside them.

const isOpen = (id) =>
    id === 0 || (seg.groups[id].open ? !state.closed.has(id) : state.opened.has(id));

// A map of coordinates: `spans` are [from, to, wanted size], in which nothing shrinks
// that another span covers which does not.
function axisMap(spans, end) {
  if (spans.every(([a, b, want]) => Math.abs(b - a - want) < 0.01)) return (v) => v;
  const at = [...new Set([0, end, ...spans.flatMap(([a, b]) => [a, b])])].sort((a, b) => a - b);
  const to = [at[0]], index = new Map(at.map((v, i) => [v, i]));
  const endsAt = at.map(() => []);
  for (const span of spans) endsAt[index.get(span[1])].push(span);
  for (let i = 1; i < at.length; ++i) {
    let scale = 0, covered = false;
    for (const [a, b, want] of spans) {
      if (a >= at[i] || b <= at[i - 1]) continue;
      covered = true;
      scale = Math.max(scale, Math.min(1, want / (b - a)));
    }
    to[i] = to[i - 1] + (at[i] - at[i - 1]) * (covered ? scale : 1);
    for (const [a, , want] of endsAt[i]) to[i] = Math.max(to[i], to[index.get(a)] + want);
  }
  return (v) => {
    if (v <= at[0]) return to[0] + v - at[0];
    let low = 0, high = at.length - 1;
    if (v >= at[high]) return to[high] + v - at[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at[middle] <= v) low = middle; else high = middle;
    }
    return to[low] + (to[high] - to[low]) * (v - at[low]) / (at[high] - at[low]);
  };
}

// Stages that are looked at alone, the first and the last, have layouts of their own; from
// stage to stage the one of all stages keeps nodes in their places.
const layoutOf = (stage, changes) =>
    (!changes && seg.layouts.find((layout) => layout.stage === stage)) || seg.layouts[0];

// Where nothing of `spans` stands for more than two rows, as spans of one.
function voidsBetween(spans, end) {
  const voids = [];
  let at = 0;
  for (const [a, b] of [...spans].sort((p, q) => p[0] - q[0]).concat([[end, end]])) {
    if (a - at > LARGE_VOID) voids.push([at, a, SMALL_VOID]);
    at = Math.max(at, b);
  }
  return voids;
}

const livesIn = (stages) => (item) => {
  const thing = (item.type === NODE ? seg.nodes : seg.groups)[item.index];
  return stages.some((stage) => alive(thing, stage));
};

// The inside of a group and of all that is open in it, into `insides`. What does not live
// has no room but what is left between the others.
function placeInside(id, layout, lives, insides) {
  const g = layout.insides[id], sizes = g.items.map((item) => {
    if (item.type !== GROUP) return [item.width, item.height];
    const {closed_width, closed_height} = seg.groups[item.index];
    if (!isOpen(item.index)) return [closed_width, closed_height];
    const inside = placeInside(item.index, layout, lives, insides);
    return [inside.width, inside.height];
  });
  const boxes = g.items.map((item, i) => [item, sizes[i]]).filter(([item]) => item.type <= GROUP && lives(item));
  const span = (at, now, wanted) => [at - ROOM, at + now + ROOM, wanted + 2 * ROOM];
  const fx = axisMap(boxes.map(([item, size]) => span(item.x, item.width, size[0])), g.width);
  const rows = boxes.map(([item, size]) => span(item.y, item.height, size[1]));
  const fy = axisMap([...rows, ...voidsBetween(rows, g.height)], g.height);
  const items = g.items.map(({type, index, x, y, width: w, height: h}, i) => {
    const [width, height] = sizes[i];
    return {
      type, index, width, height,
      x: (fx(x - ROOM) + fx(x + w + ROOM) - width) / 2,
      y: (fy(y - ROOM) + fy(y + h + ROOM) - height) / 2,
    };
  });
  const inside = {width: fx(g.width), height: fy(g.height), items, fx, fy, layout: g};
  insides.set(id, inside);
  return inside;
}

// The points of a route, which begins and ends at the edges of its boxes.
function routePoints(inside, route) {
  const xs = route.x, ys = route.y, points = xs.map((x, i) => [inside.fx(x), inside.fy(ys[i])]);
  if (points.length < 2) return points;
  const attach = (at, itemIndex, x, bottom) => {
    const {type, x: left, width} = inside.layout.items[itemIndex], item = inside.items[itemIndex];
    if (type > GROUP) return;
    let share = width > 0 ? (x - left) / width : 0.5;
    // Lines of a large group do not go to the corners of a small box.
    if (type === GROUP && item.width < width / 2) share = 0.2 + 0.6 * share;
    points[at][0] = item.x + share * item.width;
    points[at][1] = bottom ? item.y + item.height : item.y;
  };
  attach(0, route.from, xs[0], true);
  attach(points.length - 1, route.to, xs[xs.length - 1], false);
  return points;
}

// Everything that is drawn of a stage, with its place: open groups from outside in.
function placeAll(stage, changes) {
  const layout = layoutOf(stage, changes), insides = new Map(), stages = changes ? [stage - 1, stage] : [stage];
  placeInside(0, layout, livesIn(stages), insides);
  const groups = [], nodeAt = new Map(), groupAt = new Map();
  const open = [{id: 0, x: 0, y: 0}];
  for (let i = 0; i < open.length; ++i) {
    const {id, x, y} = open[i], inside = insides.get(id);
    groups.push({g: seg.groups[id], inside, x, y});
    for (const item of inside.items) {
      const at = {x: x + item.x, y: y + item.y, width: item.width, height: item.height};
      if (item.type === NODE) nodeAt.set(item.index, at);
      if (item.type !== GROUP) continue;
      groupAt.set(item.index, at);
      if (isOpen(item.index)) open.push({id: item.index, x: at.x, y: at.y});
    }
  }
  return {stage, layout, insides, groups, nodeAt, groupAt, ...boundsOf(stages, nodeAt, groupAt)};
}

// Bounds of what there is to see, and what stands first.
function boundsOf(stages, nodeAt, groupAt) {
  const boxes = [];
  const add = (thing, at) => { if (stages.some((stage) => alive(thing, stage))) boxes.push(at); };
  for (const [id, at] of nodeAt) add(seg.nodes[id], at);
  for (const [id, at] of groupAt) add(seg.groups[id], at);
  const bounds = boundsOfBoxes(boxes) ?? {x: 0, y: 0, width: 1, height: 1};
  return {bounds, first: boxes.reduce((a, b) => (b.y < a.y ? b : a), boxes[0] ?? bounds)};
}

// ---- opening and closing

function isShown(id) {
  for (; id > 0; id = seg.groups[id].parent) if (!isOpen(seg.groups[id].parent)) return false;
  return true;
}
function countDrawn() {
  let sum = 0;
  for (const g of seg.groups) if (isOpen(g.id) && isShown(g.id)) sum += g.drawn;
  return sum;
}

function setOpen(ids, open) {
  const opened = new Set(state.opened), closed = new Set(state.closed);
  for (const id of ids) {
    const [natural, other] = seg.groups[id].open ? [closed, opened] : [opened, closed];
    if (Boolean(seg.groups[id].open) === open) natural.delete(id); else natural.add(id);
    other.delete(id);
  }
  const before = [state.opened, state.closed];
  [state.opened, state.closed] = [opened, closed];
  if (open && countDrawn() > MAX_DRAWN) {
    [state.opened, state.closed] = before;
    return false;
  }
  [state.opened, state.closed] = before;
  change({opened, closed});
  return true;
}

// Opens a group; when that is too much to draw, all others but those around it close.
function openGroup(id) {
  const around = [];
  for (let at = id; at > 0; at = seg.groups[at].parent) around.push(at);
  if (around.every(isOpen)) return true;
  if (setOpen(around, true)) return true;
  setOpen(seg.groups.filter((g) => g.id && isOpen(g.id) && !around.includes(g.id)).map((g) => g.id), false);
  const fits = setOpen(around, true);
  say(fits ? "Other groups were closed: at most 3,000 things are drawn"
           : `${groupTitle(seg.groups[id])} holds too much to be drawn`);
  return fits;
}
function toggleGroup(id) {
  if (isOpen(id)) setOpen([id], false); else openGroup(id);
  say(`${groupTitle(seg.groups[id])} is ${isOpen(id) ? "open" : "closed"}`);
}
function openAround(nodeId) {
  const g = seg.groupOf[nodeId];
  if (g > 0) openGroup(g);
}
const allGroups = () => seg.groups.filter((g) => g.id).map((g) => g.id);
// Both make another picture.
function closeAll() {
  setOpen(allGroups(), false);
  beginAnew();
}
// From outside in, while it fits.
function openAll() {
  let sum = seg.groups[0].drawn;
  const ids = [], open = new Set([0]);
  for (const g of seg.groups) {
    if (!g.id || !open.has(g.parent) || sum + g.drawn > MAX_DRAWN) continue;
    sum += g.drawn;
    open.add(g.id);
    ids.push(g.id);
  }
  setOpen(allGroups(), false);
  setOpen(ids, true);
  beginAnew();
}
