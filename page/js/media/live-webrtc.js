// SPDX-License-Identifier: Apache-2.0
import { address, cameraPath, request, Problem } from '../api.js';
import { hasWebRTC, prepared } from './offer.js';

/** How long a connection may take to show a picture, in ms. */
const PATIENCE = 3000;
/** Statuses that say that there is no WebRTC at all here, not that it failed once. */
const MISSING = [404, 405, 501];

/** There is no WebRTC to be had: the other way is to be taken. */
export class NoWebRTC extends Error {}

let missing = !hasWebRTC;

/** Live video by WHEP. Resolves when the connection is lost after a picture; throws NoWebRTC where none came within 3 s. */
export async function playWebRTC(video, camera, signal, tell) {
  if (missing) throw new NoWebRTC();
  const { connection, offer } = await prepared();
  const patience = AbortSignal.timeout(PATIENCE);
  const trying = AbortSignal.any([signal, patience]);
  let resource = null;
  try {
    connection.addEventListener('track', event => (video.srcObject = new MediaStream([event.track])));
    // The offer goes without addresses: the store tells its own, and learns ours from whoever comes to them.
    const isOffered = connection.setLocalDescription(offer);
    const response = await request('POST', address(`${cameraPath(camera)}/whep`), {
      body: offer.sdp,
      headers: { 'Content-Type': 'application/sdp' },
      signal: trying,
    });
    resource = response.headers.get('Location');
    await isOffered;
    await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    video.play().catch(() => {});
    await firstPicture(video, trying);
    const picture = () => {
      tell.picture();
      if (!signal.aborted) video.requestVideoFrameCallback(picture);
    };
    picture();
    await lost(connection, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Problem && MISSING.includes(error.status)) missing = true;
    throw new NoWebRTC(error.message);
  } finally {
    tell.ending();
    connection.close();
    video.srcObject = null;
    if (resource) request('DELETE', new URL(resource, location.href).href).catch(() => {});
  }
}

const until = (target, type, done, signal) =>
  new Promise((resolve, reject) => {
    if (done()) return resolve();
    const look = () => done() && resolve();
    target.addEventListener(type, look, { signal });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

const lost = (connection, signal) =>
  until(connection, 'connectionstatechange', () => ['failed', 'disconnected', 'closed'].includes(connection.connectionState), signal);

const firstPicture = (video, signal) =>
  new Promise((resolve, reject) => {
    video.requestVideoFrameCallback(() => resolve());
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
