// SPDX-License-Identifier: Apache-2.0

/** Copies the picture that a video shows to a canvas. @returns whether there was one */
export function hold(video, canvas) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return false;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return true;
}
