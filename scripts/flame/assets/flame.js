// Draws the flame graph of every [data-flame] on a page, with its search, views and keys. The data is in the script element of
// that id: see widget() in page.py and plain() in tree.py. A frame is a box placed in per cent, so it fits any width.
(() => {
  const SCALES = {
    ns: [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']],
    B: [[1 << 20, 'MiB'], [1 << 10, 'KiB'], [1, 'B']],
  };
  const ROW = 18; // pixels, as in flame.css
  const NARROWEST = 0.001; // of the width: what is narrower cannot be seen
  const figure = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(3)));
  const percent = (part, whole) => `${((100 * part) / (whole || 1)).toFixed(1)} %`;

  function widget(box) {
    const data = JSON.parse(document.getElementById(box.dataset.flame).textContent);
    const find = (selector) => box.querySelector(selector);
    const [plot, details, search] = ['.flame-chart', '.flame-details', 'input'].map(find);
    const names = data.names;
    let view = box.dataset.start; // o: old, v: new, d: difference
    let root, frames, focus, current;

    function amount(value, per = data.per) {
      const [size, name] = (SCALES[data.unit] || [[1, data.unit]]).find(([least], i, all) => value >= least || i === all.length - 1);
      return `${figure(value / size)} ${name}`.trim() + per;
    }
    function describe({ node }) {
      if (view === 'd') return `${node.n}: ${amount(node.o, '')} → ${amount(node.v)} (${node.d || '~'})`;
      return `${node.n}: ${amount(node[view])}, ${percent(node[view], data.root[view])}`;
    }
    const say = (text) => { details.textContent = text; };

    // A frame belongs to the component that called it last; library code is paler.
    function component({ node, parent }) {
      const own = node.k && node.k !== '/';
      return own ? node.k : parent ? component(parent) : 'server';
    }
    const known = (name) => (name in data.labels ? name : 'other');
    function fill(frame) {
      const { node } = frame;
      if (view !== 'd') {
        const color = `var(--${known(component(frame))})`;
        return node.k ? color : `color-mix(in srgb, ${color} 55%, white)`;
      }
      // The tone is the change as a part of the whole.
      const part = node.d ? Math.abs(node.v - node.o) / Math.max(data.root.o, data.root.v) : 0;
      const tone = part < 0.004 ? 0 : Math.min(1, 0.3 + 3 * part);
      return `color-mix(in srgb, var(${node.v > node.o ? '--more' : '--less'}) ${Math.round(100 * tone)}%, var(--same))`;
    }

    function grow(node, parent) {
      const frame = { node, parent, depth: parent ? parent.depth + 1 : 0 };
      frame.children = node.c.map((child) => grow(child, frame)).filter((child) => child.value > 0)
        .sort((a, b) => b.value - a.value || a.node.n.localeCompare(b.node.n));
      // In the difference the widths of the parts may add up to more than the whole.
      const inner = frame.children.reduce((sum, child) => sum + child.value, 0);
      frame.value = Math.max(view === 'd' ? Math.max(node.o, node.v) : node[view], inner);
      return frame;
    }
    function place(frame, left) {
      frame.left = left;
      frames.push(frame);
      for (const child of frame.children) {
        place(child, left);
        left += child.value;
      }
    }
    function element(frame) {
      const made = document.createElement('div');
      made.className = 'frame';
      made.dataset.name = frame.node.n;
      made.append(Object.assign(document.createElement('span'), { textContent: frame.node.s || frame.node.n }));
      made.style.top = `${frame.depth * ROW}px`;
      made.style.background = fill(frame);
      made.addEventListener('click', () => { mark(frame); zoom(frame); });
      made.addEventListener('mouseenter', () => say(describe(frame)));
      plot.append(made);
      return made;
    }

    function zoom(to) {
      focus = to;
      const above = new Set();
      for (let frame = to; frame; frame = frame.parent) above.add(frame);
      let deepest = 0;
      for (const frame of frames) {
        const left = above.has(frame) ? 0 : (frame.left - to.left) / to.value;
        const width = above.has(frame) ? 1 : frame.value / to.value;
        const inside = above.has(frame) || (frame.depth > to.depth && left >= 0 && left < 1);
        const seen = inside && width >= NARROWEST;
        if (frame.element) frame.element.hidden = !seen;
        if (!seen) continue;
        frame.element = frame.element || element(frame);
        frame.element.style.left = `${100 * left}%`;
        frame.element.style.width = `${100 * width}%`;
        frame.element.classList.toggle('above', frame !== to && above.has(frame));
        deepest = Math.max(deepest, frame.depth);
      }
      plot.style.height = `${(deepest + 1) * ROW}px`;
    }
    function mark(frame) {
      current = frame;
      for (const each of frames) if (each.element) each.element.classList.toggle('current', each === frame);
      if (frame) frame.element.scrollIntoView({ block: 'nearest' });
      say(frame ? describe(frame) : `${data.title}, ${describe(root)}`);
    }
    function draw() {
      plot.replaceChildren();
      root = grow(data.root, null);
      frames = [];
      place(root, 0);
      zoom(root);
      mark(null);
      for (const button of box.querySelectorAll('[data-view]')) button.setAttribute('aria-pressed', String(button.dataset.view === view));
      legend();
      if (search.value) seek();
    }
    function reset() {
      search.value = '';
      seek();
      zoom(root);
      mark(null);
    }

    function matcher(term) {
      try {
        const pattern = new RegExp(term, 'i');
        return (name) => pattern.test(name);
      } catch {
        return (name) => name.toLowerCase().includes(term.toLowerCase());
      }
    }
    function seek() {
      const matches = matcher(search.value);
      const found = frames.filter((frame) => (frame.found = search.value !== '' && matches(frame.node.n)));
      for (const frame of frames) if (frame.element) frame.element.classList.toggle('found', frame.found);
      if (!search.value) return say(`${data.title}, ${describe(root)}`);
      // A match inside a match is a part of it.
      const within = (frame) => frame && (frame.found || within(frame.parent));
      const sum = found.filter((frame) => !within(frame.parent)).reduce((total, frame) => total + frame.value, 0);
      // A width of the difference is the larger of two values: a sum of such would be the share of nothing.
      const share = view === 'd' ? '' : `: ${amount(sum)}, ${percent(sum, root.value)}`;
      return say(`${found.length} ${found.length === 1 ? 'frame matches' : 'frames match'} “${search.value}”${share}`);
    }
    function legend() {
      const seen = new Set(frames.map((frame) => known(component(frame))));
      const entries = view === 'd'
        ? [['--less', `less in ${names[1]}`], ['--more', `more in ${names[1]}`], ['--same', 'no change that the samples can carry'], ['', 'the stronger, the larger the change as a part of all']]
        : [...Object.entries({ ...data.labels, other: 'other files of the stage' }).filter(([name]) => seen.has(name)).map(([name, text]) => [`--${name}`, text]),
          ['', 'pale: library code that it calls']];
      find('.legend').replaceChildren(...entries.map(([color, text]) => {
        const entry = document.createElement('span');
        if (color) entry.append(Object.assign(document.createElement('i'), { style: `background:var(${color})` }));
        entry.append(text);
        return entry;
      }));
    }

    const shown = (frame) => frame && frame.element && !frame.element.hidden;
    function beside(frame, step) {
      const all = frame.parent ? frame.parent.children : [];
      return all[all.indexOf(frame) + step];
    }
    const moves = {
      ArrowDown: (frame) => frame.children[0],
      ArrowUp: (frame) => frame.parent,
      ArrowLeft: (frame) => beside(frame, -1),
      ArrowRight: (frame) => beside(frame, 1),
    };
    plot.addEventListener('keydown', (event) => {
      const at = current || focus;
      if (moves[event.key]) {
        const next = current ? moves[event.key](current) : at;
        mark(shown(next) ? next : at);
      } else if (event.key === 'Enter') zoom(at);
      else return;
      event.preventDefault();
    });
    plot.addEventListener('mouseleave', () => say(describe(current || root)));
    box.addEventListener('keydown', (event) => event.key === 'Escape' && reset());
    search.addEventListener('input', seek);
    find('.reset').addEventListener('click', reset);
    for (const button of box.querySelectorAll('[data-view]')) {
      button.addEventListener('click', () => {
        view = button.dataset.view;
        draw();
      });
    }
    draw();
    return search;
  }

  const searches = [...document.querySelectorAll('[data-flame]')].map(widget);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /INPUT|TEXTAREA/.test(event.target.tagName) || !searches.length) return;
    event.preventDefault();
    (searches.find((each) => each.getBoundingClientRect().bottom > 0) || searches[0]).focus();
  });
})();
