// SPDX-License-Identifier: Apache-2.0

/** Whether this browser has WebRTC. */
export const hasWebRTC = 'RTCPeerConnection' in window;

/** A connection that is to be offered, and the offer, without addresses. */
async function make() {
  const connection = new RTCPeerConnection();
  connection.addTransceiver('video', { direction: 'recvonly' });
  return { connection, offer: await connection.createOffer() };
}

// The first that a page makes takes a tenth of a second: it is made while the rest of the page loads.
let spare = hasWebRTC ? make().catch(() => null) : null;

/** One that nobody else has. */
export async function prepared() {
  const ours = spare;
  spare = null;
  return (await ours) ?? make();
}
