// Draws throughput and latency with Observable Plot, from #charts: see charts() in service_view.py.
// Colours are CSS variables, so a change of theme needs no new drawing; a change of width does.
(() => {
  const element = document.getElementById('charts');
  if (!element) return;
  const data = JSON.parse(element.textContent);
  const sides = ['old', 'new'];
  const color = (side) => `var(--${side})`;
  const style = { fontFamily: 'inherit', fontSize: '12px', background: 'transparent', color: 'var(--ink)' };
  const figure = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(3)));
  const milliseconds = (value) => (value < 1 ? `${figure(value * 1000)} µs` : `${figure(value)} ms`);

  function throughput(width) {
    const runs = sides.flatMap((side) => data.throughput[side].map((value) => ({ side, value })));
    const medians = sides.map((side) => ({ side, value: d3.median(data.throughput[side]) }));
    const stage = { fy: (d) => data.names[d.side] };
    return Plot.plot({
      width, height: 290, marginLeft: 10, marginRight: 24, marginTop: 24, marginBottom: 46, style,
      x: { domain: [0, d3.max(runs, (d) => d.value) * 1.03], label: 'requests per second', labelOffset: 42, ticks: width < 420 ? 4 : 6, grid: true },
      fy: { domain: sides.map((side) => data.names[side]), axis: null },
      marks: [
        Plot.ruleX([0], { stroke: 'var(--line)' }),
        Plot.dot(runs, Plot.dodgeY('middle', { ...stage, x: 'value', r: 4, fill: (d) => color(d.side), fillOpacity: 0.55, padding: 0.5 })),
        Plot.ruleX(medians, { ...stage, x: 'value', stroke: (d) => color(d.side), strokeWidth: 2.5, insetTop: 18 }),
        Plot.text(medians, { ...stage, x: 'value', frameAnchor: 'top', dy: 3, fill: (d) => color(d.side), fontSize: 13, fontWeight: 600,
          text: (d) => `${data.names[d.side]}: ${figure(d.value)}` }),
      ],
    });
  }

  function latency(width) {
    const points = sides.flatMap((side) => data.latency[side].map(([percent, low, middle, high]) => ({ side, percent, low, middle, high })));
    const seen = points.filter((d) => d.percent >= 1 && d.low > 0);
    const at = (percent) => seen.filter((d) => d.percent === percent);
    const marks = [...at(50), ...at(99)];
    // Room on the left for the words of the faster curve.
    const domain = [d3.min(seen, (d) => d.low) * (width < 420 ? 0.35 : 0.5), d3.max(seen, (d) => d.high) * 1.1];
    return Plot.plot({
      width, height: 290, marginLeft: 48, marginRight: 16, marginTop: 24, marginBottom: 46, style,
      x: { type: 'log', domain, label: 'answered within', labelOffset: 42, tickFormat: milliseconds, ticks: width < 420 ? 4 : 7, grid: true },
      y: { domain: [0, 100], label: 'requests', tickFormat: (d) => `${d} %`, ticks: 5, grid: true },
      marks: [
        Plot.areaX(seen, { y: 'percent', x1: 'low', x2: 'high', z: 'side', fill: (d) => color(d.side), fillOpacity: 0.18 }),
        Plot.line(seen, { x: 'middle', y: 'percent', z: 'side', stroke: (d) => color(d.side), strokeWidth: 2.25 }),
        Plot.dot(marks, { x: 'middle', y: 'percent', fill: (d) => color(d.side), r: 4 }),
        ...sides.map((side) => Plot.text(marks.filter((d) => d.side === side && d.percent === 50), {
          x: 'middle', y: 'percent', fill: color(side), fontWeight: 600, fontSize: 12, stroke: 'var(--paper)', strokeWidth: 4,
          textAnchor: data.latency.new[50][2] <= data.latency.old[50][2] === (side === 'new') ? 'end' : 'start',
          dx: data.latency.new[50][2] <= data.latency.old[50][2] === (side === 'new') ? -9 : 9,
          text: (d) => `${data.names[side]}\n${milliseconds(d.middle)}` })),
        Plot.tip(seen, Plot.pointer({ x: 'middle', y: 'percent', fill: 'var(--sheet)', stroke: 'var(--line)',
          title: (d) => `${data.names[d.side]}: ${d.percent} % within ${milliseconds(d.middle)}` })),
      ],
    });
  }

  const drawings = { throughput, latency };
  function draw(box) {
    const width = Math.floor(box.clientWidth);
    if (!width || box.drawnAt === width) return;
    box.drawnAt = width;
    const svg = drawings[box.dataset.chart](width);
    // The box says what the picture shows; its parts would only be noise.
    svg.setAttribute('aria-hidden', 'true');
    box.replaceChildren(svg);
  }
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => requestAnimationFrame(() => draw(target))));
  for (const box of document.querySelectorAll('[data-chart]')) {
    draw(box);
    resized.observe(box);
  }
})();
