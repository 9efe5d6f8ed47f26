// The theme button, the section that is in view, and the zoom of the call graphs.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  document.getElementById('theme').addEventListener('click', () => {
    const now = root.dataset.theme || (dark.matches ? 'dark' : 'light');
    root.dataset.theme = now === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem('theme', root.dataset.theme);
    } catch {
      // Storage is off in private windows; the choice then lasts as long as the page.
    }
  });

  const links = new Map([...document.querySelectorAll('.top a')].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) {
          for (const link of links.values()) link.removeAttribute('aria-current');
          links.get(target.id).setAttribute('aria-current', 'true');
        }
      }
    },
    { rootMargin: '-15% 0px -75% 0px' },
  );
  for (const id of links.keys()) watch.observe(document.getElementById(id));

  for (const box of document.querySelectorAll('.graph-box')) {
    const view = box.querySelector('.callgraph');
    const svg = view.querySelector('svg');
    const [, , width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
    let scale = 1;
    const set = (next) => {
      scale = Math.min(3, Math.max(0.15, next));
      svg.setAttribute('width', width * scale);
      svg.setAttribute('height', height * scale);
    };
    // At least half size: smaller, nobody can read it.
    const fit = () => set(Math.min(1, Math.max(0.5, (view.clientWidth - 2) / width)));
    const zoom = (factor) => (factor ? set(scale * factor) : fit());
    for (const button of box.querySelectorAll('button')) button.addEventListener('click', () => zoom(Number(button.dataset.zoom)));
    view.addEventListener('keydown', (event) => {
      const factor = { '+': 1.25, '=': 1.25, '-': 0.8, 0: 0 }[event.key];
      if (factor === undefined || event.ctrlKey || event.metaKey) return;
      zoom(factor);
      event.preventDefault();
    });
    box.closest('details').addEventListener('toggle', fit);
    fit();
  }
})();
