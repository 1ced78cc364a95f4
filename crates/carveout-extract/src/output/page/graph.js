// The graph: who uses it on the left, what it uses on the right, and the cut on both sides of it.

const LETTER = 7.3, PAD = 10; // A letter of the nodes' font, and the room around a name.
const caption = $('caption');
let tabbed = null; // The key of the node that the Tab key goes to.
let drawnWidth = 0; // What the picture was drawn for.

function drawCut(nodes, width, height) {
  const group = svg('g', { class: 'cut', 'aria-hidden': 'true' });
  const inside = nodes.filter((node) => node.side === 'inside');
  const { x, w } = inside[0];
  if (isNarrow(width)) {
    // The lines of each side run in the gutter of their own, so the word stands in the other.
    for (const [y, line, word] of [[inside[0].y - 36, [0, width - 34], width], [inside.at(-1).y + NODE + 20, [34, width], 24]]) {
      group.append(svg('line', { x1: line[0], x2: line[1], y1: y, y2: y }),
        svg('text', { x: word, y: y + 4, 'text-anchor': 'end' }, 'cut'));
    }
    return group;
  }
  for (const at of [(outerWidth(width) + x) / 2, (x + w + width - outerWidth(width)) / 2]) {
    group.append(svg('line', { x1: at, x2: at, y1: 22, y2: height }),
      svg('text', { x: at, y: 14, 'text-anchor': 'middle' }, 'cut'));
  }
  return group;
}

function headings(nodes, width) {
  const say = { in: ['uses it', 'use it'], inside: ['cut out', 'cut out'], out: ['used by it', 'used by it'] };
  return SIDES.map((side) => [side, nodes.filter((node) => node.side === side)]).filter(([, list]) => list.length)
    .map(([side, list]) => {
      const n = list.reduce((sum, node) => sum + node.names.size, 0);
      const y = isNarrow(width) ? list[0].y - 9 : 14;
      return svg('text', { class: 'heading', x: list[0].x, y }, `${count(n, 'module')} ${say[side][n === 1 ? 0 : 1]}`);
    });
}

function describe(node) {
  const one = { in: 'uses it in', inside: 'is cut out; the cut is crossed in', out: 'is used by it in' };
  const many = { in: 'use it in', inside: 'are cut out; the cut is crossed in', out: 'are used by it in' };
  return `${node.name} ${(node.others ? many : one)[node.side]} ${count(node.weight, 'place')}`;
}

function draw() {
  const host = $('graph');
  drawnWidth = host.clientWidth;
  const width = Math.max(260, drawnWidth);
  const { nodes, edges } = picture();
  const height = arrange(nodes, width);
  spread(edges);
  const most = Math.max(1, ...edges.map((edge) => edge.count));
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group',
    'aria-label': 'Modules around the cut' });

  const light = (lit, text) => {
    caption.textContent = text;
    drawing.classList.toggle('dimmed', lit.length > 0);
    for (const thing of [...nodes, ...edges]) thing.g.classList.toggle('lit', lit.includes(thing));
  };
  const quiet = () => light([], '');

  for (const edge of edges) {
    const d = curve(edge, width), text = `${edge.from} → ${edge.to}: ${count(edge.count, 'place')}`;
    edge.g = svg('g', { class: `edge ${edge.side}`, onclick: () => showEdge(edge), onmouseleave: quiet,
      onmouseenter: () => light([edge, edge.inner, edge.outer], text) },
    svg('title', {}, text), svg('path', { class: 'reach', d }),
    svg('path', { class: 'line', d, 'stroke-width': (1 + 7 * Math.sqrt(edge.count / most)).toFixed(1) }));
  }
  // Thin lines lie over wide ones, so that each can be pointed at.
  drawing.append(...[...edges].sort((a, b) => b.count - a.count).map((edge) => edge.g),
    drawCut(nodes, width, height), ...headings(nodes, width));

  for (const node of nodes) {
    const around = edges.filter((edge) => edge.inner === node || edge.outer === node);
    const on = () => light([node, ...around.flatMap((edge) => [edge, edge.inner, edge.outer])], describe(node));
    const open = () => showModule(node.name, around.flatMap(placesOfEdge), around);
    const weight = number(node.weight), middle = node.y + node.h / 2 + 4;
    const room = Math.floor((node.w - 2 * PAD) / LETTER) - weight.length - 1;
    node.g = svg('g', { class: `node ${node.side}${node.others ? ' others' : ''}`, role: 'button', tabindex: -1,
      'aria-label': describe(node), 'data-module': node.name, onclick: open, onmouseenter: on, onmouseleave: quiet,
      onblur: quiet, onkeydown: (event) => walk(event, node, open), onfocus: () => { tabbed = node.key; tab(node); on(); } },
    svg('title', {}, describe(node)),
    svg('rect', { x: node.x + 1, y: node.y, width: node.w - 2, height: node.h, rx: 5 }),
    svg('text', { x: node.x + PAD, y: middle }, fit(node.name, room)),
    svg('text', { class: 'weight', x: node.x + node.w - PAD, y: middle, 'text-anchor': 'end' }, weight));
    drawing.append(node.g);
  }

  // One node takes the Tab key; arrow keys go on from there.
  function tab(node) {
    for (const each of nodes) each.g.setAttribute('tabindex', each === node ? 0 : -1);
  }
  function walk(event, node, open) {
    const column = nodes.filter((other) => other.side === node.side);
    const sides = SIDES.filter((side) => nodes.some((other) => other.side === side));
    const distance = (other) => Math.abs(other.y + other.h / 2 - node.y - node.h / 2);
    const sideways = (by) => nodes.filter((other) => other.side === sides[sides.indexOf(node.side) + by])
      .sort((a, b) => distance(a) - distance(b))[0];
    const to = {
      ArrowUp: () => column[column.indexOf(node) - 1], ArrowDown: () => column[column.indexOf(node) + 1],
      ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), Home: () => column[0], End: () => column.at(-1),
    }[event.key];
    if (event.key === 'Enter' || event.key === ' ') open();
    else if (to) to()?.g.focus();
    else return;
    event.preventDefault();
  }

  const held = host.contains(document.activeElement);
  host.replaceChildren(drawing);
  quiet();
  const next = nodes.find((node) => node.key === tabbed) ?? nodes[0];
  tab(next);
  if (held) next.g.focus({ preventScroll: true });
}

listeners.push(draw);
// In the next frame, since a drawing changes the height of what is watched.
new ResizeObserver(() => {
  if ($('graph').clientWidth !== drawnWidth) requestAnimationFrame(draw);
}).observe($('graph'));
