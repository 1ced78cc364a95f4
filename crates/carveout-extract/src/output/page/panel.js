// The panel of details: the places of a module, of a line between modules, of a function, of a table.

const panel = $('panel');
let opener = null;

function openPanel(title, body) {
  if (!panel.contains(document.activeElement)) opener = document.activeElement;
  $('panel-title').replaceChildren(...breakable(title));
  $('panel-body').replaceChildren(...body.filter(Boolean));
  panel.hidden = false;
  panel.scrollTop = 0;
  $('panel-title').focus({ preventScroll: true });
}

function closePanel() {
  panel.hidden = true;
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}
$('close').addEventListener('click', closePanel);

// A list with its beginning shown, and the rest on demand.
function capped(list, cap, show, parent, what) {
  parent.append(...list.slice(0, cap).map(show));
  if (list.length <= cap) return parent;
  const more = el('button', { type: 'button', class: 'more' }, `Show all ${count(list.length, what)}`);
  more.addEventListener('click', () => {
    parent.append(...list.slice(cap).map(show));
    more.remove();
    parent.children[cap].querySelector('a, button')?.focus();
  });
  return el('div', {}, parent, more);
}

function placesByItem(list) {
  const groups = new Map();
  for (const place of list) {
    if (!groups.has(place.item)) groups.set(place.item, []);
    groups.get(place.item).push(place);
  }
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length);
  return capped(sorted, 30, ([item, group]) => el('section', {},
    el('h3', {}, el('code', {}, short(item)), ' ', el('small', {}, `${group[0].kind}, ${count(group.length, 'place')}`)),
    placeList(group)), el('div'), 'item');
}

function placeList(list) {
  const about = (use) => [use.module, use.within, use.test && 'test', use.operation && `${use.operation} (${use.by})`];
  return capped(list, 40, (use) => el('li', {}, where(use.place),
    el('small', {}, about(use).filter(Boolean).join(' · '))), el('ul', { class: 'places' }), 'place');
}

const said = (title, text) => text && el('p', { class: 'said' }, el('strong', {}, title), ' ', text);
const lead = (text) => el('p', { class: 'lead' }, text);

function showModule(title, list, edges) {
  const lines = edges.map((edge) => el('li', {},
    el('button', { type: 'button', class: 'plain', onclick: () => showEdge(edge) }, `${edge.from} → ${edge.to}`),
    el('small', {}, count(edge.count, 'place'))));
  openPanel(title, [
    lead(count(list.length, 'place')),
    edges.length > 1 && el('ul', { class: 'places' }, ...lines),
    placesByItem(list),
  ]);
}

const placesOfEdge = (edge) => places.filter((p) => edge.froms.has(p.from) && edge.tos.has(p.to) && matchesPlace(p));
function showEdge(edge) {
  openPanel(`${edge.from} → ${edge.to}`, [lead(count(edge.count, 'place')), placesByItem(placesOfEdge(edge))]);
}

function verdictWord(v) {
  if (v.verdict === 'blocked') return 'cannot cross';
  if (v.verdict === 'drop') return 'dropped';
  if (v.verdict === 'convert') return v.proto ? `${v.proto}, converted` : 'converted';
  return v.proto ?? 'as it is';
}
function values(title, list) {
  if (!list.length) return null;
  return el('section', {}, el('h3', {}, title), el('ul', { class: 'values' },
    ...list.map((v) => el('li', {}, el('code', {}, v.name ? `${v.name}: ${v.rust}` : v.rust),
      el('span', { class: `verdict-${v.verdict}` }, verdictWord(v)), v.note && el('small', {}, v.note)))));
}

const effects = { read: 'reads', idempotent_write: 'writes idempotently', write: 'writes' };
const titles = {
  rpc: 'Becomes a call', shared: 'Moves into shared code', stay: 'Stays behind', blocked: 'Needs an edit first',
};

function showFunction(f) {
  const d = f.disposition;
  const evidence = f.evidence.map((e) => ({ place: e.place, module: e.what, within: effects[e.effect] }));
  openPanel(short(f.item), [
    f.signature && el('pre', {}, f.signature),
    el('p', {}, where(f.place)),
    lead(titles[d.kind]), said('Why', d.reason), said('Edit', d.suggestion),
    ...(d.notes ?? []).map((note) => said('Shim', note)),
    values('Arguments', f.arguments), values('Result', f.result ? [f.result] : []),
    el('h3', {}, `Effect: ${effects[f.effect]}`), evidence.length > 0 && placeList(evidence),
    el('h3', {}, `Used in ${count(f.uses, 'place')}`), placeList(placesOf.get(`in ${f.item}`) ?? []),
  ]);
}

function showType(t) {
  openPanel(short(t.item), [
    t.place && el('p', {}, where(t.place)), lead(verdictWord(t)), said('Note', t.note), values('Fields', t.fields),
    el('h3', {}, 'Crosses through'),
    el('ul', { class: 'values' }, ...t.through.map((item) => el('li', {}, el('code', {}, short(item))))),
  ]);
}

function showCrossing(c) {
  openPanel(short(c.item), [lead(`${c.kind}, named in ${count(c.count, 'place')}`), placeList(c.uses)]);
}

function showTable(t) {
  openPanel(t.name, [
    el('h3', {}, 'Touched here'), placeList(t.touched),
    el('h3', {}, t.others.length ? 'Touched by others' : 'Nobody else touches it'), placeList(t.others),
  ]);
}

// `/` goes to the filter; Esc lets go of one thing after the other.
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && event.target !== input && !event.ctrlKey && !event.metaKey && !event.altKey) {
    input.focus();
    input.select();
  } else if (event.key === 'Escape' && !panel.hidden) closePanel();
  else if (event.key === 'Escape' && anythingWanted()) clearFilter();
  else return;
  event.preventDefault();
});
