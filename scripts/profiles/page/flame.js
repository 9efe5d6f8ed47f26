// Draws the flame graph of #data with d3-flame-graph. The data: {title, unit, perRequest, names: [] or
// [old, new], root}; a node of the tree is described in tree.py.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const compared = data.names.length === 2;
  const byId = (id) => document.getElementById(id);
  const box = byId('chart');
  const KINDS = { s: '--stage', a: '--application', l: '--library', r: '--root' };
  let side = compared && data.root.o >= data.root.v ? 'o' : 'v';
  let current = null;

  const SCALES = {
    nanoseconds: [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']],
    bytes: [[1 << 30, 'GiB'], [1 << 20, 'MiB'], [1 << 10, 'KiB'], [1, 'B']],
  };
  const digits = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(3)));
  function amount(value) {
    const scales = SCALES[data.unit];
    const per = data.perRequest ? ' per request' : '';
    if (!scales) return `${digits(value)}${data.unit === 'count' ? '' : ` ${data.unit}`}${per}`;
    const [size, name] = scales.find(([least]) => value >= least) || scales[scales.length - 1];
    return `${digits(value / size)} ${name}${per}`;
  }

  const color = (name) => `var(${name})`;
  // Red is more than before, blue less; the tone is the change as a part of the whole.
  function changeColor(node) {
    const whole = Math.max(data.root.o, data.root.v);
    const part = Math.min(1, (Math.abs(node.now - node.old) / whole) * 4);
    const tone = part < 0.01 ? 0 : 0.25 + 0.75 * part;
    return `color-mix(in srgb, var(${node.now > node.old ? '--more' : '--less'}) ${Math.round(tone * 100)}%, var(--same))`;
  }
  function fill(d) {
    if (d.highlight) return color('--mark');
    return compared ? changeColor(d.data) : color(KINDS[d.data.k]);
  }

  function describe(d) {
    const { n, v, now, old } = d.data;
    if (!compared) return `${n}: ${amount(v)}, ${((100 * v) / data.root.v).toFixed(1)} %`;
    const change = old ? `${now >= old ? '+' : ''}${((100 * (now - old)) / old).toFixed(0)} %` : 'new';
    return `${n}: ${amount(old)} → ${amount(now)} (${change})`;
  }

  const chart = flamegraph.default()
    .cellHeight(19)
    .inverted(true)
    .minFrameSize(1)
    .transitionDuration(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 250)
    .sort((a, b) => b.data.v - a.data.v || a.data.n.localeCompare(b.data.n))
    .setLabelHandler(describe)
    .setDetailsElement(byId('details'))
    .setColorMapper(fill)
    .onClick(mark)
    .setSearchHandler((found, sum, total) => {
      byId('details').textContent = `${found.length} frames match: ${amount(sum)}, ${((100 * sum) / total).toFixed(1)} %`;
    })
    .setSearchMatch((d, term) => {
      if (!term) return false;
      try {
        return new RegExp(term, 'i').test(d.data.n);
      } catch {
        return d.data.n.toLowerCase().includes(term.toLowerCase());
      }
    });

  // d3-flame-graph reads the names n, the widths v and the children; now and old are ours.
  function view(node) {
    const children = node.c.filter((child) => child[side] > 0).map(view);
    return { n: node.n, k: node.k, now: node.v, old: node.o, v: node[side], children };
  }
  function draw() {
    d3.select(box).selectAll('svg').remove();
    chart.height(null).width(box.clientWidth);
    d3.select(box).datum(view(data.root)).call(chart);
    current = d3.select(box).datum();
    if (byId('search').value) chart.search(byId('search').value);
  }

  function mark(d) {
    current = d;
    d3.select(box).selectAll('g.frame').classed('current', (e) => e === d);
    byId('details').textContent = describe(d);
  }
  const MOVES = {
    ArrowDown: (d) => d.children && d.children[0],
    ArrowUp: (d) => d.parent,
    ArrowLeft: (d) => neighbour(d, -1),
    ArrowRight: (d) => neighbour(d, 1),
  };
  function neighbour(d, step) {
    const all = d.parent ? d.parent.children : [];
    return all[all.indexOf(d) + step];
  }
  box.addEventListener('keydown', (event) => {
    if (MOVES[event.key]) mark(MOVES[event.key](current) || current);
    else if (event.key === 'Enter') chart.zoomTo(current);
    else return;
    event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') reset();
    if (event.key === '/' && event.target.tagName !== 'INPUT') {
      event.preventDefault();
      byId('search').focus();
    }
  });
  function reset() {
    byId('search').value = '';
    chart.clear();
    chart.resetZoom();
  }

  byId('search').addEventListener('input', (event) => (event.target.value ? chart.search(event.target.value) : chart.clear()));
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  byId('reset').addEventListener('click', reset);
  const legend = compared
    ? [['--more', 'more'], ['--less', 'less'], ['--same', 'same']]
    : [['--stage', "the stage's code"], ['--application', 'rest of the application'], ['--library', 'libraries']];
  for (const [name, text] of legend) {
    const swatch = document.createElement('i');
    swatch.style.background = color(name);
    byId('legend').append(swatch, text);
  }
  if (compared) {
    byId('sides').hidden = false;
    byId('old-name').textContent = data.names[0];
    byId('new-name').textContent = data.names[1];
    for (const radio of document.querySelectorAll('[name=side]')) {
      radio.checked = radio.value === side;
      radio.addEventListener('change', () => {
        side = radio.value;
        draw();
      });
    }
  }
  let width = box.clientWidth;
  addEventListener('resize', () => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    draw();
  });
  draw();
})();
