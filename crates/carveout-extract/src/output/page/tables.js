// The tables: what crosses, in rows that sort by a click on a column's title.

const ROWS = 40; // Rows drawn before somebody asks for the rest.
const string = (value) => String(value ?? '');
const sortable = (place) => (place ? `${place.file}:${String(place.line).padStart(7, '0')}` : '');
const distinct = (list) => [...new Set(list)];
const text = (title, value) => ({ title, value });
const code = (title, value) => ({ title, value, cell: (row) => el('code', {}, ...breakable(value(row))) });
const amount = (title, value) => ({ title, value, number: true });
const placed = (title, get) => ({ title, value: (row) => sortable(get(row)), cell: (row) => where(get(row)) });

const order = Object.fromEntries(['blocked', 'rpc', 'shared', 'background', 'stay'].map((kind, i) => [kind, i]));
const becomes = (d) => el('span', {}, el('span', { class: `tag ${d.kind}` }, titles[d.kind]),
  (d.suggestion ?? d.reason) && el('small', {}, d.suggestion ?? d.reason));
const crossing = (title, rows, one) => ({
  title, rows, one, open: showCrossing,
  text: (c) => [c.item, ...c.uses.flatMap((use) => [use.module, use.within, use.place.file])],
  columns: [code('Item', (c) => short(c.item)), text('Kind', (c) => c.kind), amount('Places', (c) => c.count),
    amount('Modules', (c) => distinct(c.uses.map((use) => use.module)).length)],
});

// Those that somebody has to work on come first, then the most used.
const functions = [...report.functions].sort((a, b) =>
  order[a.disposition.kind] - order[b.disposition.kind] || b.uses - a.uses);

const tables = [
  { title: 'Functions', rows: functions, one: 'function', open: showFunction,
    text: (f) => [f.item, f.place?.file, ...(placesOf.get(`in ${f.item}`) ?? []).map((p) => p.text)],
    columns: [code('Function', (f) => short(f.item)),
      { ...amount('Becomes', (f) => -order[f.disposition.kind]), number: false, cell: (f) => becomes(f.disposition) },
      amount('Uses', (f) => f.uses), text('Effect', (f) => effects[f.effect]), placed('Defined', (f) => f.place)] },
  { title: 'Types that cross', rows: report.types, one: 'type', open: showType,
    text: (t) => [t.item, t.place?.file, ...t.through],
    columns: [code('Type', (t) => short(t.item)),
      { ...text('Becomes', verdictWord), cell: (t) => el('span', { class: `verdict-${t.verdict}` }, verdictWord(t)) },
      amount('Fields', (t) => t.fields.length), text('Note', (t) => string(t.note)), placed('Defined', (t) => t.place)] },
  { title: 'What is read of entities', rows: report.projections, one: 'entity', text: (p) => [p.function, p.entity],
    columns: [code('Function', (p) => short(p.function)), code('Argument', (p) => p.argument), code('Entity', (p) => short(p.entity)),
      { ...amount('Read', (p) => p.read.length), cell: (p) => `${p.read.length} of ${p.fields}` },
      text('Fields', (p) => p.read.join(', ') + (p.escapes ? `. All of it is sent: ${p.escapes}` : ''))] },
  { title: 'Tables of the database', rows: report.tables, one: 'table', open: showTable,
    text: (t) => [t.name, ...[...t.touched, ...t.others].flatMap((touch) => [touch.module, touch.place.file])],
    columns: [code('Table', (t) => t.name), amount('Places here', (t) => t.touched.length),
      amount('Other files', (t) => distinct(t.others.map((o) => o.place.file)).length),
      text('Other modules', (t) => distinct(t.others.map((o) => o.module)).join(', '))] },
  { title: 'Transactions that the cut would split', rows: report.transactions, one: 'transaction',
    text: (t) => [t.within, t.place.file, ...t.crosses],
    columns: [code('In', (t) => short(t.within)), code('Calls across', (t) => t.crosses.map(short).join(', ')),
      text('Edit', (t) => t.suggestion), placed('Begins', (t) => t.place)] },
  { title: 'Calls that would stand in loops', rows: report.cost.loops, one: 'call',
    text: (l) => [l.function, l.within, l.place.file],
    columns: [code('Call', (l) => short(l.function)), amount('Loops', (l) => l.loops), code('In', (l) => short(l.within)),
      text('Edit', (l) => l.suggestion), placed('Place', (l) => l.place)] },
  { title: 'Entry points that get across', rows: report.cost.depth, one: 'entry point', text: (d) => [d.entry, ...d.path],
    columns: [code('Entry', (d) => short(d.entry)), amount('Calls across', (d) => d.crossings),
      amount('Depth', (d) => d.depth), code('Shortest way', (d) => d.path.map(short).join(' → '))] },
  { title: 'What a call would carry', rows: report.cost.payload, one: 'function', text: (p) => [p.function],
    columns: [code('Function', (p) => short(p.function)), amount('Whole, bytes', (p) => p.whole),
      amount('Projected, bytes', (p) => p.projected)] },
  crossing('Statics that the other side uses', report.statics, 'static'),
  crossing('In: what others use of it', report.inbound, 'item'),
  crossing('Out: what it uses of others', report.outbound, 'item'),
].filter((table) => table.rows.length);

