// The picture of the cut as data: which modules and lines are drawn, and where.

const CAP = 14; // Modules drawn on a side and within; what is over becomes one node.
const ROW = 34, NODE = 28, TOP = 30;
const SIDES = ['in', 'inside', 'out'];

// The nodes of one column, the heaviest first, with those over the cap as one.
function column(side, weights) {
  const sorted = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const cap = sorted.length > CAP ? CAP - 1 : CAP;
  const nodes = sorted.slice(0, cap).map(([name, weight]) =>
    ({ key: `${side} ${name}`, side, name, weight, names: new Set([name]) }));
  const rest = sorted.slice(cap);
  if (rest.length) {
    const weight = rest.reduce((sum, [, n]) => sum + n, 0);
    nodes.push({ key: `${side} …`, side, name: `${number(rest.length)} other modules`, weight, others: true,
      names: new Set(rest.map(([name]) => name)) });
  }
  return nodes;
}

// The lines across the cut: all of them, or those with places that are looked for.
function crossings() {
  const found = new Map();
  const key = (from, to) => `${from}\n${to}`;
  if (anythingWanted()) {
    for (const p of places.filter(matchesPlace)) found.set(key(p.from, p.to), (found.get(key(p.from, p.to)) ?? 0) + 1);
  }
  return report.graph.edges.filter((edge) => edge.crosses).map(({ from, to, count }) => {
    const inward = modules.get(to)?.inside ?? false;
    const n = anythingWanted() ? found.get(key(from, to)) ?? 0 : count;
    return { side: inward ? 'in' : 'out', outer: inward ? from : to, inner: inward ? to : from, n };
  }).filter((line) => line.n > 0);
}

// Nodes and lines, those of the modules over the cap put together.
function picture() {
  const lines = crossings();
  const weights = { in: new Map(), inside: new Map(), out: new Map() };
  const add = (side, name, n) => weights[side].set(name, (weights[side].get(name) ?? 0) + n);
  for (const { side, outer, inner, n } of lines) {
    add(side, outer, n);
    add('inside', inner, n);
  }
  if (!lines.length) report.modules.forEach((name) => add('inside', name, 0));
  const nodes = SIDES.flatMap((side) => column(side, weights[side]));
  const nodeOf = new Map(nodes.flatMap((node) => [...node.names].map((name) => [`${node.side} ${name}`, node])));
  const edges = new Map();
  for (const { side, outer, inner, n } of lines) {
    const [a, b] = [nodeOf.get(`${side} ${outer}`), nodeOf.get(`inside ${inner}`)];
    const [from, to] = side === 'in' ? [a, b] : [b, a];
    const key = `${a.key}\n${b.key}`;
    if (!edges.has(key)) {
      edges.set(key, { side, outer: a, inner: b, from: from.name, to: to.name, froms: from.names, tos: to.names, count: 0 });
    }
    edges.get(key).count += n;
  }
  return { nodes: untangled(nodes, [...edges.values()]), edges: [...edges.values()] };
}

// Each outer node beside those that it is joined to, by the mean place of these (Sugiyama's barycenter),
// so that lines cross little; the heaviest first where that is equal, and what is over the cap last.
function untangled(nodes, edges) {
  const inside = nodes.filter((node) => node.side === 'inside');
  for (const node of nodes.filter((node) => node.side !== 'inside')) {
    const joined = edges.filter((edge) => edge.outer === node);
    const sum = joined.reduce((sum, edge) => sum + inside.indexOf(edge.inner) * edge.count, 0);
    node.rank = node.others ? Infinity : sum / node.weight;
  }
  return SIDES.flatMap((side) => nodes.filter((node) => node.side === side)
    .sort((a, b) => (side === 'inside' || a.rank === b.rank ? 0 : a.rank - b.rank)));
}

const isNarrow = (width) => width < 640;
const outerWidth = (width) => Math.min(300, width * 0.31);

// Gives each node its place, and answers how high the picture is. Columns stand side by side, or one
// under the other on a narrow page, with gutters for the lines.
function arrange(nodes, width) {
  const of = (side) => nodes.filter((node) => node.side === side);
  if (isNarrow(width)) {
    let y = TOP;
    for (const side of SIDES) {
      for (const node of of(side)) {
        Object.assign(node, { x: 40, y, w: width - 80, h: NODE });
        y += ROW;
      }
      if (of(side).length) y += 56;
    }
    return y - 56;
  }
  const outer = outerWidth(width), inner = Math.min(250, width * 0.2);
  const rows = Math.max(3, ...SIDES.map((side) => of(side).length));
  const left = { in: 0, inside: (width - inner) / 2, out: width - outer };
  for (const side of SIDES) {
    const list = of(side), tall = side === 'inside';
    // What is cut out fills its column, so that lines do not all end in one point.
    const step = tall ? (rows * ROW) / list.length : ROW;
    const first = tall ? TOP : TOP + ((rows - list.length) * ROW) / 2;
    list.forEach((node, i) => Object.assign(node, {
      x: left[side], y: first + i * step, w: tall ? inner : outer, h: tall ? step - (ROW - NODE) : NODE,
    }));
  }
  return TOP + rows * ROW;
}

// Where lines end: spread over a node's side, in the order of the nodes at their other ends.
function spread(edges) {
  for (const [end, other] of [['inner', 'outer'], ['outer', 'inner']]) {
    for (const edge of edges) {
      const beside = edges.filter((e) => e.side === edge.side && e[end] === edge[end])
        .sort((a, b) => a[other].y - b[other].y);
      edge[`${end}Y`] = edge[end].y + (edge[end].h * (beside.indexOf(edge) + 0.5)) / beside.length;
    }
  }
}

function curve({ outer, inner, outerY, innerY, side }, width) {
  const inward = side === 'in';
  const x1 = inward !== isNarrow(width) ? outer.x + outer.w : outer.x;
  if (isNarrow(width)) {
    const gutter = inward ? x1 - 38 : x1 + 38;
    return `M${x1},${outerY} C${gutter},${outerY} ${gutter},${innerY} ${x1},${innerY}`;
  }
  const x2 = inward ? inner.x : inner.x + inner.w, middle = (x1 + x2) / 2;
  return `M${x1},${outerY} C${middle},${outerY} ${middle},${innerY} ${x2},${innerY}`;
}
