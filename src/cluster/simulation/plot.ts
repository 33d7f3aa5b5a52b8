import type { SimulationSample } from './tally.ts';

const width = 900;
const panelHeight = 180;
const margin = { left: 90, right: 20, top: 40, gap: 50, bottom: 40 };
const gridLines = 4;

interface Panel {
  readonly title: string;
  readonly lines: readonly {
    readonly name: string;
    readonly colour: string;
    readonly value: (at: SimulationSample) => number;
  }[];
}

const panels: readonly Panel[] = [
  {
    title: 'sessions',
    lines: [{ name: 'sessions', colour: '#1f6feb', value: ({ sessions }) => sessions }],
  },
  {
    title: 'deviation from the ideal share, %',
    lines: [
      { name: 'largest', colour: '#d1242f', value: ({ largestDeviation }) => largestDeviation * 100 },
      { name: 'mean', colour: '#1a7f37', value: ({ meanDeviation }) => meanDeviation * 100 },
    ],
  },
  {
    title: 'moves and rejections, since the beginning',
    lines: [
      { name: 'moves', colour: '#8250df', value: ({ moves }) => moves },
      { name: 'rejections', colour: '#bc4c00', value: ({ rejections }) => rejections },
    ],
  },
];

/** The samples as a picture: SVG without scripts or anything from elsewhere. */
export function simulationPlot(samples: readonly SimulationSample[], title: string): string {
  const height = margin.top + panels.length * (panelHeight + margin.gap) + margin.bottom - margin.gap;
  const parts = panels.map((panel, at) => panelSvg(panel, samples, margin.top + 20 + at * (panelHeight + margin.gap)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 20}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${margin.left}" y="22" font-size="15">${escaped(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function panelSvg({ title, lines }: Panel, samples: readonly SimulationSample[], top: number): string {
  const endMs = Math.max(1, samples.at(-1)?.timeMs ?? 1);
  const highest = niceCeiling(Math.max(0, ...lines.flatMap(({ value }) => samples.map(value))));
  const x = (timeMs: number): number => margin.left + (timeMs / endMs) * (width - margin.left - margin.right);
  const y = (value: number): number => top + panelHeight - (value / highest) * panelHeight;
  const out = [`<text x="${margin.left}" y="${top - 8}" fill="#57606a">${escaped(title)}</text>`];
  for (let line = 0; line <= gridLines; line++) {
    const value = (highest * line) / gridLines;
    const at = y(value).toFixed(1);
    out.push(`<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" stroke="#d0d7de"/>`);
    out.push(`<text x="${margin.left - 6}" y="${at}" dy="4" text-anchor="end">${label(value)}</text>`);
    const timeMs = (endMs * line) / gridLines;
    const time = durationLabel(timeMs);
    out.push(`<text x="${x(timeMs).toFixed(1)}" y="${top + panelHeight + 16}" text-anchor="middle">${time}</text>`);
  }
  lines.forEach(({ name, colour, value }, at) => {
    const points = samples.map((sample) => `${x(sample.timeMs).toFixed(1)},${y(value(sample)).toFixed(1)}`).join(' ');
    out.push(`<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.3"/>`);
    const nameX = width - margin.right - 100 * (lines.length - at - 1);
    out.push(`<text x="${nameX}" y="${top - 8}" text-anchor="end" fill="${colour}">${name}</text>`);
  });
  return out.join('\n');
}

/** 1, 2 or 5 times a power of ten, and not below `value`. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}

const label = (value: number): string => (value >= 10_000 ? `${value / 1_000}k` : String(Number(value.toPrecision(3))));

function durationLabel(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 7_200) return `${Number((seconds / 60).toPrecision(3))} min`;
  return `${Number((seconds / 3_600).toPrecision(3))} h`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
