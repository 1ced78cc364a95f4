'use strict';
// The report, what is looked for in it, and small helpers. Text becomes text nodes only: nothing here
// or in the other files parses HTML, so no name in a report can become an element.

const $ = (id) => document.getElementById(id);
const report = JSON.parse($('data').textContent);
const number = (n) => n.toLocaleString('en');
const count = (n, one) => `${number(n)} ${n === 1 ? one : one.replace(/y$/, 'ie') + 's'}`;

function fillIn(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false && child !== ''));
  return node;
}
const el = (tag, attributes = {}, ...children) => fillIn(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  fillIn(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

// Paths differ at their ends, so it is the middle that goes.
function fit(text, room) {
  const letters = [...text];
  if (letters.length <= room) return text;
  const head = Math.max(0, Math.floor((room - 1) / 3));
  return letters.slice(0, head).join('') + '…' + letters.slice(letters.length - (room - 1 - head)).join('');
}

// Text that may be broken between the parts of a path, before it is broken anywhere.
const breakable = (text) => text.split(/(?<=::|\/|_)(?=[^:/_])/).flatMap((part, i) => (i ? [el('wbr'), part] : [part]));

// An item by what is left of its path inside of the modules that are cut out.
function short(item) {
  for (const module of report.modules) {
    const rest = item.startsWith(module) ? item.slice(module.length) : '';
    if (/^[:./#]+[^:./#]/.test(rest)) return rest.replace(/^[:./#]+/, '');
  }
  return item;
}

// The module of the graph that a module or an item is in: the longest that is a beginning of its path.
const modules = new Map(report.graph.nodes.map((node) => [node.module, node]));
const owners = new Map();
function owner(path) {
  if (!owners.has(path)) {
    let at = path;
    while (at && !modules.has(at)) at = /^(.*?)(?:::|[./#])[^:./#]*$/s.exec(at)?.[1] ?? '';
    owners.set(path, at || path);
  }
  return owners.get(path);
}

// Every place that crosses, with the modules on its two sides.
const places = [];
const placesOf = new Map();
for (const [direction, list] of [['in', report.inbound], ['out', report.outbound]]) {
  for (const { item, kind, uses } of list) {
    for (const use of uses) {
      const text = `${item} ${use.module} ${use.within ?? ''} ${use.place.file}`.toLowerCase();
      const place = { ...use, direction, item, kind, from: owner(use.module), to: owner(item), text };
      places.push(place);
      const key = `${direction} ${item}`;
      if (!placesOf.has(key)) placesOf.set(key, []);
      placesOf.get(key).push(place);
    }
  }
}

// `file:line`: a link if the report was made with one, and else text that a click copies.
function where(place) {
  if (!place) return el('span', { class: 'muted' }, 'made by a macro');
  const text = `${place.file}:${place.line}`;
  const links = document.body.dataset.links;
  if (links) {
    const path = place.file.split('/').map(encodeURIComponent).join('/');
    const href = links.replaceAll('{line}', place.line).replaceAll('{path}', () => path);
    return el('a', { class: 'place', href, rel: 'noreferrer' }, ...breakable(text));
  }
  return el('button', { class: 'place', type: 'button', title: 'Copy', onclick: copy }, ...breakable(text));
}

async function copy(event) {
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(button.textContent);
    button.classList.add('copied');
    button.addEventListener('blur', () => button.classList.remove('copied'), { once: true });
  } catch {
    // Without the clipboard, the text is selected, so that one key copies it.
    getSelection().selectAllChildren(button);
  }
}

const dispositions = [
  ['rpc', 'Calls'], ['shared', 'Shared code'], ['background', 'Background task'], ['stay', 'Stays'], ['blocked', 'Needs an edit'],
];

// What is looked for: words that all have to occur, and dispositions of which one has to hold.
const wanted = { words: [], dispositions: new Set() };
const listeners = [];
const changed = () => listeners.forEach((listener) => listener());
const anythingWanted = () => wanted.words.length > 0 || wanted.dispositions.size > 0;
const matches = (text) => wanted.words.every((word) => text.includes(word));
const matchesDisposition = (f) => !wanted.dispositions.size || wanted.dispositions.has(f.disposition.kind);

// Dispositions are the functions', so a place matches by the function that it names.
const functionOf = new Map(report.functions.map((f) => [f.item, f]));
function matchesPlace(place) {
  const f = functionOf.get(place.item);
  return (!wanted.dispositions.size || (f !== undefined && matchesDisposition(f))) && matches(place.text);
}

const input = $('filter');
function look() {
  wanted.words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  changed();
}
function clearFilter() {
  input.value = '';
  wanted.dispositions.clear();
  look();
}
input.addEventListener('input', look);

for (const [kind, title] of dispositions) {
  const n = report.functions.filter((f) => f.disposition.kind === kind).length;
  if (n === 0) continue;
  const part = el('span', { class: `part ${kind}` });
  // As an attribute it would be an inline style, which the page's policy forbids.
  part.style.flexGrow = n;
  $('bar').append(part);
  const chip = el('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', 'data-kind': kind },
    el('i', { class: `swatch ${kind}` }), `${title} `, el('small', {}, number(n)));
  chip.addEventListener('click', () => {
    if (!wanted.dispositions.delete(kind)) wanted.dispositions.add(kind);
    changed();
  });
  listeners.push(() => chip.setAttribute('aria-pressed', wanted.dispositions.has(kind)));
  $('chips').append(chip);
}

const { origin } = report;
$('origin').textContent = `in ${report.workspace}, as ${origin.tool} ${origin.version} saw it; ` +
  `${origin.resolved_percent.toFixed(1)} % of identifiers resolved`;
const warnings = report.gaps.map((gap) => `Not seen: ${gap}`);
if (origin.approximate) warnings.unshift('Names were guessed from syntax alone: every number here is approximate.');
if (warnings.length) $('gaps').append(el('ul', { class: 'gaps' }, ...warnings.map((gap) => el('li', {}, gap))));