function cell(table, column, row) {
  const value = column.value(row);
  let content = column.cell ? column.cell(row) : column.number ? number(value) : string(value);
  if (table.open && column === table.columns[0]) {
    content = el('button', { type: 'button', class: 'plain', onclick: () => table.open(row) }, content);
  }
  // Cells are laid out as a grid on a narrow page, which would take their roles from them.
  return el('td', { role: 'cell', class: column.number && 'number', 'data-title': column.title }, content);
}

tables.forEach((table, index) => {
  const texts = new Map(table.rows.map((row) => [row, table.text(row).join(' ').toLowerCase()]));
  const id = `table-${index}`;
  const body = el('tbody', { role: 'rowgroup' });
  const size = el('small');
  const more = el('button', { type: 'button', class: 'more', onclick: () => { table.all = true; table.show(); } });
  const heads = table.columns.map((column) => el('th', { role: 'columnheader', scope: 'col', 'aria-sort': 'none',
    class: column.number && 'number' }, el('button', { type: 'button', onclick: () => sort(column) }, column.title)));
  const section = el('section', { class: 'listing', 'aria-labelledby': id }, el('h2', { id }, table.title, ' ', size),
    el('table', { role: 'table', 'aria-labelledby': id },
      el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)), body), more);
  $('tables').append(section);

  function sort(column) {
    // Amounts begin with the most; a second click turns the order.
    const down = table.sorted === column ? !table.down : typeof column.value(table.rows[0]) === 'number';
    Object.assign(table, { sorted: column, down });
    table.columns.forEach((each, i) => heads[i].setAttribute('aria-sort',
      each !== column ? 'none' : down ? 'descending' : 'ascending'));
    table.show();
  }
  table.show = () => {
    const rows = table.rows.filter((row) => matches(texts.get(row)) && (!row.disposition || matchesDisposition(row)));
    if (table.sorted) {
      const { value } = table.sorted, sign = table.down ? -1 : 1;
      const compare = (x, y) => (typeof x === 'number' ? x - y : x.localeCompare(y));
      rows.sort((a, b) => sign * compare(value(a), value(b)));
    }
    const drawn = table.all ? rows : rows.slice(0, ROWS);
    body.replaceChildren(...drawn.map((row) =>
      el('tr', { role: 'row' }, ...table.columns.map((column) => cell(table, column, row)))));
    size.textContent = (rows.length < table.rows.length ? `${number(rows.length)} of ` : '') + number(table.rows.length);
    more.hidden = drawn.length === rows.length;
    more.textContent = `Show all ${count(rows.length, table.one)}`;
    section.classList.toggle('none', rows.length === 0);
  };
  listeners.push(table.show);
});

listeners.push(() => {
  const found = anythingWanted() && places.filter(matchesPlace).length;
  $('matches').textContent = found === false ? '' : `${number(found)} of ${count(places.length, 'place')}`;
});

// Paper has no button to ask for the rest.
addEventListener('beforeprint', () => tables.forEach((table) => { table.all = true; table.show(); }));
changed();
