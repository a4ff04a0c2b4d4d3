// SPDX-License-Identifier: Apache-2.0
// What is done with a selected span, of one camera or of many.
import { cameraPath, get, patch } from './api.js';
import { toast } from './dom.js';
import { counted, instant } from './format.js';

/** Protects, or releases, every chunk that has something of the span. */
export async function protectSpan(cameras, { from, to }, protect = true) {
  try {
    let count = 0;
    for (const camera of cameras) {
      for await (const chunk of chunksOf(camera, from, to)) {
        if (chunk.protected !== protect) await patch(`/chunks/${chunk.id}`, { protected: protect });
        count += 1;
      }
    }
    const done = protect ? `Protected ${counted(count, 'chunk')}: they stay when room is needed.` : `Released ${counted(count, 'chunk')}: they may go when room is needed.`;
    toast(count ? done : 'There is no chunk in this span.');
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
