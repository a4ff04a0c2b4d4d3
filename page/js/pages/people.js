// SPDX-License-Identifier: Apache-2.0
import { get, patch, post, remove } from '../api.js';
import { button, fill, h, toast } from '../dom.js';
import { counted, day, hm } from '../format.js';
import { session } from '../session.js';
import { status } from '../status.js';

const ROLES = { viewer: 'Watches, and can take nothing away', operator: 'Also downloads, exports, protects, removes', admin: 'Everything, people too' };
const RIGHTS = { read: 'fetches the video', publish: 'brings the video', both: 'both' };

/** Who may? */
export function peoplePage(root) {
  const lead = h('div', { class: 'lead row' });
  const accounts = h('div', { class: 'page-part' });
  const sessions = h('session-list', { class: 'card' });
  fill(root, h('div', { class: 'page' }, lead, h('div', { class: 'halves even' }, h('div', {}, accounts, sessions), h('audit-log', { class: 'card' }))));
  let names = null;
  const load = async () => {
    try {
      const [users, tokens] = await Promise.all([get('/users'), get('/tokens')]);
      fill(lead, introduction(users, tokens, attempt));
      fill(accounts, describe(users, tokens, attempt));
      const others = users.map(({ name }) => name).filter(name => name !== session.user);
      if (String(others) !== names) sessions.attach({ others });
      names = String(others);
    } catch (error) {
      fill(lead, h('div', {}, h('h1', {}, 'People'), h('p', { role: 'alert' }, error.message)));
    }
  };
  /** Does something, says so, and looks again. @returns what it gave, or undefined */
  const attempt = async (work, said) => {
    try {
      const result = await work();
      if (said) toast(said);
      await load();
      return result ?? true;
    } catch (error) {
      toast(error.message);
      await load();
      return undefined;
    }
  };
  load();
  return () => {};
}

const since = text => (text ? `${day(Date.parse(text))} ${hm(Date.parse(text))}` : '–');

const introduction = (users, tokens, attempt) => [
  h('div', { class: 'grow' }, h('h1', {}, `${counted(users.length, 'person', 'people')}, ${counted(tokens.length, 'token')}.`), h('p', {}, 'People log in here; devices and scripts bring a token.')),
  button({ class: 'btn pri', symbol: 'plus', text: 'Add a person', on: { click: () => addPerson(attempt) } }),
];

function describe(users, tokens, attempt) {
  return [
    h('section', { class: 'card' }, h('header', {}, h('h2', {}, 'People')), h('div', { class: 'scroll-x' }, people(users, attempt))),
    h(
      'section',
      { class: 'card' },
      h('header', {}, h('h2', {}, 'Tokens'), h('span', { class: 'grow' }), button({ class: 'btn sm', symbol: 'plus', text: 'New token', on: { click: () => addToken(attempt) } })),
      h('div', { class: 'scroll-x' }, tokenTable(tokens, attempt)),
    ),
  ];
}

const options = (values, chosen) => Object.keys(values).map(value => h('option', { value, selected: value === chosen }, value));

const people = (users, attempt) =>
  h(
    'table',
    { class: 'accounts' },
    h('thead', {}, h('tr', {}, ['Name', 'Role', 'May', 'Since', ''].map(text => h('th', {}, text)))),
    h(
      'tbody',
      {},
      users.map(({ name, role, since: at }) => {
        const path = `/users/${encodeURIComponent(name)}`;
        const select = h('select', { 'aria-label': `Role of ${name}`, on: { change: () => attempt(() => patch(path, { role: select.value }), `${name} is ${select.value} now.`) } }, options(ROLES, role));
        const itself = name === session.user;
        return h(
          'tr',
          {},
          h('td', {}, h('b', {}, name), itself && h('span', { class: 'faint' }, ' you')),
          h('td', {}, select),
          h('td', { class: 'muted' }, ROLES[role]),
          h('td', { class: 'nowrap' }, since(at)),
          h(
            'td',
            { class: 'num nowrap' },
            button({ class: 'btn sm ghost', text: 'New password', 'aria-label': `New password for ${name}`, on: { click: () => newPassword(name, path, attempt) } }),
            removal(`Remove ${name}`, () => attempt(() => remove(path), `${name} is out, and logged out everywhere.`)),
          ),
        );
      }),
    ),
  );

