// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, request } from './api.js';
import { h, toast } from './dom.js';
import { duration, instant, SECOND } from './format.js';

/** Up to as many bytes are taken through the page, which shows how far it is; more is left to the browser's own downloads. */
const SMALL = 256e6;

/**
 * Exports a span: one MP4 of one camera, a ZIP of several.
 * @param {string[]} cameras
 * @param {{from: number, to: number}} span in ms since 1970
 * @param {number} [rate] what they have together, in bytes a second
 */
export async function exportSpan(cameras, { from, to }, rate) {
  const span = { from: instant(from), to: instant(to) };
  const one = cameras.length === 1;
  const url = one ? address(`${cameraPath(cameras[0])}/clip`, span) : address('/clips', { camera: cameras, ...span });
  const expected = rate ? (rate * (to - from)) / SECOND : undefined;
  const words = `${duration(to - from)} of ${cameras.join(', ')}`;
  if (expected > SMALL) {
    h('a', { href: url, download: '' }).click();
    toast(`Exporting ${words}: the browser downloads it.`);
    return;
  }
  const abort = new AbortController();
  const progress = document.querySelector('toast-stack').follow(`Exporting ${words}`, () => abort.abort());
  try {
    const response = await request('GET', url, { signal: abort.signal });
    const blob = await take(response, expected, progress);
    save(blob, fileName(response) ?? `${cameras[0]}.${one ? 'mp4' : 'zip'}`);
    progress.end();
  } catch (error) {
    progress.end();
    toast(error.name === 'AbortError' ? 'The export was cancelled.' : error.message);
  }
}

async function take(response, expected, progress) {
  const total = Number(response.headers.get('Content-Length')) || expected;
  const reader = response.body.getReader();
  const parts = [];
  let got = 0;
  for (let part; !(part = await reader.read()).done; ) {
    parts.push(part.value);
    got += part.value.length;
    progress.at(got, total);
  }
  return new Blob(parts, { type: response.headers.get('Content-Type') });
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60 * SECOND);
}

const fileName = response => /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
