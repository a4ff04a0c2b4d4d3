// SPDX-License-Identifier: Apache-2.0
// A GStreamer plugin: found by its descriptor, nothing is called by name.
