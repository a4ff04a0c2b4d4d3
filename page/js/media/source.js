// SPDX-License-Identifier: Apache-2.0

/** A media source of one buffer on a video element, told one thing at a time. */
export class Source {
  #media;
  #buffer;
  #url;
  #turn = Promise.resolve();
  #type;
  #duration;

  static supports = type => window.MediaSource?.isTypeSupported(type) ?? false;

  /** @param {number} [duration] seconds; left out where the end is not known */
  static async open(video, type, duration) {
    const source = new Source();
    source.#media = new MediaSource();
    source.#url = URL.createObjectURL(source.#media);
    const opened = new Promise(resolve => source.#media.addEventListener('sourceopen', resolve, { once: true }));
    video.src = source.#url;
    await opened;
    source.#type = type;
    source.#duration = duration;
    source.#buffer = source.#media.addSourceBuffer(type);
    source.#lengthen();
    return source;
  }

  get buffered() {
    return this.#media.readyState === 'closed' ? { length: 0 } : this.#buffer.buffered;
  }

  append(bytes) {
    return this.#do(() => this.#buffer.appendBuffer(bytes));
  }

  remove(from, to) {
    return this.#do(() => this.#buffer.remove(from, to));
  }

  /** Begins a chunk: its type, its initialisation segment, and where its zero is. */
  async begin(type, initialisation, offset) {
    await this.#turn;
    if (type !== this.#type) {
      this.#buffer.changeType(type);
      this.#type = type;
    }
    this.#buffer.timestampOffset = offset;
    await this.append(initialisation);
  }

  /** Says that nothing follows for now, so that a decoder that waits for more gives out its last frame. */
  async finish() {
    await this.#turn;
    if (this.#media.readyState === 'open') this.#media.endOfStream();
  }

  close(video) {
    URL.revokeObjectURL(this.#url);
    video.removeAttribute('src');
    video.load();
  }

  /** Finishing shortens the duration to what is there; whatever comes next is beyond it. */
  #lengthen() {
    const media = this.#media;
    if (this.#duration && media.readyState === 'open' && media.duration !== this.#duration) media.duration = this.#duration;
  }

  #do(work) {
    const done = this.#turn.then(
      () =>
        new Promise((resolve, reject) => {
          if (this.#media.readyState === 'closed') return reject(new DOMException('The player was closed.', 'AbortError'));
          const settle = event => {
            this.#buffer.removeEventListener('updateend', settle);
            this.#buffer.removeEventListener('error', settle);
            this.#lengthen();
            if (event.type === 'error') reject(new Error('This browser cannot take the video in.'));
            else resolve();
          };
          this.#buffer.addEventListener('updateend', settle);
          this.#buffer.addEventListener('error', settle);
          work();
        }),
    );
    this.#turn = done.catch(() => {});
    return done;
  }
}
