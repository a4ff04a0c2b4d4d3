// SPDX-License-Identifier: Apache-2.0
// What is done with a selected span, of one camera or of many.
import { address, cameraPath, get, patch } from './api.js';
import { h, toast } from './dom.js';
import { counted, duration, instant } from './format.js';

/** Downloads the span: one MP4 for each camera. */
export function exportSpan(cameras, { from, to }) {
  for (const camera of cameras) h('a', { href: address(`${cameraPath(camera)}/clip`, { from: instant(from), to: instant(to) }), download: '' }).click();
  toast(`Exporting ${duration(to - from)} of ${cameras.join(', ')} as MP4, without re-encoding.`);
}

/** Protects every chunk that has something of the span. */
export async function protectSpan(cameras, { from, to }) {
  try {
    let count = 0;
    for (const camera of cameras) {
      for await (const chunk of chunksOf(camera, from, to)) {
        if (!chunk.protected) await patch(`/chunks/${chunk.id}`, { protected: true });
        count += 1;
      }
    }
    toast(count ? `Protected ${counted(count, 'chunk')}: they stay when room is needed.` : 'There is no chunk in this span.');
  } catch (error) {
    toast(error.message);
  }
}

/** Copies an address of this page; where the browser does not let it, shows it. */
export async function copyLink(hash) {
  const url = new URL(hash, location.href).href;
  try {
    await navigator.clipboard.writeText(url);
    toast('Link copied.');
  } catch {
    toast(url);
  }
}

async function* chunksOf(camera, from, to) {
  let cursor;
  do {
    const page = await get(`${cameraPath(camera)}/chunks`, { from: instant(from), to: instant(to), cursor });
    yield* page.chunks;
    cursor = page.cursor;
  } while (cursor);
}
