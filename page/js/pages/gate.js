// SPDX-License-Identifier: Apache-2.0
import { button, fill, h, icon } from '../dom.js';
import { session } from '../session.js';

const brand = () => h('p', { class: 'brand big' }, icon('martlet'), h('span', {}, 'Martlet'));

/** What stands before the pages: logging in, the first run, or that it is closed. */
export function gatePage(root, state) {
  document.title = 'Martlet';
  const box = { 'first-run': firstRun, closed }[state] ?? logIn;
  fill(root, h('main', { id: 'main', class: 'gate', tabIndex: -1 }, box()));
  root.querySelector('input')?.focus();
}

const logIn = () =>
  form({
    heading: 'Log in',
    words: ['This is the camera recorder on ', h('code', {}, location.hostname), '.'],
    passwords: ['current-password'],
    action: 'Log in',
    submit: (name, password) => session.logIn(name, password),
  });

const firstRun = () =>
  form({
    heading: 'Who is in charge?',
    words: ['Nobody has an account here yet. The first may do everything: watch, keep, remove, and let others in.'],
    passwords: ['new-password', 'new-password'],
    action: 'Make the account',
    submit: (name, password) => session.begin(name, password),
  });

const closed = () =>
  h(
    'div',
    { class: 'gate-box' },
    brand(),
    h('h1', {}, 'Closed'),
    h('p', {}, 'Nobody has an account here yet, and the first is made at the machine itself.'),
    h('p', {}, `Open this page on ${location.hostname}, or run there:`),
    h('p', {}, h('code', {}, 'martlet user add NAME --role admin')),
    button({ class: 'btn', text: 'Look again', on: { click: () => session.load() } }),
  );

/** A name and a password, once or twice. */
function form({ heading, words, passwords, action, submit }) {
  const name = h('input', { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true });
  const secrets = passwords.map(autocomplete => h('input', { type: 'password', autocomplete, required: true }));
  const error = h('p', { class: 'error', role: 'alert', hidden: true });
  const send = h('button', { class: 'btn pri big' }, action);
  const show = button({ class: 'btn ghost sm', text: 'Show', 'aria-pressed': 'false', on: { click: () => reveal() } });
  const reveal = () => {
    const visible = secrets[0].type === 'password';
    for (const secret of secrets) secret.type = visible ? 'text' : 'password';
    show.textContent = visible ? 'Hide' : 'Show';
    show.setAttribute('aria-pressed', visible);
  };
  const say = text => {
    error.textContent = text;
    error.hidden = !text;
  };
  const send_ = async event => {
    event.preventDefault();
    if (secrets.some(secret => secret.value !== secrets[0].value)) return say('The two passwords differ.');
    send.disabled = true;
    say('');
    try {
      await submit(name.value, secrets[0].value);
    } catch (problem) {
      say(problem.retryAfter ? `${problem.message} Try again in ${problem.retryAfter} s.` : problem.message);
      send.disabled = false;
      secrets[0].focus();
    }
  };
  return h(
    'form',
    { class: 'gate-box', on: { submit: send_ } },
    brand(),
    h('h1', {}, heading),
    h('p', { class: 'muted' }, words),
    h('label', { class: 'field' }, 'Name', name),
    secrets.map((secret, index) =>
      h('div', { class: 'field' }, h('label', { class: 'field' }, index ? 'The password again' : 'Password', secret), index === 0 && h('span', { class: 'reveal' }, show)),
    ),
    error,
    send,
  );
}
