// SPDX-License-Identifier: Apache-2.0
import { get, remove } from '../api.js';
import { button, fill, h, toast } from '../dom.js';
import { day, hm } from '../format.js';
import { session } from '../session.js';
import { userAgent } from '../user-agent.js';

const when = text => (text ? `${day(Date.parse(text))} ${hm(Date.parse(text))}` : '–');

/** Where somebody is logged in: oneself, and, for an admin, others. It hides where the recorder does not tell. */
class SessionList extends HTMLElement {
  #others;

  /** @param {string[]} others whose sessions are shown beside one's own */
  async attach({ others }) {
    this.#others = others;
    this.hidden = true;
    await this.#load();
  }

  async #load() {
    try {
      const mine = (await get('/sessions')).map(each => ({ ...each, user: session.user }));
      const theirs = await Promise.all(this.#others.map(async user => (await get(`/users/${encodeURIComponent(user)}/sessions`)).map(each => ({ ...each, user, theirs: true }))));
      if (!this.isConnected) return;
      this.hidden = false;
      this.#draw([...mine, ...theirs.flat()]);
    } catch (error) {
      if (error.status !== 404) toast(error.message);
    }
  }

  async #end(work, said) {
    try {
      await work();
      toast(said);
    } catch (error) {
      toast(error.message);
    }
    await this.#load();
  }

  #draw(sessions) {
    const mine = sessions.filter(each => !each.theirs && !each.current && each.id);
    const others = () => this.#end(() => Promise.all(mine.map(({ id }) => remove(`/sessions/${encodeURIComponent(id)}`))), 'Logged out everywhere else.');
    fill(
      this,
      h('header', {}, h('h2', {}, 'Sessions'), h('span', { class: 'grow' }), mine.length > 0 && button({ class: 'btn sm', text: 'Log me out everywhere else', on: { click: others } })),
      h(
        'div',
        { class: 'scroll-x' },
        h('table', { class: 'sessions' }, h('thead', {}, h('tr', {}, ['Who', 'From', 'Browser', 'Since', ''].map(text => h('th', {}, text)))), h('tbody', {}, sessions.map((each, index) => this.#row(each, sessions[index - 1]?.user !== each.user)))),
      ),
    );
  }

  #row({ id, user, address, agent, since, current, theirs }, first) {
    const out = () => this.#end(() => remove(`/sessions/${encodeURIComponent(id)}`), 'Logged out there.');
    const outAll = () => this.#end(() => remove(`/users/${encodeURIComponent(user)}/sessions`), `${user} is logged out everywhere.`);
    return h(
      'tr',
      {},
      h('td', {}, h('b', {}, user)),
      h('td', { class: 'mono' }, address ?? 'not known'),
      h('td', { title: agent }, userAgent(agent)),
      h('td', { class: 'nowrap muted' }, when(since)),
      h(
        'td',
        { class: 'num nowrap' },
        current && h('span', { class: 'faint' }, 'this one'),
        !current && !theirs && id && button({ class: 'btn sm ghost', text: 'Log out', 'aria-label': `Log out at ${address}, ${userAgent(agent)}`, on: { click: out } }),
        theirs && first && button({ class: 'btn sm ghost', text: 'Log out everywhere', 'aria-label': `Log ${user} out everywhere`, on: { click: outAll } }),
      ),
    );
  }
}

customElements.define('session-list', SessionList);
