'use strict';
// Runs in the page: every text that is seen, with the contrast of its colour to what is behind it, by
// the formulas of WCAG 2.2 (relative luminance, contrast ratio).
exports.contrasts = () => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (top, below) => top.rgb.map((c, i) => c * top.a + below[i] * (1 - top.a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      // A node of the picture has its rectangle behind its text.
      const rect = at.classList.contains('node') ? at.querySelector('rect') : null;
      const layer = parse(rect ? getComputedStyle(rect).fill : getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || element.closest('script, noscript, title, .unseen, .skip') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const background = behind(element);
    const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), background);
    const [light, dark] = [luminance(ink), luminance(background)].sort((a, b) => b - a);
    found.push({ text, ratio: (light + 0.05) / (dark + 0.05) });
  }
  return found;
};
