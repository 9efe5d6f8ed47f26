// Flame graphs with d3-flame-graph: one widget for each [data-flame], its data in the script element of that id:
// {title, unit, perRequest, names: [old, new], components, labels, root}; nodes as profiles/tree.py writes them.
(() => {
  const SCALES = {
    nanoseconds: [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']],
    bytes: [[1 << 30, 'GiB'], [1 << 20, 'MiB'], [1 << 10, 'KiB'], [1, 'B']],
  };
  const KNOWN = ['leftpad', 'statsd', 'logger', 'handlers', 'server'];
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still) {
    // d3-flame-graph gives new frames d3's own duration, which no setting changes.
    const { transition } = d3.selection.prototype;
    d3.selection.prototype.transition = function atOnce(...names) {
      return transition.apply(this, names).duration(0);
    };
  }
  const figure = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(3)));

  function widget(box) {
    const data = JSON.parse(document.getElementById(box.dataset.flame).textContent);
    const find = (selector) => box.querySelector(selector);
    const [plot, details, search] = ['.flame-chart', '.flame-details', 'input'].map(find);
    const state = { view: 'o', current: null };

    function amount(value) {
      const [size, name] = (SCALES[data.unit] || [[1, data.unit]]).find(([least], i, all) => value >= least || i === all.length - 1);
      return `${figure(value / size)} ${name}${data.perRequest ? ' a request' : ''}`;
    }
    function describe({ data: node }) {
      if (state.view !== 'd') {
        const whole = data.root[state.view] || 1;
        return `${node.name}: ${amount(node.value)}, ${((100 * node.value) / whole).toFixed(1)} %`;
      }
      const change = node.before ? `${node.after >= node.before ? '+' : '−'}${Math.abs(100 * (node.after / node.before - 1)).toFixed(0)} %` : 'new';
      return `${node.name}: ${amount(node.before).replace(' a request', '')} → ${amount(node.after)} (${change})`;
    }
    function say(text) {
      details.textContent = text || `${data.title}, ${describe(d3.select(plot).datum())}`;
    }

    // Orange is more than before, blue is less; the tone is the change as a part of the whole.
    function changeColor(node) {
      const part = Math.abs(node.after - node.before) / Math.max(data.root.o, data.root.v);
      const tone = part < 0.004 ? 0 : Math.min(1, 0.3 + 3 * part);
      return `color-mix(in srgb, var(${node.after > node.before ? '--more' : '--less'}) ${Math.round(100 * tone)}%, var(--same))`;
    }
    function fill({ highlight, data: node }) {
      if (highlight) return 'var(--mark)';
      if (state.view === 'd') return changeColor(node);
      const name = `var(--${KNOWN.includes(node.component) ? node.component : 'other'})`;
      return node.own ? name : `color-mix(in srgb, ${name} 55%, white)`;
    }

    // What d3-flame-graph draws: name, value, children (v would be a value to it, too). A frame belongs to the component that called it last.
    function tree(node, above) {
      const own = data.components[node.n];
      const component = own || above;
      const value = state.view === 'd' ? Math.max(node.o, node.v) : node[state.view];
      const children = node.c.map((child) => tree(child, component)).filter((child) => child.value > 0);
      // In the difference the widths of the parts may add up to more than the whole.
      const sum = children.reduce((total, child) => total + child.value, 0);
      return { name: node.n, value: Math.max(value, sum), before: node.o, after: node.v, component, own: Boolean(own), children };
    }

    const chart = flamegraph.default()
      .cellHeight(18)
      .inverted(true)
      .minFrameSize(2)
      .resetHeightOnZoom(true)
      .transitionDuration(still ? 0 : 200)
      .sort((a, b) => b.data.value - a.data.value || a.data.name.localeCompare(b.data.name))
      .setLabelHandler(describe)
      .setColorMapper(fill)
      .setDetailsHandler((text) => say(text || (state.current && describe(state.current))))
      .onClick((d) => mark(d))
      .setSearchMatch((d, term) => d.data.name.toLowerCase().includes(term.toLowerCase()))
      .setSearchHandler((found, sum, total) => {
        // A width of the difference is the larger of two values: a sum of such would be the share of nothing.
        const share = state.view === 'd' ? '' : `: ${amount(sum)}, ${((100 * sum) / (total || 1)).toFixed(1)} %`;
        say(`${found.length} frames match “${search.value}”${share}`);
      });

    function draw() {
      plot.replaceChildren();
      state.current = null;
      chart.height(null).width(plot.clientWidth);
      d3.select(plot).datum(tree(data.root, 'server')).call(chart);
      if (search.value) chart.search(search.value);
      else say();
      legend();
    }
    function mark(d) {
      state.current = d;
      d3.select(plot).selectAll('g.frame').classed('current', (each) => each === d);
      say(describe(d));
    }
    function reset() {
      search.value = '';
      state.current = null;
      chart.clear();
      chart.resetZoom();
      d3.select(plot).selectAll('g.frame').classed('current', false);
      say();
    }
    function legend() {
      const entries = state.view === 'd'
        ? [['--less', `less in ${data.names[1]}`], ['--more', `more in ${data.names[1]}`], ['--same', 'the same']]
        : KNOWN.map((name) => [`--${name}`, data.labels[name]]);
      find('.legend').replaceChildren(...entries.map(([color, text]) => {
        const entry = document.createElement('span');
        entry.append(Object.assign(document.createElement('i'), { style: `background:var(${color})` }), text);
        return entry;
      }));
    }

    const beside = (d, step) => d.parent && d.parent.children[d.parent.children.indexOf(d) + step];
    const moves = {
      ArrowDown: (d) => d.children && d.children[0],
      ArrowUp: (d) => d.parent,
      ArrowLeft: (d) => beside(d, -1),
      ArrowRight: (d) => beside(d, 1),
    };
    plot.addEventListener('keydown', (event) => {
      const at = state.current || d3.select(plot).datum();
      if (moves[event.key]) mark(state.current ? moves[event.key](at) || at : at);
      else if (event.key === 'Enter') chart.zoomTo(at);
      else return;
      event.preventDefault();
    });
    box.addEventListener('keydown', (event) => event.key === 'Escape' && reset());
    search.addEventListener('input', () => (search.value ? chart.search(search.value) : reset()));
    find('.reset').addEventListener('click', reset);
    for (const button of box.querySelectorAll('[data-view]')) {
      button.addEventListener('click', () => {
        state.view = button.dataset.view;
        for (const each of box.querySelectorAll('[data-view]')) each.setAttribute('aria-pressed', String(each === button));
        draw();
      });
    }
    let width = 0;
    new ResizeObserver(() => requestAnimationFrame(() => {
      if (plot.clientWidth === width || !plot.clientWidth) return;
      width = plot.clientWidth;
      draw();
    })).observe(plot);
    return search;
  }

  const searches = [...document.querySelectorAll('[data-flame]')].map(widget);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /INPUT|TEXTAREA/.test(event.target.tagName) || !searches.length) return;
    event.preventDefault();
    const near = searches.find((each) => each.getBoundingClientRect().bottom > 0) || searches[0];
    near.focus();
  });
})();
