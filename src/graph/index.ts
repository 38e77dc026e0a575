/** Pure directed acyclic graphs: validation, order, and what is ready to start. Used for services and for tests. */

export interface GraphNode {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

export type GraphProblem =
  | { type: "unknown"; from: string; to: string; known: readonly string[] }
  | { type: "cycle"; path: readonly string[] }
  | { type: "duplicate"; id: string };

/** All problems of a graph, none if it is sound. A cycle is reported as its path, first node repeated at the end. */
export function validateGraph(nodes: readonly GraphNode[]): GraphProblem[] {
  const problems: GraphProblem[] = [];
  const byId = new Map<string, GraphNode>();
  for (const node of nodes) {
    if (byId.has(node.id)) problems.push({ type: "duplicate", id: node.id });
    byId.set(node.id, node);
  }
  for (const node of nodes) {
    for (const to of node.dependsOn) {
      if (!byId.has(to)) problems.push({ type: "unknown", from: node.id, to, known: [...byId.keys()] });
    }
  }
  const cycle = findCycle(byId);
  if (cycle) problems.push({ type: "cycle", path: cycle });
  return problems;
}

function findCycle(byId: ReadonlyMap<string, GraphNode>): string[] | undefined {
  const done = new Set<string>();
  for (const start of byId.keys()) {
    const path: string[] = [];
    const pending: { id: string; leave: boolean }[] = [{ id: start, leave: false }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if (next.leave) {
        path.pop();
        done.add(next.id);
        continue;
      }
      if (done.has(next.id)) continue;
      const seenAt = path.indexOf(next.id);
      if (seenAt >= 0) return [...path.slice(seenAt), next.id];
      path.push(next.id);
      pending.push({ id: next.id, leave: true });
      for (const to of byId.get(next.id)?.dependsOn ?? []) if (byId.has(to)) pending.push({ id: to, leave: false });
    }
  }
  return undefined;
}

/** Nodes in an order in which every node comes after what it depends on; input order is kept where it can be. */
export function topologicalOrder<N extends GraphNode>(nodes: readonly N[]): N[] {
  const done = new Set<string>();
  const order: N[] = [];
  let waiting = [...nodes];
  while (waiting.length > 0) {
    const rest: N[] = [];
    for (const node of waiting) {
      if (node.dependsOn.every((id) => done.has(id))) {
        done.add(node.id);
        order.push(node);
      } else rest.push(node);
    }
    if (rest.length === waiting.length) throw new RangeError(`not a sound graph: ${rest.map((node) => node.id).join(", ")}`);
    waiting = rest;
  }
  return order;
}

/** Nodes not yet started whose dependencies are all done. */
export function readySet<N extends GraphNode>(nodes: readonly N[], done: ReadonlySet<string>, started: ReadonlySet<string>): N[] {
  return nodes.filter((node) => !started.has(node.id) && node.dependsOn.every((id) => done.has(id)));
}

/** Everything that depends on `id`, directly or not. */
export function dependentsOf(nodes: readonly GraphNode[], id: string): Set<string> {
  const found = new Set<string>();
  const pending = [id];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const node of nodes) {
      if (node.dependsOn.includes(next) && !found.has(node.id)) {
        found.add(node.id);
        pending.push(node.id);
      }
    }
  }
  return found;
}
