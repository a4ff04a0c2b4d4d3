// SPDX-License-Identifier: Apache-2.0
import './elements/state-chip.js';
import './elements/toast-stack.js';
import './elements/camera-tile.js';
import './elements/camera-player.js';
import './elements/footage-timeline.js';
import './elements/footage-overview.js';
import './elements/play-transport.js';
import './elements/chunk-list.js';
import './elements/audit-log.js';
import './elements/forecast-plot.js';
import './elements/session-list.js';
import './elements/what-if.js';
import './elements/day-calendar.js';
import './elements/event-log.js';
import './elements/recording-switch.js';
import './elements/settings-form.js';
import { fill, h } from './dom.js';
import { loadIcons } from './icons.js';
import { gatePage } from './pages/gate.js';
import { parse } from './router.js';
import { session } from './session.js';
import { Shell } from './shell.js';
import { status } from './status.js';
import { theme } from './theme.js';

const RETRY = 3000;
const app = document.getElementById('app');
let shell = null;

/** Shows what the session and the address ask for. Logging in comes back to the address that was asked for. */
function show() {
  if (session.state === 'logged-in') {
    shell ??= new Shell(app);
    shell.show(parse(location.hash));
    return;
  }
  shell?.close();
  shell = null;
  status.forget();
  gatePage(app, session.state);
}

async function begin() {
  try {
    await session.load();
  } catch (error) {
    fill(app, h('main', { id: 'main', class: 'gate' }, h('div', { class: 'gate-box', role: 'alert' }, h('h1', {}, 'No answer'), h('p', {}, `${error.message} Trying again.`))));
    setTimeout(begin, RETRY);
  }
}

theme.apply();
// Drawings stand beside words: without them the page is whole.
loadIcons().catch(() => {});
session.addEventListener('change', () => {
  if (session.state === 'logged-in') status.open();
  show();
});
addEventListener('hashchange', show);
begin();
