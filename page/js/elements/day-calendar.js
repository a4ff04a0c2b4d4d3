// SPDX-License-Identifier: Apache-2.0
import { button, fill, h } from '../dom.js';
import { dayState, weeks } from '../timeline/days.js';
import { midnight } from '../timeline/ticks.js';

const format = options => new Intl.DateTimeFormat(undefined, options);
const MONTH = format({ month: 'long', year: 'numeric' });
const WEEKDAY = format({ weekday: 'short' });
const SPOKEN = format({ weekday: 'long', day: 'numeric', month: 'long' });
const WORDS = { none: 'no footage', whole: 'complete', broken: 'something missing' };

/** The day on which weeks begin in the browser's language and country: 1 is Monday. */
function firstDayOfWeek() {
  const locale = new Intl.Locale(MONTH.resolvedOptions().locale);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}

/** A month whose days say whether they have footage, over the button that opens it. Event: `pick` (detail: `{day, first}`). */
class DayCalendar extends HTMLElement {
  #spans;
  #now;
  #month;
  #watched;
  #focus;

  connectedCallback() {
    this.popover = 'auto';
    this.setAttribute('role', 'dialog');
    this.setAttribute('aria-label', 'Go to a day');
    this.addEventListener('keydown', event => this.#key(event));
  }

  open(anchor, { spans, now, time }) {
    this.#spans = spans;
    this.#now = now;
    this.#watched = midnight(time);
    this.#focus = this.#watched;
    this.#month = this.#watched;
    this.showPopover();
    this.#draw();
    const { right, top } = anchor.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this;
    this.style.setProperty('left', `${Math.max(8, Math.min(innerWidth - offsetWidth - 8, right - offsetWidth / 2))}px`);
    this.style.setProperty('top', `${Math.max(8, top - offsetHeight - 8)}px`);
    this.querySelector('[tabindex="0"]')?.focus();
  }

  #draw() {
    const firstDay = firstDayOfWeek();
    const turn = months => () => {
      const date = new Date(this.#month);
      this.#month = this.#focus = new Date(date.getFullYear(), date.getMonth() + months, 1).getTime();
      this.#draw();
    };
    const month = weeks(this.#month, firstDay);
    // Any week has the names: the first full one.
    const names = month[1].map(day => WEEKDAY.format(day));
    fill(
      this,
      h(
        'header',
        {},
        button({ class: 'btn sm ghost icon', text: '‹', label: 'Earlier month', on: { click: turn(-1) } }),
        h('b', { 'aria-live': 'polite' }, MONTH.format(this.#month)),
        button({ class: 'btn sm ghost icon', text: '›', label: 'Later month', on: { click: turn(1) } }),
      ),
      h('table', { role: 'grid' }, h('thead', {}, h('tr', {}, names.map(name => h('th', { scope: 'col' }, name)))), h('tbody', {}, month.map(week => h('tr', {}, week.map(day => h('td', {}, day !== null && this.#day(day))))))),
    );
  }

  #day(day) {
    const { state, first } = dayState(this.#spans, day, this.#now);
    return h(
      'button',
      {
        type: 'button',
        class: `day ${state}`,
        tabIndex: day === this.#focus ? 0 : -1,
        'data-day': day,
        'aria-current': day === this.#watched ? 'date' : null,
        'aria-disabled': state === 'none' ? 'true' : null,
        'aria-label': `${SPOKEN.format(day)}, ${WORDS[state]}`,
        on: { click: () => state !== 'none' && this.#pick({ day, first }) },
      },
      String(new Date(day).getDate()),
      h('i'),
    );
  }

  #pick(detail) {
    this.hidePopover();
    this.dispatchEvent(new CustomEvent('pick', { detail }));
  }

  #key(event) {
    event.stopPropagation();
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const months = { PageUp: -1, PageDown: 1 }[event.key];
    if (!days && !months) return;
    event.preventDefault();
    const date = new Date(this.#focus);
    this.#focus = days ? midnight(this.#focus, days) : new Date(date.getFullYear(), date.getMonth() + months, 1).getTime();
    this.#month = this.#focus;
    this.#draw();
    this.querySelector('[tabindex="0"]').focus();
  }
}

customElements.define('day-calendar', DayCalendar);