const tokenTable = (tokens, attempt) =>
  tokens.length
    ? h(
        'table',
        { class: 'accounts' },
        h('thead', {}, h('tr', {}, ['Token', 'Camera', 'May', 'Since', ''].map(text => h('th', {}, text)))),
        h(
          'tbody',
          {},
          tokens.map(({ id, camera, rights, since: at }) =>
            h(
              'tr',
              {},
              h('td', { class: 'mono' }, id),
              h('td', {}, camera),
              h('td', { class: 'muted' }, RIGHTS[rights] ?? rights),
              h('td', { class: 'nowrap' }, since(at)),
              h('td', { class: 'num' }, removal(`Revoke token ${id}`, () => attempt(() => remove(`/tokens/${encodeURIComponent(id)}`), 'Revoked: what it served is ended.'), 'Revoke')),
            ),
          ),
        ),
      )
    : h('p', { class: 'pad muted' }, 'There is no token.');

/** Takes two steps: the second is asked for in place. */
function removal(label, work, text = 'Remove') {
  const first = button({ class: 'btn sm ghost danger', text, 'aria-label': label, on: { click: () => ask() } });
  const place = h('span', { class: 'removal' }, first);
  const ask = () => {
    const sure = button({ class: 'btn sm danger', text: `${text}?`, 'aria-label': `${label}: sure`, on: { click: work } });
    fill(place, sure, button({ class: 'btn sm ghost', text: 'Keep', on: { click: () => fill(place, first) } }));
    sure.focus();
  };
  return place;
}

/** A small form in a dialog. @param submit gives false to stay open */
function ask(heading, fields, action, submit) {
  const dialog = h('dialog', { class: 'ask', 'aria-label': heading, on: { close: () => dialog.remove() } });
  const send = async event => {
    event.preventDefault();
    if ((await submit()) !== false) dialog.close();
  };
  dialog.append(
    h(
      'form',
      { on: { submit: send } },
      h('h2', {}, heading),
      fields.map(([text, input]) => h('label', { class: 'field' }, text, input)),
      h('div', { class: 'row' }, h('span', { class: 'grow' }), button({ class: 'btn', text: 'Cancel', on: { click: () => dialog.close() } }), h('button', { class: 'btn pri' }, action)),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

const passwordField = () => h('input', { type: 'password', autocomplete: 'new-password', required: true });

function addPerson(attempt) {
  const name = h('input', { type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true });
  const role = h('select', {}, options(ROLES, 'viewer'));
  const password = passwordField();
  ask('Add a person', [['Name', name], ['Role', role], ['Password', password]], 'Add', async () =>
    Boolean(await attempt(() => post('/users', { name: name.value, role: role.value, password: password.value }), `${name.value} may log in.`)),
  );
}

function newPassword(name, path, attempt) {
  const password = passwordField();
  ask(`New password for ${name}`, [['Password', password]], 'Set', async () => Boolean(await attempt(() => patch(path, { password: password.value }), `${name} has a new password.`)));
}

function addToken(attempt) {
  const camera = h('select', {}, status.cameras.map(({ name }) => h('option', {}, name)));
  const rights = h('select', {}, options(RIGHTS, 'read'));
  ask('New token', [['Camera', camera], ['May', rights]], 'Issue', async () => {
    const issued = await attempt(() => post('/tokens', { camera: camera.value, rights: rights.value }));
    if (!issued) return false;
    showToken(issued.token, camera.value);
    return true;
  });
}

/** A token is told once. */
function showToken(token, camera) {
  const field = h('input', { type: 'text', class: 'mono', readOnly: true, value: token, on: { focus: () => field.select() } });
  ask(`Token for ${camera}`, [['It is shown this once. Keep it where the device finds it.', field]], 'Done', () => true);
}
