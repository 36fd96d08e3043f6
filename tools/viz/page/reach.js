// SPDX-License-Identifier: Apache-2.0
//
// The neighbourhood of a node, and the paths between two: what is out of reach is
// dimmed.

function spread(start, stage, nextOf, most = Infinity) {
  const seen = new Map(start.map((id) => [id, 0])), queue = [...start];
  for (let i = 0; i < queue.length; ++i) {
    const steps = seen.get(queue[i]);
    if (steps >= most) continue;
    for (const next of nextOf(queue[i], stage)) {
      if (!seen.has(next)) seen.set(next, steps + 1), queue.push(next);
    }
  }
  return seen;
}
const bothOf = (id, stage) => [...operandsOf(id, stage), ...readersOf(id, stage)];

// All nodes on ways from one to the other along the data, in either direction; when
// there are none, a shortest way that minds no direction.
function nodesOnPath(from, to, stage) {
  const a = counterparts(from, stage), b = counterparts(to, stage);
  for (const [first, second] of [[a, b], [b, a]]) {
    const below = spread(first, stage, readersOf);
    if (!second.some((id) => below.has(id))) continue;
    const above = spread(second, stage, operandsOf);
    return {nodes: new Set([...below.keys()].filter((id) => above.has(id))), along: true};
  }
  const distance = spread(b, stage, bothOf), nodes = new Set();
  let at = a.find((id) => distance.has(id));
  while (at !== undefined) {
    nodes.add(at);
    const steps = distance.get(at);
    at = steps === 0 ? undefined : bothOf(at, stage).find((id) => distance.get(id) === steps - 1);
  }
  return {nodes, along: false};
}

// null: everything is.
function reachedNodes(stage) {
  const reach = state.reach;
  if (!reach) return null;
  if (reach.kind === "near") {
    const start = counterparts(reach.node, stage);
    return new Set(spread(start, stage, bothOf, reach.steps).keys());
  }
  return nodesOnPath(reach.from, reach.to, stage).nodes;
}

function showNear(id) {
  if (id < 0) return say("Select a node first");
  const again = state.reach?.kind === "near" && state.reach.node === id;
  const steps = again ? Math.min(20, state.reach.steps + 1) : 1;
  change({reach: {kind: "near", node: id, steps}});
  say(`${plural(reachedNodes(state.stage).size, "node")} within ${plural(steps, "step")}; Escape shows all`);
}

function showPath(from, to) {
  change({reach: {kind: "path", from, to}, from: -1});
  const {nodes, along} = nodesOnPath(from, to, state.stage);
  say(nodes.size === 0 ? "No path between them"
      : along ? `${plural(nodes.size, "node")} on the paths between them`
      : `No path along the data; the shortest way has ${plural(nodes.size, "node")}`);
}

function pathFromHere(id) {
  if (id < 0) return say("Select a node first");
  if (state.from >= 0 && state.from !== id) return showPath(state.from, id);
  change({from: id});
  say("Select the other end and press p");
}
