// SPDX-License-Identifier: Apache-2.0
import { button, fill, h, icon, toast } from './dom.js';
import { day, duration, hms } from './format.js';
import { openSessions } from './sessions.js';
import { openFinder } from './finder/finder.js';
import { openHelp } from './help.js';
import { cameraPage } from './pages/camera.js';
import { camerasPage } from './pages/cameras.js';
import { peoplePage } from './pages/people.js';
import { storagePage } from './pages/storage.js';
import { systemPage } from './pages/system.js';
import { timelinePage } from './pages/timeline.js';
import { link } from './router.js';
import { session } from './session.js';
import { status } from './status.js';
import { theme } from './theme.js';

const PAGES = { cameras: camerasPage, camera: cameraPage, timeline: timelinePage, storage: storagePage, system: systemPage, people: peoplePage };
const THEMES = { auto: ['auto', 'Theme: as the system has it'], light: ['sun', 'Theme: light'], dark: ['moon', 'Theme: dark'] };

/** The header, the banner of a recorder that is silent, and the page below them. */
export class Shell {
  #life = new AbortController();
  #main = h('main', { id: 'main', tabIndex: -1 });
  #banner = h('div');
  #nav = h('nav', { class: 'nav', 'aria-label': 'Main' });
  #clock = h('span', { class: 'clock', 'aria-hidden': 'true' });
  #host = h('small');
  #leave = null;
  #page = null;
  #links = '';

  constructor(root) {
    const { signal } = this.#life;
    const look = button({ class: 'btn ghost icon', on: { click: () => theme.advance() || mark() } });
    const mark = () => {
      const [symbol, label] = THEMES[theme.choice];
      fill(look, icon(symbol));
      look.title = label;
      look.setAttribute('aria-label', label);
    };
    mark();
    const leave = () => session.logOut().catch(error => toast(error.message));
    fill(
      root,
      h(
        'header',
        { class: 'top' },
        h('a', { class: 'brand', href: link('cameras'), 'aria-label': 'Martlet: cameras' }, icon('martlet'), h('span', {}, 'Martlet'), this.#host),
        this.#nav,
        h('span', { class: 'grow' }),
        this.#finder(),
        this.#clock,
        look,
        button({ class: 'btn ghost icon help-button', symbol: 'help', label: 'Keys and help (?)', on: { click: openHelp } }),
        button({ class: 'btn ghost who', symbol: 'user', text: h('span', {}, session.user), 'aria-label': `${session.user}, ${session.role}: where you are logged in`, title: session.role, 'aria-haspopup': 'dialog', on: { click: openSessions } }),
        button({ class: 'btn ghost sm', text: 'Log out', on: { click: leave } }),
      ),
      this.#banner,
      this.#main,
    );
    for (const type of ['status', 'known']) status.addEventListener(type, () => this.#follow(), { signal });
    const timer = setInterval(() => this.#tick(), 500);
    signal.addEventListener('abort', () => clearInterval(timer));
    addEventListener('keydown', event => this.#key(event), { signal });
    this.#follow();
    this.#tick();
  }

  close() {
    this.#leave?.();
    this.#life.abort();
  }

  /** Shows a page; an address that leads nowhere leads to the cameras. */
  show(place) {
    const page = PAGES[place.page] && (place.page !== 'people' || session.may('admin')) ? place.page : 'cameras';
    this.#leave?.();
    this.#main.replaceChildren();
    this.#main.className = `page-${page}`;
    this.#page = page;
    this.#links = '';
    this.#follow();
    document.title = `${place.argument ?? page[0].toUpperCase() + page.slice(1)} · Martlet`;
    scrollTo(0, 0);
    this.#leave = PAGES[page](this.#main, place);
  }

  /** Only what there is: one camera has no timeline of many, and only an admin has people. */
  get #places() {
    return [
      ['cameras', 'Cameras'],
      status.cameras.length > 1 && ['timeline', 'Timeline'],
      ['storage', 'Storage'],
      ['system', 'System'],
      session.may('admin') && ['people', 'People'],
    ].filter(Boolean);
  }

  #find() {
    openFinder(this.#places.map(([page]) => page));
  }

  #finder() {
    const words = session.may('admin') ? 'Find a setting, camera or time' : 'Find a camera or time';
    return button({ class: 'finder', symbol: 'find', 'aria-label': `${words} (/)`, 'aria-haspopup': 'dialog', text: h('span', {}, words, h('kbd', { 'aria-hidden': 'true' }, '/')), on: { click: () => this.#find() } });
  }

  #follow() {
    const { known, document } = status;
    const troubled = known && document && !document.well;
    const places = this.#places;
    const current = this.#page === 'camera' ? 'cameras' : this.#page;
    const links = JSON.stringify([places, current, troubled]);
    if (links === this.#links) return;
    this.#links = links;
    fill(
      this.#nav,
      places.map(([page, text]) =>
        h('a', { href: link(page), 'aria-current': page === current ? 'page' : null }, icon(page), text, page === 'system' && troubled && h('i', { class: 'badge', role: 'img', 'aria-label': 'Something is wrong' })),
      ),
    );
    fill(this.#host, location.hostname);
  }

  #tick() {
    const now = status.now();
    fill(this.#clock, `${day(now)} `, h('b', {}, hms(now)));
    const silent = !status.known && status.received;
    this.#main.classList.toggle('stale', Boolean(silent));
    if (!silent) return this.#banner.replaceChildren();
    const wait = status.retryAt && Math.max(0, status.retryAt - Date.now());
    const words = ` What you see is ${duration(Math.max(1000, Date.now() - status.received))} old; recording does not need this page. ${wait ? `Trying again in ${duration(Math.ceil(wait / 1000) * 1000)}.` : 'Trying now.'}`;
    if (this.#banner.firstChild) return fill(this.#banner.querySelector('.age'), words);
    fill(
      this.#banner,
      h(
        'div',
        { class: 'lost', role: 'alert' },
        icon('warning'),
        h('span', {}, h('b', {}, `The recorder does not answer since ${hms(status.received)}.`), h('span', { class: 'age', 'aria-live': 'off' }, words)),
        h('span', { class: 'grow' }),
        button({ class: 'btn sm', text: 'Try now', on: { click: () => status.open() } }),
      ),
    );
  }

  #key(event) {
    if (event.target.closest?.('input, select, textarea, dialog')) return;
    const act = { '?': openHelp, '/': () => this.#find() }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
  }
}
